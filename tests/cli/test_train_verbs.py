"""What ``neurop train`` leaves, the other verbs take up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurop.datasets import NavierStokes

Command = Callable[..., int]


def record(run: Path, name: str = "train.json") -> dict[str, Any]:
    return json.loads((run / name).read_text(), parse_constant=pytest.fail)


def test_the_other_verbs_take_the_run_up(
    train: Command, neurop: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("data.steps=4") == 0
    (run,) = tmp_path.glob("runs/*/*")
    scores = record(run)
    assert neurop("eval", "ckpt=latest", "data=null") == 0
    found = record(run, "eval/eval.json")
    assert found["relative_l2"] == pytest.approx(scores["test/relative_l2"], rel=1e-6)
    assert found["rmse"]["vorticity"] == pytest.approx(scores["test/rmse/vorticity"], rel=1e-6)
    assert neurop("superres", f"ckpt={run.relative_to(tmp_path)}", "resolutions=[16,24]") == 0
    grids = record(run, "superres/superres.json")["resolutions"]
    assert set(grids) == {"16", "24"}
    assert grids["16"]["relative_l2"] == pytest.approx(scores["test/relative_l2"], rel=1e-6)
    assert grids["16"]["relative_l2_interpolated"] == pytest.approx(
        scores["test/relative_l2"], rel=1e-6
    )
    assert 0 < grids["24"]["relative_l2_in_band"] < 2 * scores["test/relative_l2"]
    assert neurop("rollout", f"ckpt={run / 'model'}", "steps=4", "gif=false") == 0
    rolled = record(run, "rollout/rollout.json")
    assert rolled["trajectory_relative_l2"] == pytest.approx(
        scores["test/trajectory_4_relative_l2"], rel=1e-6
    )
    assert len(rolled["relative_l2"]) == len(rolled["energy_drift"]) == 4
    with xr.open_dataset(run / "rollout" / "rollout.nc", engine="h5netcdf") as opened:
        np.testing.assert_allclose(
            opened.vorticity_truth,
            NavierStokes(samples=42, resolution=16, steps=4).splits()["test"].values[:, 1:, 0],
            rtol=1e-6,
        )
    assert capsys.readouterr().out.splitlines()[-1].startswith("wrote ")


def test_a_run_with_samples_on_a_finer_grid_is_taken_up_too(
    train: Command, neurop: Command, tmp_path: Path
) -> None:
    assert train("data.storage.resolutions={24: 2}") == 0
    (run,) = tmp_path.glob("runs/*/*")
    assert neurop("superres", f"ckpt={run}", "resolutions=[16,24]") == 0
    assert set(record(run, "superres/superres.json")["resolutions"]) == {"16", "24"}
    assert neurop("train", f"resume={run}", "trainer.max_epochs=3") == 0
