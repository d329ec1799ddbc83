import json

import pytest

from benchmarks import paper, paper_tables, rescored
from kerasad.capsules import write_category
from kerasad.config import load_config
from kerasad.errors import InputError
from kerasad.loading import load
from kerasad.training.train import train

TINY = [
    "image_size=32",
    "filters=[16, 16]",
    "dilations=[1, 2]",
    "base_filters=16",  # of fewer PyTorch 2.13 runs over its memory
    "latent=4",
    "depth=1",
    "batch_size=2",
    "gradient_accumulation_steps=1",
    "validation_share=0.34",
    "epochs=30",
    "precision=float32",
]


@pytest.fixture(scope="module")
def category(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn") / "capsule"
    defects = {"poke": 2, "crack": 2}
    return write_category(folder, size=64, train=6, good=3, defects=defects)


def arguments(category, tmp_path, configs):
    return [
        str(category),
        f"--configs={configs}",
        "--budget=0.00001",
        f"--runs={tmp_path / 'runs'}",
        f"--results={tmp_path / 'results'}",
        *(f"--set={setting}" for setting in TINY),
    ]


def test_tables_figures_and_resumption(category, tmp_path, capsys):
    paper.main(arguments(category, tmp_path, "h2,e5"))
    text = (tmp_path / "results" / "paper.md").read_text()
    for table in (6, 7, 8, 9, 10):
        assert f"## Table {table}:" in text
    assert "## Table 4:" not in text
    assert "**Training was cut short**: to 5e-06 minutes" in text
    assert "| h2 | k=1 | paper | 35 | 19 |" in text
    # F1, its floor, and the precision at the paper's recall, its own.
    assert "| 0.473 | 0.905 | 0.897 |" in text
    assert "1 of 30" in text  # epochs
    assert "1 of 60" in text  # updates
    figures = {p.name for p in (tmp_path / "runs" / "figures").iterdir()}
    assert figures == {
        "figure_5_h2.png",
        "figure_8_h2.png",
        "figure_9_e5.png",
    }
    found = json.loads((tmp_path / "results" / "paper.json").read_text())
    assert found["h2"]["results"]["k=1"]["f1_floor"] == pytest.approx(8 / 11)
    assert found["h2"]["results"]["test-set 2"]["anomalous"] == 2
    assert set(found["e5"]["results"]) == {"plain", "shifted"}

    capsys.readouterr()
    paper.main(arguments(category, tmp_path, "h2,e5"))
    assert "h2: done before\ne5: done before" in capsys.readouterr().err
    again = json.loads((tmp_path / "results" / "paper.json").read_text())
    assert again == found


def test_a_trained_network_is_scored_by_another_rule(category, tmp_path):
    """As if it had been trained with it."""

    def e5(folder, *changes):
        paper.main(
            [
                str(category),
                "--configs=e5",
                f"--runs={tmp_path / folder}",
                f"--results={tmp_path / folder}",
                *(f"--set={key}" for key in (*TINY, "epochs=2")),
                *changes,
            ]
        )
        found = json.loads((tmp_path / folder / "e5.json").read_text())
        del found["training_seconds"], found["scoring_seconds"]
        return found

    rule = ["--set=normalise=true", "--set=score=max", "--set=sigma=2"]
    plain, wanted = e5("plain"), e5("anew", *rule)
    trained = f"--trained={tmp_path / 'plain'}"
    assert e5("scored", trained, *rule) == wanted
    assert plain["results"] != wanted["results"]
    with pytest.raises(InputError, match="filters is .* only anomaly_map"):
        e5("other", trained, "--set=filters=[16]")


def test_a_rule_is_given_by_hand(category, tmp_path):
    config = load_config("h2", paper.settings_of("h2", [*TINY, "epochs=2"]))
    train(config, category, tmp_path / "run")
    rescored.main(
        [
            *map(str, (tmp_path / "run", category, tmp_path / "out")),
            "--set=top_fraction=0.5",
            "--set=normalise=true",
            "--set=score=top-fraction",
        ]
    )
    found = load(tmp_path / "out" / "detector.keras")
    assert found.provenance["config"] == config.flat() | {
        "top_fraction": 0.5,
        "normalise": True,
        "score": "top-fraction",
    }
    assert found.top_fraction == 0.5 and found.score == "top-fraction"


def test_thresholds_of_several_trainings_are_refused(category, tmp_path):
    keys = [*TINY, "epochs=1", "calibration=cross", "folds=2"]
    config = load_config("h2", paper.settings_of("h2", keys))
    train(config, category, tmp_path / "run")
    out = tmp_path / "out"
    with pytest.raises(InputError, match="calibration is cross; only"):
        rescored.rescore(tmp_path / "run", category, out, config)
    assert not out.exists()


def test_precision_at_a_recall():
    """Two of three anomalous images need the score of a good one as well."""
    labels, scores = [0, 1, 0, 1, 1], [0.1, 0.2, 0.6, 0.5, 0.9]
    assert paper.precision_at(labels, scores, 0.333) == 1
    assert paper.precision_at(labels, scores, 0.667) == pytest.approx(2 / 3)
    assert paper.precision_at(labels, scores, 1.0) == pytest.approx(3 / 4)


def test_paper_numbers_are_consistent():
    """Rates of tables 8 and 9 follow from their counts."""
    for table, _, _, numbers in paper_tables.ROWS:
        if table in (8, 9):
            tp, tn, fp, fn = (numbers[k] for k in ("tp", "tn", "fp", "fn"))
            assert numbers["accuracy"] == pytest.approx(
                (tp + tn) / (tp + tn + fp + fn), abs=6e-4
            )
            assert numbers["f1"] == pytest.approx(
                2 * tp / (2 * tp + fp + fn), abs=6e-4
            )


@pytest.mark.parametrize(
    "options, message",
    [
        (["--configs=h3"], "no 'h3' among c1, 2a"),
        (["--tables=11"], "no '11' among 4 to 10"),
        (["--configs=h1", "--tables=7"], "none of --configs is in any"),
    ],
)
def test_refusals(options, message, category):
    with pytest.raises(SystemExit) as caught:
        paper.main([str(category), *options])
    assert message in str(caught.value)
