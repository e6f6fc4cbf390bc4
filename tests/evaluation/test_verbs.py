"""The verbs eval, superres and rollout: what they write, print and refuse."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from hydra import compose, initialize_config_module
from raising import raises_input

from neurop.cli._evaluation import Task, as_int, as_ints, device
from neurop.errors import InputError
from neurop.fields import Field, FieldSet
from neurop.fields.times import Times
from neurop.geometry.grid import Grid
from neurop.source import Source

Make = Callable[..., Any]


class Waves(Source):
    """A source of vortices that a shift moves, at any resolution up to 32."""

    name = "waves"
    invariants = ("energy", "enstrophy", "mean")
    baselines = ("persistence", "climatology")

    def splits(self) -> dict[str, FieldSet]:
        return {"train": self.at((16, 16)), "test": self.at((16, 16))}

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        if max(shape) > 32:
            raise InputError(f"waves has no resolution {shape[0]}; 16 and 32 are there")
        x, y, t = np.arange(shape[0]) / shape[0], np.arange(shape[1]) / shape[1], np.arange(7) / 16
        moved = np.sin(2 * np.pi * (x - t[:, None]))[:, :, None] * np.cos(2 * np.pi * y)
        values = np.stack([moved, 2 * moved])[:, :, None].astype(np.float32)
        return FieldSet(
            values,
            (Field("vorticity", "s-1"),),
            Grid.periodic(2),
            times=Times(np.arange(7.0), "s"),
            source="waves",
        )


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, analytic: Make) -> Callable[..., Path]:
    """Return a function that runs a verb with an analytic surrogate and returns its folder."""

    def run(
        name: str, *overrides: str, function: Callable[[torch.Tensor], torch.Tensor] = lambda x: x
    ) -> Path:
        module = importlib.import_module(f"neurop.cli.{name}")
        source = Waves()
        surrogate = analytic(function, source.at((16, 16)), step=1.0)
        folder = tmp_path / name
        task = Task(
            surrogate,
            source,
            folder,
            {"model": "analytic", "checkpoint": "runs/a/model", "data": "waves"},
        )
        monkeypatch.setattr(module, "prepare", lambda cfg, verb: task)
        with initialize_config_module("neurop.conf", version_base="1.3"):
            module.run(compose(name, list(overrides)))
        return folder

    return run


def test_eval_takes_a_climatology_in_another_unit(
    verb: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scores() -> list[float]:
        forecasts = json.loads((verb("eval", "leads=[1,4]") / "eval.json").read_text())["forecasts"]
        return [one[name]["vorticity"] for one in forecasts for name in ("climatology_rmse", "acc")]

    expected, own = scores(), Waves.splits

    def hourly(source: Waves) -> dict[str, FieldSet]:
        parts = own(source)
        values, fields = 3600 * np.asarray(parts["train"].values), (Field("vorticity", "h-1"),)
        return parts | {"train": replace(parts["train"], values=values, fields=fields)}

    monkeypatch.setattr(Waves, "splits", hourly)
    np.testing.assert_allclose(scores(), expected, rtol=1e-4)


def test_eval_writes_what_it_prints(verb: Make, capsys: pytest.CaptureFixture[str]) -> None:
    folder = verb("eval", "leads=[1,4]")
    record = json.loads((folder / "eval.json").read_text())
    data = xr.open_dataset(folder / "eval.nc", engine="h5netcdf")
    still = 2 * np.sin(np.pi / 16)
    assert record["relative_l2"] == pytest.approx(still, rel=1e-5)
    assert record["persistence_relative_l2"] == pytest.approx(still, rel=1e-5)
    assert record["rmse"]["vorticity"] == pytest.approx(still * np.sqrt(2.5 / 4), rel=1e-5)
    assert [f["lead"] for f in record["forecasts"]] == [1, 4]
    assert {"rmse", "persistence_rmse", "climatology_rmse", "acc", "persistence_acc"} <= set(
        record["forecasts"][0]
    )
    assert record["resolution"] == [16, 16]
    assert len(record["data_hash"]) == 16
    np.testing.assert_allclose(data.relative_l2, still, rtol=1e-5)
    assert {str(v.dtype) for v in data.data_vars.values() if v.dtype.kind == "f"} == {"float32"}
    assert data.attrs["Conventions"] == "CF-1.11"
    assert {p.name for p in folder.iterdir()} == {
        "eval.json",
        "eval.nc",
        "fields.png",
        "forecasts.png",
    }
    out = capsys.readouterr().out.splitlines()
    assert out[-1] == f"wrote {folder}"
    assert any("relative L2, mean" in line and "0.3902" in line for line in out)


def test_superres_skips_what_the_data_lack_unless_asked(
    verb: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = verb("superres", function=lambda x: torch.roll(x, x.shape[-2] // 16, -2))
    captured = capsys.readouterr()
    assert "no 64 points" in captured.err
    assert captured.out.splitlines()[-1] == f"wrote {folder}"
    record = json.loads((folder / "superres.json").read_text())
    assert record["train_resolution"] == 16
    assert set(record["resolutions"]) == {"16", "32"}
    fine = record["resolutions"]["32"]
    assert fine["relative_l2"] < 1e-6
    assert fine["train_resolution"] == 16
    assert {
        "relative_l2_in_band",
        "relative_l2_beyond_band",
        "relative_l2_interpolated",
        "truth_beyond_band",
    } <= set(fine)
    assert record["warning"] is None
    assert {p.name for p in folder.iterdir()} == {
        "superres.json",
        "superres.nc",
        "superres.png",
        "superres_fields.png",
        "superres_spectra.png",
    }


def test_rollout_writes_curves_fields_and_a_film(
    verb: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = verb("rollout", "steps=8", "samples=1", "batch_size=1")
    record = json.loads((folder / "rollout.json").read_text())
    assert record["relative_l2"][:6] == pytest.approx(record["persistence_relative_l2"][:6])
    assert record["relative_l2"][6:] == [None, None]
    assert record["correlation_time_0.9"] == 2.0
    assert record["first_divergent_step"] is None
    assert record["energy_drift"] == pytest.approx([0.0] * 8, abs=1e-6)
    assert len(record["enstrophy_drift_truth"]) == 8
    data = xr.open_dataset(folder / "rollout.nc", engine="h5netcdf")
    assert data.vorticity.dims == data.vorticity_truth.dims == ("sample", "step", "x", "y")
    assert data.vorticity.shape == (1, 8, 16, 16)
    assert {data.vorticity.units, data.vorticity_truth.units} == {"s-1"}
    assert data.step.values.tolist() == data.time.values.tolist() == list(range(1, 9))
    assert "field" not in data.dims
    names = {
        "rollout.json",
        "rollout.nc",
        "rollout.png",
        "rollout_error.png",
        "rollout_spectra.png",
        "rollout.gif",
    }
    assert {p.name for p in folder.iterdir()} - {"rollout.mp4"} == names
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == f"wrote {folder}"
    assert "first divergent step" in out


def test_a_rollout_without_steps_is_as_long_as_the_truth_and_survives_divergence(
    verb: Make,
) -> None:
    folder = verb("rollout", "gif=false", "start=2", function=lambda x: x * 1e30)
    record = json.loads((folder / "rollout.json").read_text())
    assert record["steps"] == 4
    assert record["first_divergent_step"] == 1
    assert not (folder / "rollout.gif").exists()


@pytest.mark.parametrize(
    ("name", "override", "value"),
    [
        ("rollout", "steps=0", 0),
        ("rollout", "steps=two", "two"),
        ("rollout", "steps=2.5", 2.5),
        ("rollout", "start=-1", -1),
        ("rollout", "start=6", 6),
        ("rollout", "samples=0", 0),
        ("rollout", "field=vortisity", "vortisity"),
        ("superres", "resolutions=[]", []),
        ("superres", "resolutions=[16,0]", 0),
        ("superres", "resolutions=-64", -64),
        ("eval", "split=tset", "tset"),
        ("eval", "leads=[7]", 7),
        ("eval", "batch_size=0", 0),
        ("eval", "report=html", "html"),
    ],
)
def test_wrong_settings_are_one_line_and_nothing_is_written(
    verb: Make, tmp_path: Path, name: str, override: str, value: Any
) -> None:
    with raises_input(override.split("=")[0], value):
        verb(name, override)
    assert list(tmp_path.iterdir()) == []


def test_settings_are_checked() -> None:
    assert as_ints("leads", 4, 1) == [4]
    with raises_input("n", True):
        as_int("n", True, 1)
    assert device("cpu").type == "cpu"
    with raises_input("device", "gpu"):
        device("gpu")
    with raises_input("device", "cuda:99"):
        device("cuda:99")
    with raises_input("device", "meta"):
        device("meta")
