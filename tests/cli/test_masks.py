"""Fields around land from a file to a rollout, by the command alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from sea_surface import land, sea_surface

TRAINING = ["model.modes=3", "model.width=4", "model.depth=1", "trainer.max_epochs=1"]
DATA = ["data=file", "data.path=sst.nc", "data.input=sst"]


@pytest.fixture
def sea(tmp_path: Path) -> None:
    sea_surface(10, 4).to_netcdf(tmp_path / "sst.nc")


@pytest.mark.parametrize("mask", ["missing", pytest.param("1-land", marks=pytest.mark.slow)])
def test_from_a_file_to_a_rollout(mask: str, sea: None, neurop: Callable[..., int]) -> None:
    words = [f"data.conditions.mask={mask}", "hydra.run.dir=run"]
    assert neurop("train", *DATA, *TRAINING, *words) == 0
    (card,) = json.loads(Path("run/model/model.json").read_text())["conditions"]
    assert (card["name"], card["role"]) == ("mask" if mask == "missing" else "1-land", "mask")
    assert neurop("eval", "ckpt=run") == 0
    assert neurop("rollout", "ckpt=run", "gif=false") == 0
    with xr.open_dataset("run/rollout/rollout.nc") as made:
        assert np.isfinite(made.relative_l2).all()
        for name in ("sst", "sst_truth"):
            np.testing.assert_array_equal(np.isnan(made[name].values[0, 1]), land())


def test_gaps_without_a_mask_are_one_line(
    sea: None, neurop: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("inspect", "sst.nc") == 0
    assert "  mask: missing  # values of sst are missing" in capsys.readouterr().out
    assert neurop("train", *DATA, *TRAINING) == 2
    error = capsys.readouterr().err
    assert "leave such cells out: mask=missing" in error
    assert error.count("\n") == 1
    assert neurop("train", *DATA, *TRAINING, "data.conditions.mask=land") == 2  # inverted
    error = capsys.readouterr().err
    assert "field 'sst' of sample 0, frame 0 is nan" in error
    assert neurop("train", *DATA, *TRAINING, "data.conditions.mask=lnd") == 2
    assert "data.conditions.mask=lnd: no such array in sst.nc" in capsys.readouterr().err
    assert not Path("runs").exists()
