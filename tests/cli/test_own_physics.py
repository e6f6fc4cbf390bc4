"""Parameters, static fields and forcings from a file to a rollout, by the command alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

DATA = [
    "data=file",
    "data.path=own.npz",
    "data.input=u",
    "data.axes=[sample,time,x]",
    "data.boundary=periodic",
]
GIVEN = [
    "data.conditions.parameters=decay",
    "data.conditions.static=[hill]",
    "data.conditions.forcings=heat",
]
TRAINING = ["model.modes=3", "model.width=4", "model.depth=1", "trainer.max_epochs=1"]


@pytest.fixture
def own(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {
        "u": rng.normal(size=(30, 4, 12)),
        "decay": rng.uniform(0.5, 2.0, 30),
        "hill": np.arange(12.0),
        "heat": rng.normal(size=(30, 4)),
        "still": np.ones(30),
    }
    np.savez(tmp_path / "own.npz", **arrays)


def test_from_a_file_to_a_rollout(
    own: None, neurop: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("train", *DATA, *GIVEN, *TRAINING, "hydra.run.dir=run") == 0
    card = json.loads(Path("run/model/model.json").read_text())
    roles = [(one["name"], one["role"]) for one in card["conditions"]]
    assert roles == [("decay", "parameter"), ("hill", "static"), ("heat", "forcing")]
    assert (card["conditions"][1]["low"], card["conditions"][1]["high"]) == (0.0, 11.0)
    assert neurop("eval", "ckpt=run") == 0
    assert neurop("rollout", "ckpt=run", "gif=false") == 0
    with xr.open_dataset("run/rollout/rollout.nc") as made:
        assert np.isfinite(made.relative_l2).all()
        assert made.sizes["step"] == 3
    capsys.readouterr()
    assert neurop("rollout", "ckpt=run", "steps=9") == 2
    assert "steps=9: the forcing 'heat' is known for 3 steps" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["data.conditions.parameters=dekay"],
            "data.conditions.parameters=dekay: no such array in own.npz",
        ),
        (["data.conditions.static=decay"], "'decay' has shape (30,); a static field has the axes"),
        (["data.conditions.parameters=still"], "still is constant over the training split"),
        (
            ["data.conditions.parameters=hill", "data.conditions.static=hill"],
            "conditions=hill: is named for two roles",
        ),
        (["data.conditions.parameters=u"], "'u' has shape (30, 4, 12); a parameter has the axes"),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str],
    line: str,
    own: None,
    neurop: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert neurop("train", *DATA, *words, *TRAINING) == 2
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1
    assert not Path("runs").exists()


def test_values_outside_the_training_give_a_warning_of_one_line(
    neurop: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["data=burgers", "data.samples=42", "data.resolution=32", "data.steps=2"]
    words = [*data, "data.viscosity=[0.05,0.1]", "~recommended", *TRAINING]
    assert neurop("train", *words, "hydra.run.dir=run") == 0
    capsys.readouterr()
    assert neurop("eval", "ckpt=run", *data, "data.viscosity=0.5", "data.storage.seed=1") == 0
    (line,) = [row for row in capsys.readouterr().err.splitlines() if "warning" in row]
    assert line.startswith("warning: parameter 'viscosity' is 0.5 to 0.5 in burgers; ")
