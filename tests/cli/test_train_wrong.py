"""Wrong use of the real commands gives one line with the value and the remedy, and no files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from safetensors.torch import load_file, save_file

Command = Callable[..., int]
COARSE = "augment=[coarse_to_fine] augment.coarse_to_fine.shape"
MISTAKES = {
    # group, choice, key
    "modle=fno": "no setting 'modle'; did you mean 'model'?",
    "model=fnno": "no model 'fnno'; ",
    "data=navier_stoke": "no data 'navier_stoke'; did you mean 'navier_stokes'?",
    "recommended=navier_stoke": "no recommended 'navier_stoke' (to go without, ~recommended); did "
    "you mean "
    "'navier_stokes'?",
    "objective=null": "objective=null: name one of ",
    "model.widht=8": "no setting 'model.widht'; did you mean 'model.width'?",
    "loader.bach_size=8": "no setting 'loader.bach_size'; did you mean 'loader.batch_size'?",
    "augment=[nose]": "no augment 'nose'; did you mean 'noise'?",
    "augment.noise.std=1": "no setting 'augment.noise.std' while noise is not chosen; add "
    "'augment=[noise]'",
    "data.viscosty=1": "no setting 'data.viscosty'; did you mean 'data.viscosity'?",
    # type
    "model.width=abc": "model.width: expected int, got 'abc'",
    "data.samples=many": "data.samples: expected int, got 'many'",
    "trainer.max_epochs=2.5": "trainer.max_epochs: expected int or null, got 2.5",
    "loader.batch_size=abc": "loader.batch_size: expected int, got 'abc'",
    "problem.unroll=1.5": "problem.unroll: expected int or null, got 1.5",
    "problem.increments=maybe": "problem.increments: expected bool or null, got 'maybe'",
    "callback=[ema] callback.ema.decay=slow": "callback.ema.decay: expected float, got 'slow'",
    f"{COARSE}=8": "augment.coarse_to_fine.shape: expected a list of int, got 8",
    "seed=abc": "seed=abc: give an integer from 0 to 4294967295",
    # bounds
    "seed=-1": "seed=-1: give an integer from 0 to 4294967295",
    "model.width=0": "width=0: at least 1 is needed",
    "model.modes=9": "model.modes=[9, 9]: the 16 points of axis x resolve 8 modes, not 9; use 8 "
    "or fewer",
    "model.modes=[4,4,4]": "modes=[4, 4, 4]: the grid has 2 axes; give one number per axis",
    "data.samples=40": "samples=40: 40 are held out for test and validation; use 41 or more",
    "data.viscosity=-1": "viscosity=-1: use a finite number above 0",
    "problem.history=3": "navier_stokes: 3 frames are fewer than history=3 + steps=1",
    "loader.batch_size=-3": "loader.batch_size=-3: give 1 or more",
    "trainer.accumulate_grad_batches=0": "trainer.accumulate_grad_batches=0: give 1 or more",
    "trainer.check_val_every_n_epoch=0": "trainer.check_val_every_n_epoch=0: give 1 or more",
    "loader.workers=-1": "loader.workers=-1: give 0 or more",
    "problem.unroll=3": "navier_stokes: 3 frames are fewer than history=1 + steps=3",
    "callback=[ema] callback.ema.decay=2": "callback.ema.decay=2: give a number between 0 and 1",
    f"{COARSE}=[32,8]": "augment.coarse_to_fine.shape=[32, 8]: give 2 sizes up to [16, 16]",
    "optimizer.lr=-1": "optimizer: Invalid learning rate: -1",
    "scheduler.warmup=3": "scheduler.warmup=3: give a share between 0 and 1",
    "trainer.max_epochs=-1": "not inf; give max_epochs or max_steps",
    "trainer.devices=0": "trainer: `Trainer(devices=0)` value is not a valid input",
    "trainer.devices=5 trainer.strategy=ddp": "trainer.devices=5: the split train has 4 example(s)",
    "trainer.max_time=soon": "trainer: `Timer(duration='soon')` is not a valid duration",
    # files
    "resume=nowhere": "resume=nowhere: no such folder",
}


@pytest.fixture
def refused(
    train: Command,
    neurop: Command,
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., str]:
    """Return a function that runs a command next to a run ``warm`` and returns its output.

    It checks that the output is one line, and that there is no new file.
    """
    shutil.copytree(trained, tmp_path / "warm")
    capsys.readouterr()

    def run(*args: str, verb: str = "train") -> str:
        before = sorted(tmp_path.rglob("*"))
        assert (train if verb == "train" else lambda *a: neurop(verb, *a))(*args) == 2
        out, err = capsys.readouterr()
        assert out == ""
        (line,) = err.splitlines()
        assert line.startswith(f"neurop {verb}: ")
        assert sorted(tmp_path.rglob("*")) == before
        return line

    return run


@pytest.mark.parametrize("override", MISTAKES)
def test_a_mistake_is_one_line_and_leaves_nothing(
    override: str, refused: Callable[..., str]
) -> None:
    assert MISTAKES[override] in refused(*override.split(" "))


def weather(path: Path, hole: bool) -> list[str]:
    """Write five days of a small planet's weather; return the arguments that train on it."""
    times = np.datetime64("2025-12-01", "ns") + np.arange(20) * np.timedelta64(6, "h")
    values = np.random.default_rng(0).normal(1e5, 1e3, (20, 7, 8)).astype("f4")
    if hole:
        values[9, 2, 5] = np.nan
    coords = {
        "valid_time": times,
        "latitude": np.linspace(90, -90, 7),
        "longitude": np.arange(0, 360, 45.0),
    }
    data = xr.Dataset(
        {"msl": (("valid_time", "latitude", "longitude"), values, {"units": "Pa"})}, coords
    )
    data.to_netcdf(path, engine="h5netcdf")
    days = [
        "data.train=[2025-12-01,2025-12-03]",
        "data.val=[2025-12-04,2025-12-04]",
        "data.test=[2025-12-05,2025-12-05]",
    ]
    return ["data=era5", f"data.path={path.name}", "model.modes=2", "debug=default", *days]


