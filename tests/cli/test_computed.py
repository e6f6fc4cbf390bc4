"""Computed conditions from a file with dates to a rollout beyond it, by the command alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

COMPUTED = "data.conditions.computed=[solar,time_of_day,day_of_year,latlon]"
TRAINING = ["model.modes=3", "model.width=4", "model.depth=1", "trainer.max_epochs=1"]


@pytest.fixture
def weather(tmp_path: Path) -> None:
    latitude, longitude = np.linspace(90, -90, 9), np.arange(0, 360, 22.5)
    time = np.datetime64("2024-02-20T00", "ns") + np.arange(60) * np.timedelta64(6, "h")
    values = np.random.default_rng(0).normal(280, 5, (60, 9, 16)).astype(np.float32)
    fields = {"t2m": (("time", "latitude", "longitude"), values, {"units": "K"})}
    coordinates = {"time": time, "latitude": latitude, "longitude": longitude}
    xr.Dataset(fields, coordinates).to_netcdf(tmp_path / "weather.nc", engine="scipy")


@pytest.mark.parametrize("source", [pytest.param("file", marks=pytest.mark.slow), "era5"])
def test_from_a_file_to_a_rollout_beyond_it(
    source: str, weather: None, neurop: Callable[..., int]
) -> None:
    periods = [
        "data.variables=null",
        "data.train=[2024-02-20,2024-02-29]",
        "data.val=null",
        "data.test=[2024-03-01,2024-03-05]",
    ]
    words = [f"data={source}", "data.path=weather.nc", COMPUTED, "problem.history=1"]
    words += [] if source == "file" else [*periods, "~recommended"]
    assert neurop("train", *words, *TRAINING, "hydra.run.dir=run") == 0
    card = json.loads(Path("run/model/model.json").read_text())
    assert [one["computed"]["name"] for one in card["conditions"]] == [
        *["solar"],
        *["time_of_day"] * 2,
        *["day_of_year"] * 2,
        *["latlon"] * 4,
    ]
    # The data of the evaluation need not name them; the file ends before the rollout does.
    plain = [word for word in words if word != COMPUTED and not word.startswith(("problem", "~"))]
    assert neurop("rollout", "ckpt=run", *plain, "steps=30", "gif=false") == 0
    # Data with other settings than those of the run have a folder of their own.
    (folder,) = Path("run").glob("rollout*")
    with xr.open_dataset(folder / "rollout.nc") as made:
        assert made.sizes["step"] == 30
        assert np.isfinite(made.t2m).all()
        assert made.t2m.units == "K"
        assert made.time.values[0] == np.datetime64(
            "2024-03-04T18" if source == "file" else "2024-03-01T06"
        )
        assert made.lead.values[-1] == 30 * 21600
        known = 5 if source == "file" else 19
        assert int(np.isfinite(made.relative_l2).sum()) == known


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("solar", "data.conditions.computed=solar: needs latitude and longitude; own.npz has the"),
        ("time_of_day", "data.conditions.computed=time_of_day: is computed from dates, which own"),
        ("[sun]", "no computed condition 'sun'"),
        ("[{name: solar, arguments: {hours: 30}}]", "hours=30: give hours above 0, at most 24"),
    ],
)
def test_a_mistake_is_one_line(
    word: str,
    line: str,
    tmp_path: Path,
    neurop: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    np.savez(tmp_path / "own.npz", u=np.random.default_rng(0).normal(size=(30, 4, 12)))
    data = ["data=file", "data.path=own.npz", "data.input=u", "data.axes=[sample,time,x]"]
    data.append("data.boundary=periodic")
    assert neurop("train", *data, f"data.conditions.computed={word}", *TRAINING) == 2
    error = capsys.readouterr().err
    assert line in error
    assert error.count("\n") == 1
