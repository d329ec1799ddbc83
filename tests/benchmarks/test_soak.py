import pytest

from benchmarks import soak


def test_memory_stays_flat_in_short(capsys):
    soak.main(["--epochs=40", "--images=800"])
    rows = capsys.readouterr().out.splitlines()
    assert len(rows) == 4
    assert "training, 40 epochs" in rows[2]
    assert "predict, 800 images" in rows[3]


def test_growth_is_that_after_the_warm_up(capsys):
    memory = [50.0, *[100.0] * 9, *[104.0] * 90]
    assert soak.row("work", memory) == pytest.approx(0.04)
    assert "| work | 100 | 104 | +4.0% |" in capsys.readouterr().out