ERA5_KEYS = (
    "~recommended",
    "model.width=4",
    "model.depth=1",
    "loader.batch_size=2",
    "trainer.accelerator=cpu",
)


def test_a_missing_value_is_placed(
    neurop: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("train", *weather(tmp_path / "whole.nc", hole=False), *ERA5_KEYS) == 0
    capsys.readouterr()
    before = sorted(tmp_path.rglob("runs/*/*"))
    assert neurop("train", *weather(tmp_path / "hole.nc", hole=True), *ERA5_KEYS) == 2
    out, err = capsys.readouterr()
    assert (
        err
        == "neurop train: hole.nc: field 'msl' of sample 0, frame 9 is nan at point (2, 5); fill "
        "or remove it, or leave such cells out: mask=missing\n"
    )
    assert (out, sorted(tmp_path.rglob("runs/*/*"))) == ("", before)


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (("data=era5", "data.path=nope.nc"), "nope.nc: no such file; correct the path"),
        (
            ("data=darcy_public", "problem.unroll=2"),
            "problem.unroll=2: is for an evolution",
        ),
        (("data=darcy_public", "model.modes=99"), "the 16 points of axis x resolve"),
        (
            ("data=darcy_public", *f"{COARSE}=[8,8]".split(" ")),
            "augment.coarse_to_fine.shape=[8, 8]: only periodic fields are truncated without loss",
        ),
    ],
)
def test_data_that_do_not_suit(
    args: tuple[str, ...],
    line: str,
    neurop: Command,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    named = {a.split("=")[0] for a in args}
    assert (
        neurop(
            "train",
            *args,
            *(a for a in ("model.modes=4", *ERA5_KEYS) if a.split("=")[0] not in named),
        )
        == 2
    )
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert line in err
    assert list(tmp_path.iterdir()) == []


def widened(model: Path) -> None:
    state = load_file(model / "model.safetensors")
    save_file(state | {"net.lift.bias": torch.zeros(9)}, model / "model.safetensors")


@pytest.mark.parametrize("verb", ["eval", "superres", "rollout"])
def test_a_surrogate_of_another_shape(
    verb: str, refused: Callable[..., str], tmp_path: Path
) -> None:
    widened(tmp_path / "warm" / "model")
    assert refused("ckpt=warm", verb=verb).endswith(
        "warm/model: net.lift.bias has shape (9,) in model.safetensors, (4,) by model.json; they "
        "are of two models"
    )


def test_no_surrogate_at_all(refused: Callable[..., str]) -> None:
    assert refused("ckpt=latest", verb="eval").endswith(
        "ckpt=latest: no trained surrogate under runs/; train one first: neurop train"
    )
    assert "ckpt=wram: no such folder" in refused("ckpt=wram", verb="rollout")
