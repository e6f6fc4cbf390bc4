"""Size of the network and length of the training, where they are left to the data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from small import evolution, surrogate

from neurop import fit, load
from neurop.cli._settings.sized import epochs, fitting, resized, values_of
from neurop.datasets import File

Command = Callable[..., int]


def config(**trainer: object) -> object:
    plain = {"max_epochs": None, "max_steps": -1, "accumulate_grad_batches": 1}
    return OmegaConf.create(
        {"trainer": plain | trainer, "loader": {"batch_size": 16}, "budget": None}
    )


@pytest.mark.parametrize(
    ("examples", "expected"),
    [(32, 500), (160, 100), (1600, 10), (100000, 10), (5, 1000)],
)
def test_the_epochs_keep_a_number_of_steps(examples: int, expected: int) -> None:
    cfg = config()
    assert f"trainer.max_epochs={expected}: " in str(epochs(cfg, examples))
    assert cfg.trainer.max_epochs == expected


@pytest.mark.parametrize(
    ("how", "expected", "steps"),
    [
        ({}, 100, 1000),  # 10 batches
        ({"devices": 2}, 200, 1000),
        ({"devices": 2, "num_nodes": 2}, 500, 1000),
        ({"devices": "auto"}, 100, 1000),
        ({"limit_train_batches": 1.0}, 100, 1000),
        ({"limit_train_batches": 0.5}, 200, 1000),
        ({"limit_train_batches": 3}, 334, 1002),
        ({"limit_train_batches": 30}, 100, 1000),
        ({"limit_train_batches": 2, "devices": 2}, 500, 1000),
        ({"accumulate_grad_batches": 5}, 500, 1000),
        # 3 steps of 4, 4 and 2 batches.
        ({"accumulate_grad_batches": 4}, 334, 1002),
    ],
)
def test_the_steps_are_those_of_the_trainer(
    how: dict[str, object], expected: int, steps: int
) -> None:
    assert epochs(config(**how), 160) == f"trainer.max_epochs={expected}: {steps} steps"


def test_a_length_that_was_chosen_stays() -> None:
    for chosen in ({"max_epochs": 3}, {"max_steps": 5}):
        cfg = config(**chosen)
        assert epochs(cfg, 32) is None
        assert cfg.trainer.max_epochs == chosen.get("max_epochs")


def test_three_dimensional_and_few_data_get_a_smaller_network() -> None:
    cube = evolution((24, 24, 24), samples=2, frames=2)
    large = surrogate(cube, arguments={"modes": 10, "width": 20, "depth": 1})
    found = fitting(large, cube, {"modes", "width"})
    # 110,592 values: 4 parameters for each at most.
    assert found == {"modes": 8, "width": 8}
    assert resized(large, found).parameters_count() <= 4 * values_of(cube)
    assert resized(large, {"modes": 8, "width": 12}).parameters_count() > 4 * values_of(cube)
    assert fitting(large, cube, set()) == {}
    plane = evolution((32, 32), samples=50, frames=4)
    small = surrogate(plane, arguments={"modes": 4, "width": 20, "depth": 1})
    assert fitting(small, plane, {"modes", "width"}) == {}


def test_a_file_decides_what_nobody_chose(
    neurop: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save("u.npy", np.random.default_rng(0).random((12, 4, 16), np.float32))
    read = ("data=file", "data.path=u.npy", "data.axes=[sample,time,x]", "data.boundary=periodic")
    plain = ("trainer.accelerator=cpu", "trainer.limit_val_batches=1")
    assert neurop("train", *read, *plain, "trainer.max_epochs=2", "hydra.run.dir=run") == 0
    out, err = capsys.readouterr()
    # 640 values of 10 samples, and a grid that resolves 8 modes.
    assert "model.width=8: for 10 samples of 16 points" in out
    assert "model.modes=[8]: all that 16 points resolve" in out
    assert "warning: 2 optimizer steps are few" in err
    assert OmegaConf.load("run/config.yaml").model.width == 8
    card = json.loads((tmp_path / "run" / "model" / "model.json").read_text())
    assert card["model"]["arguments"]["width"] == 8
    # A resumed run keeps the size, and without a word its length.
    assert neurop("train", "resume=run", "trainer.max_epochs=3") == 0
    words = OmegaConf.load("run/overrides.yaml")
    OmegaConf.save([w for w in words if "max_epochs" not in w], "run/overrides.yaml")
    assert neurop("train", "resume=run") == 0
    assert json.loads((tmp_path / "run" / "train.json").read_text())["epochs"] == 3
    # Weights of this run fit a new one, whose size they decide.
    again = ("init=run", "model.modes=8", "trainer.max_epochs=1", "hydra.run.dir=again")
    assert neurop("train", *read, *plain, *again) == 0
    assert neurop("train", *read, *plain, "model.width=32", *again[2:], "hydra.run.dir=own") == 0
    own = json.loads((tmp_path / "own" / "model" / "model.json").read_text())
    assert own["model"]["arguments"]["width"] == 32


def test_weights_of_a_fit_in_python_fit_a_run(neurop: Command, tmp_path: Path) -> None:
    np.save("u.npy", np.random.default_rng(0).random((12, 4, 32), np.float32))
    axes = ("sample", "time", "x")
    earlier = fit("fno", File("u.npy", axes=axes, boundary="periodic"), epochs=1, folder="first")
    assert earlier.card.model.arguments == {}
    read = ("data=file", "data.path=u.npy", "data.axes=[sample,time,x]", "data.boundary=periodic")
    still = ("optimizer.lr=0", "trainer.max_epochs=1", "trainer.accelerator=cpu")
    assert neurop("train", *read, *still, "init=first", "hydra.run.dir=run") == 0
    before, after = earlier.state_dict(), load(tmp_path / "run").state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name].cpu(), value) for name, value in after.items())
