"""A trained detector whose scores follow another rule, not trained anew.

    python -m benchmarks.rescored RUN CATEGORY OUT --set KEY=VALUE

RUN is the folder of a training of `ssae` without head, `model_one`, `vqvae2`
or `lsr`, whose network gives more than one kind of map. What is learnt
from maps of normal images is learnt again, and the threshold is fitted again,
from the same held-out images; the network stays. OUT is as if `kerasad train`
had been called with all the keys, which is what makes it so only if none but
`KEYS` differ; others are refused.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

from kerasad.calibration.independence import divide
from kerasad.config import load_config, to_yaml
from kerasad.data.layouts import open_category
from kerasad.errors import InputError
from kerasad.files import write_text
from kerasad.loading import load
from kerasad.training.train import detector_of

KEYS = {
    "anomaly_map",
    "fpr",
    "k",
    "localise",
    "normalise",
    "score",
    "score_map",
    "sigma",
    "threshold",
    "top_fraction",
}


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("category", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE"
    )
    options = parser.parse_args(arguments)
    config = load_config(str(options.run / "config.yaml"), options.set)
    rescore(options.run, options.category, options.out, config)


def rescore(run, data, out, config):
    """Writes to the folder `out` what a run is with the scores of a config.

    Raises:
        InputError: the run is of another training, has a domain, which
            learns while the method does, or thresholds of several trainings.
    """
    detector = load(run / "detector.keras")
    before = detector.provenance["config"]
    wanted = json.loads(json.dumps(config.flat()))  # lists, as in the file
    for key in sorted(set(before) | set(wanted)):
        if key not in KEYS and before.get(key) != wanted.get(key):
            raise InputError(
                f"{run}: {key} is {before.get(key)} there and "
                f"{wanted.get(key)} here; only {', '.join(sorted(KEYS))} may "
                "differ"
            )
    for key, value in {"domain": "none", "calibration": "split"}.items():
        if wanted[key] != value:
            raise InputError(
                f"{run}: {key} is {wanted[key]}; only runs with {key}={value} "
                "can be scored anew"
            )
    learnt, held_out, photos = divide(open_category(data), config, say)
    method = with_map(detector.method, wanted)
    other = detector_of(method, config, learnt.images, say)
    other.calibration = other.calibration_of(held_out.images, held_out.groups)
    if detector.calibration.get("picked"):
        other.calibration["picked"] = True
    other.remember(learnt.fingerprints, held_out.fingerprints, photos.near)
    other.set_threshold(config.threshold, k=config.k, fpr=config.fpr)
    other.provenance = {**detector.provenance, "config": wanted}
    out.mkdir(parents=True, exist_ok=True)
    write_text(out / "config.yaml", to_yaml(config))
    for name in ("history.csv", "curves.png"):
        shutil.copyfile(run / name, out / name)
    other.save(out / "detector.keras")
    return other


def with_map(method, wanted):
    """A method with the same network, and the map that a config names."""
    if "score_map" in wanted:
        return type(method)(
            method.network,
            wanted["score_map"],
            method.unlikely,
            method.resampling_passes,
        )
    method.anomaly_map = wanted["anomaly_map"]
    method.map_names = (method.anomaly_map,)
    return method


def say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"error: {error}")
