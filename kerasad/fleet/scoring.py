"""Images scored by actors of Ray, each with one detector loaded."""

import contextlib
import json
import logging
import math
import os
from pathlib import Path

from kerasad.allocator import keep_pages
from kerasad.errors import InputError
from kerasad.fleet.cluster import cluster, worker_environment
from kerasad.importing import import_module
from kerasad.opening import open_detector
from kerasad.prediction import joined, pages_of, predict_batch

BLOCKS = 4096  # at most: each is an object of the cluster


class Scorer:
    """An actor: opens the detector once, answers batch after batch.

    Args:
        folder: to work in, which relative paths are meant from.
        detector: path that every machine of the cluster can read.
        batch_size: int. Images in memory at a time.
        out: folder for overlays, or `None`.
        keepers: classes and their arguments, see `predict_on_ray`.
        modules: to import first, of `--import`.
    """

    def __init__(self, folder, detector, batch_size, out, keepers, modules):
        keep_pages()
        os.chdir(folder)
        for name in modules:
            import_module(name)
        self.detector = open_detector(detector)
        self.batch_size, self.out = batch_size, out
        self.keep = joined([make(*arguments, self.detector)
                            for make, *arguments in keepers])  # fmt: skip

    def __call__(self, batch):
        """Lines of results for a batch of paths, as Ray hands them over."""
        leaves = [
            (Path(os.fsdecode(path)), None if page < 0 else int(page))
            for path, page in zip(batch["path"], batch["page"], strict=True)
        ]
        try:
            lines = list(
                predict_batch(
                    self.detector, leaves, self.batch_size, self.out, self.keep
                )
            )
        except InputError as error:  # Ray would make a page of it
            lines = [{"refused": str(error)}]
        return {"line": [json.dumps(line).encode() for line in lines]}


def predict_on_ray(
    detector, paths, batch_size=16, out=None, wanted=None, keepers=(),
    workers=None, modules=(),
):  # fmt: skip
    """Scores image files over Ray Data, an actor a core.

    Detector and images lie on a disk that all machines of the cluster see
    under the same paths. What an actor had under way when it died another
    does again; each image gives one line.

    Args:
        detector: path of a calibrated detector.
        keepers: tuples of a class and its arguments but the detector, such as
            `(MapFiles, folder, "tiff")`, whose instances are a `keep`.
        workers: int. Actors; `None` for one a core of the cluster.
        modules: that actors import before they load the detector.
        paths, batch_size, out, wanted: see `kerasad.prediction.predict_files`.

    Returns:
        Iterator of the dicts that `predict_files` gives, as they come.

    Raises:
        InputError: as `predict_files`.
    """
    items = [
        {"path": os.fsencode(path), "page": -1 if page is None else page}
        for path in paths
        for page in pages_of(path)
        if wanted is None or wanted(path, page)
    ]
    if not items:
        return
    with cluster(workers) as ray:
        import ray.data as data

        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        context = data.DataContext.get_current()
        context.enable_progress_bars = False
        workers = workers or int(ray.cluster_resources().get("CPU", 1))
        blocks = min(BLOCKS, math.ceil(len(items) / batch_size))
        scored = data.from_items(items, override_num_blocks=blocks).map_batches(
            Scorer,
            fn_constructor_args=(
                os.getcwd(), detector, batch_size, out, keepers, modules,
            ),
            batch_size=batch_size,
            compute=data.ActorPoolStrategy(size=min(workers, blocks)),
            num_cpus=1,
            runtime_env={"env_vars": worker_environment(1)},
        )  # fmt: skip
        # Closed before the cluster is: what still runs would wait for it.
        with contextlib.closing(iter(scored.iter_rows())) as rows:
            for row in rows:
                line = json.loads(row["line"])
                if "refused" in line:
                    raise InputError(line["refused"])
                yield line
