"""``neurop eval correct=spectral_refiner``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurop.datasets import NavierStokes, SpaceTime

CORRECT = ["correct=spectral_refiner"]
Command = Callable[..., int]
DATA = {"samples": 12, "resolution": 16, "steps": 7, "interval": 0.25, "viscosity": 1e-2}
TRAINING = [
    "data=space_time",
    *(f"data.source.{name}={value}" for name, value in DATA.items()),
    "data.source.storage.held_out=3",
    "data.given=3",
    "~recommended",
    "model.modes=[4,4,2]",
    "model.width=4",
    "model.depth=1",
    "trainer.max_epochs=2",
    "trainer.accelerator=cpu",
    "hydra.run.dir=run",
]


def record(path: str) -> dict[str, Any]:
    return json.loads(Path(path).read_text(), parse_constant=pytest.fail)


@pytest.mark.slow
def test_corrected_scores_and_their_residuals(
    neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("train", *TRAINING) == 0
    trained = record("run/train.json")
    capsys.readouterr()
    assert neurop("eval", "ckpt=run", *CORRECT) == 0
    assert "rank correlation with the error of the prediction" in capsys.readouterr().out
    after = record("run/eval-corrected/eval-corrected.json")
    assert not Path("run/eval").exists()
    assert after["relative_l2"] < 0.1 * trained["test/relative_l2"]
    found = after["correct"]
    assert len(found["residual"]) == len(found["residual_of_truth"]) == 3
    for old, new, error in zip(
        found["residual"], found["residual_corrected"], found["rmse"], strict=True
    ):
        assert new < 0.1 * old
        assert error > 0
    # The correction is nearly the error.
    assert found["correction"] == pytest.approx(found["rmse"], rel=0.05)
    assert found["rank_correlation"]["correction"] == pytest.approx(1)
    assert neurop("eval", "ckpt=run", *CORRECT, "correct.sweeps=0", "out=same") == 0
    same = record("same/eval-corrected.json")
    assert same["relative_l2"] == pytest.approx(trained["test/relative_l2"], rel=1e-6)
    assert same["correct"]["residual"] == same["correct"]["residual_corrected"]


@pytest.mark.slow
def test_corrected_predictions(neurop: Command) -> None:
    assert neurop("train", *TRAINING) == 0
    source = NavierStokes(**DATA, storage={"held_out": 3})  # type: ignore[arg-type]
    test = SpaceTime(source, given=3).test()
    test.initial().to_netcdf("new.nc")
    words = ["ckpt=run", "input=new.nc"]
    assert neurop("predict", *words, "output=plain.nc") == 0
    assert neurop("predict", *words, "output=corrected.nc", *CORRECT) == 0
    names = "plain.nc", "corrected.nc"
    truth = np.asarray(test.targets)[:, 0, 0]
    errors = [np.linalg.norm(xr.load_dataset(n).vorticity.values - truth) for n in names]
    assert errors[1] < 0.3 * errors[0]
    assert neurop("predict", "ckpt=run/model", *words[1:], "output=b.nc", *CORRECT) == 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["correct=spectral_refiner"], "surrogate=fno: needs a map over space and time"),
        (["correct=spectral_refiner", "correct.sweeps=-1"], "surrogate=fno: needs a map"),
        (["correct=spectral"], "correct"),
    ],
)
def test_what_cannot_be_corrected(
    trained: Path, neurop: Command, capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    assert neurop("eval", f"ckpt={trained}", *words, "out=there") == 2
    assert line in capsys.readouterr().err
    assert not Path("there").exists()
