"""``neurop predict`` from the files of a user to a file that any program opens."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from neurop import load
from neurop.evaluation import calibrate
from neurop.formats.store import read

TRAINING = ["model.modes=3", "model.width=4", "model.depth=1", "trainer.max_epochs=1"]
Command = Callable[..., int]


def weather() -> xr.Dataset:
    """Return two fields of a month, from south to north and from -180 degrees."""
    latitude, longitude = np.linspace(-90, 90, 5), np.arange(-180, 180, 45.0)
    time = np.datetime64("2024-02-20T00", "ns") + np.arange(40) * np.timedelta64(6, "h")
    rng = np.random.default_rng(0)
    dims = ("valid_time", "lat", "lon")
    t = rng.normal(280, 5, (40, 5, 8)).astype(np.float32)
    u = rng.normal(0, 3, (40, 5, 8)).astype(np.float32)
    return xr.Dataset(
        {
            "t2m": (dims, t, {"units": "K", "standard_name": "air_temperature"}),
            "u10": (dims, u, {"units": "m s**-1", "long_name": "eastward wind"}),
        },
        {
            "valid_time": time,
            "lat": ("lat", latitude, {"units": "degrees_north"}),
            "lon": ("lon", longitude, {"units": "degrees_east"}),
        },
    )


@pytest.fixture(scope="module")
def forecaster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run on weather.nc, which lies next to it."""
    from neurop.cli import main

    folder = tmp_path_factory.mktemp("weather")
    weather().to_netcdf(folder / "weather.nc")
    words = ["data=file", f"data.path={folder}/weather.nc", "problem.history=2", *TRAINING]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["neurop"])
        assert main(["train", *words, f"hydra.run.dir={folder}/run"]) == 0
    return folder / "run"


def record(path: Path) -> Any:
    return json.loads(path.read_text(), parse_constant=pytest.fail)


def test_the_file_of_the_training_needs_no_setting(
    forecaster: Path, neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    given = forecaster.parent / "weather.nc"
    assert neurop("predict", f"ckpt={forecaster}", f"input={given}", "steps=4") == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"wrote {forecaster}/predict/predict.nc"
    with xr.open_dataset(forecaster / "predict" / "predict.nc") as made:
        assert made.t2m.dims == ("time", "lat", "lon")
        np.testing.assert_array_equal(made.lon, weather().lon)
        np.testing.assert_array_equal(made.lat, weather().lat)
        end = weather().valid_time.values[-1]
        np.testing.assert_array_equal(made.time, end + np.arange(1, 5) * np.timedelta64(6, "h"))
        assert made.forecast_reference_time == end
        assert (made.lead.values.tolist(), made.lead.units) == ([6.0, 12.0, 18.0, 24.0], "h")
        assert (made.t2m.units, made.t2m.standard_name) == ("K", "air_temperature")
        assert (made.u10.units, made.u10.long_name) == ("m s**-1", "eastward wind")
        assert (made.attrs["Conventions"], made.attrs["surrogate"]) == ("CF-1.11", "fno")
        assert "predict" in made.attrs["history"]
        # The same as in Python, from the file as xarray opens it.
        expected = load(forecaster).rollout(xr.open_dataset(given), 4)
        np.testing.assert_allclose(made.t2m, expected.t2m, rtol=1e-6)
        np.testing.assert_allclose(made.u10, expected.u10, rtol=1e-4, atol=1e-5)
    found = record(forecaster / "predict" / "predict.json")
    assert (found["samples"], found["steps"], found["shape"]) == (1, 4, [5, 8])
    assert found["first_not_finite_step"] is None
    assert found["fields"]["t2m"]["unit"] == "K"
    assert found["fields"]["t2m"]["maximum"] == pytest.approx(float(expected.t2m.max()), rel=1e-6)


@pytest.mark.parametrize("suffix", [".nc", ".zarr", ".csv"])
def test_stations(suffix: str, forecaster: Path, neurop: Command) -> None:
    Path("points.csv").write_text("name,lat,lon\nPotsdam,52.4,13.1\nwest,0,-90\neast,0,270\n")
    given = [f"ckpt={forecaster}", f"input={forecaster.parent}/weather.nc", "steps=3"]
    assert neurop("predict", *given, "points=points.csv", f"output=s{suffix}") == 0
    if suffix == ".csv":
        lines = Path("s.csv").read_text().splitlines()
        assert lines[0].startswith("time,lead (h),station_name,lat (degrees_north)")
        return
    with xr.open_dataset(f"s{suffix}") as made:
        assert made.attrs["featureType"] == "timeSeries"
        assert made.station_name.values.tolist() == ["Potsdam", "west", "east"]
        assert made.station_name.attrs["cf_role"] == "timeseries_id"
        assert made.t2m.sizes == {"time": 3, "station": 3}
        np.testing.assert_allclose(made.t2m[:, 1], made.t2m[:, 2], rtol=1e-6)


def test_an_output_that_exists_is_kept(
    forecaster: Path, neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [f"ckpt={forecaster}", f"input={forecaster.parent}/weather.nc", "output=a.nc"]
    Path("a.nc").write_text("mine")
    assert neurop("predict", *given) == 2
    assert "a.nc exists" in capsys.readouterr().err
    assert Path("a.nc").read_text() == "mine"
    assert neurop("predict", *given, "overwrite=true") == 0
    with xr.open_dataset("a.nc") as made:
        assert made.sizes["time"] == 1
    assert record(Path("a.json"))["output"] == "a.nc"
    Path("b.zarr").mkdir()
    Path("b.zarr/mine").touch()
    assert neurop("predict", *given[:2], "output=b.zarr", "overwrite=true") == 2
    assert Path("b.zarr/mine").exists()


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["output=a.txt"], "output"),
        (["output=a.csv"], "output"),
        (["grid=[8]"], "grid"),
        (["grid=[8,8]", "points=s.csv"], "points"),
        (["points=s.csv"], "s.csv"),
        (["steps=0"], "steps"),
        (["start=39"], "start"),
        (["samples=2"], "samples"),
        (["lead_time=2"], "lead_time"),
        (["forcing=weather.nc"], "forcing"),
        (["batch_size=0"], "batch_size"),
        (["data.axes=[x,x]"], "data.axes"),
        (["data.step=-1"], "data.step"),
        (["data.axis=[x]"], "data.axis"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(
    words: list[str],
    key: str,
    forecaster: Path,
    neurop: Command,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    given = [f"ckpt={forecaster}", f"input={forecaster.parent}/weather.nc"]
    assert neurop("predict", *given, *words) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert key in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.trust(
    "An output file is complete or not there",
    "Ctrl-C during the write",
)
def test_an_interrupted_prediction_leaves_nothing(
    forecaster: Path, neurop: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop() -> None:
        while not list(tmp_path.glob(".a.nc.*.part")):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=stop, daemon=True)
    thread.start()
    given = [f"ckpt={forecaster}", f"input={forecaster.parent}/weather.nc", "output=a.nc"]
    assert neurop("predict", *given, "steps=20000") == 130
    thread.join()
    assert "interrupted" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_run_on_arrays_reads_others_as_it_read_them(neurop: Command) -> None:
    rng = np.random.default_rng(0)
    arrays = {"u": rng.normal(size=(12, 4, 8)), "decay": rng.uniform(0.5, 2.0, 12)}
    arrays["heat"] = rng.normal(size=(12, 4))
    np.savez("own.npz", **arrays)
    data = ["data=file", "data.path=own.npz", "data.input=u", "data.axes=[sample,time,x]"]
    data += ["data.boundary=periodic", "data.conditions.parameters=decay", "data.step=0.5"]
    data += ["data.conditions.forcings=heat"]
    assert neurop("train", *data, *TRAINING, "hydra.run.dir=run") == 0
    assert neurop("predict", "ckpt=run", "input=own.npz", "steps=1") == 2  # its forcing ends
    assert neurop("predict", "ckpt=run", "input=own.npz", "start=1", "steps=2", "batch_size=5") == 0
    given = {n: (("sample", "time", "x")[: v.ndim], v) for n, v in arrays.items()}
    whole = xr.Dataset(given, {"time": 0.5 * np.arange(4)})
    with xr.open_dataset("run/predict/predict.nc") as made:
        assert made.u.dims == ("sample", "time", "x")
        np.testing.assert_allclose(made.decay, arrays["decay"], rtol=1e-6)
        np.testing.assert_allclose(made.time, [1.0, 1.5])
        start, forcing = whole.isel(time=[1]), whole[["heat"]]
        expected = load("run").rollout(start, 2, forcing)
        np.testing.assert_allclose(made.u, expected.u, rtol=1e-5, atol=1e-6)
    np.savez("heat.npz", heat=rng.normal(size=9))
    words = ["input=own.npz", "forcing=heat.npz", "steps=8", "output=b.nc"]
    assert neurop("predict", "ckpt=run", *words) == 0
    with xr.open_dataset("b.nc") as made:
        assert made.sizes["time"] == 8


def test_a_map(neurop: Command) -> None:
    a = np.random.default_rng(0).normal(size=(20, 8, 8)).astype(np.float32)
    np.savez("pairs.npz", a=a, u=a.cumsum(1))
    data = ["data=file", "data.path=pairs.npz", "data.input=a", "data.target=u"]
    data += ["data.axes=[sample,x,y]", "data.boundary=open"]
    assert neurop("train", *data, *TRAINING, "hydra.run.dir=run") == 0
    np.savez("new.npz", a=a[:3])
    assert neurop("predict", "ckpt=run", "input=new.npz", "output=u.zarr") == 0
    with xr.open_dataset("u.zarr") as made:
        assert made.u.dims == ("sample", "x", "y")
        expected = load("run").predict(a[:3, None, None])
        np.testing.assert_allclose(made.u, expected.u, rtol=1e-5, atol=1e-6)
    assert neurop("predict", "ckpt=run", "input=new.npz", "steps=2") == 2


def test_generated_data_and_another_grid(trained: Path, neurop: Command, store: Path) -> None:
    given = next(f for f in store.glob("navier_stokes-16-*.h5") if len(read(f)) > 40)
    words = [f"ckpt={trained}", f"input={given}", "steps=3", "samples=2", "start=0"]
    assert neurop("predict", *words, "output=own.nc") == 0
    assert neurop("predict", *words, "output=fine.nc", "grid=[32,32]") == 0
    with xr.open_dataset("own.nc") as own, xr.open_dataset("fine.nc") as fine:
        assert fine.vorticity.sizes == {"sample": 2, "time": 3, "x": 32, "y": 32}
        assert own.vorticity.units == load(trained).card.outputs[0].unit
        # The interpolation keeps the mean; the data are those of the generated file.
        np.testing.assert_allclose(
            fine.vorticity.mean(("x", "y")), own.vorticity.mean(("x", "y")), atol=1e-5
        )


def test_error_bands_of_a_calibrated_surrogate(
    trained: Path, neurop: Command, store: Path, tmp_path: Path
) -> None:
    given = next(f for f in store.glob("navier_stokes-16-*.h5") if len(read(f)) > 40)
    surrogate, data = load(trained), read(given)
    train, held_out = data.samples(slice(10, None)), data.samples(slice(10))
    surrogate.bands = calibrate(surrogate, train, held_out, level=0.5, steps=2)
    surrogate.save(tmp_path / "calibrated")
    words = [f"ckpt={tmp_path / 'calibrated'}", f"input={given}", "steps=3", "samples=2", "start=0"]
    assert neurop("predict", *words, "output=bands.nc") == 0
    assert neurop("predict", *words, "output=wide.nc", "level=0.8") == 0
    with xr.open_dataset("bands.nc") as made, xr.open_dataset("wide.nc") as wide:
        half = surrogate.bands.half_width((16, 16), 0.5)[:, 0]
        for name, sign in (("lower", -1), ("upper", 1)):
            found = (made[f"vorticity_{name}"] - made.vorticity).transpose("sample", "time", ...)
            np.testing.assert_allclose(found[:, :2], sign * half[None].repeat(2, 0), atol=1e-6)
            assert bool(found[:, 2].isnull().all())
        assert bool((wide.vorticity_upper >= made.vorticity_upper)[:, :2].all())
    assert neurop("predict", *words, "output=no.nc", "level=0.99") == 2
    assert not Path("no.nc").exists()


def test_an_archive_has_its_results_next_to_it(forecaster: Path, neurop: Command) -> None:
    with zipfile.ZipFile("fno.zip", "w") as archive:
        for file in (forecaster / "model").glob("model.*"):
            archive.write(file, file.name)
    given = f"input={forecaster.parent}/weather.nc"
    assert neurop("predict", "ckpt=fno.zip", given) == 0
    assert record(Path("fno-results/predict/predict.json"))["checkpoint"] == "fno.zip"
    assert Path("fno-results/predict/predict.nc").is_file()
    assert neurop("calibrate", "ckpt=fno.zip", "data=file", f"data.path={given[6:]}") == 2
    assert not Path("fno-results/calibrate").exists()


@pytest.mark.parametrize("read", ["points", "input"])
def test_a_file_that_is_read_is_never_the_output(
    read: str, forecaster: Path, neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("points.csv").write_text("lat,lon\n52.4,13.1\n")
    shutil.copy(forecaster.parent / "weather.nc", "a.nc")
    given = [f"ckpt={forecaster}", "input=a.nc", "points=points.csv", "overwrite=true"]
    name = {"points": "points.csv", "input": "a.nc"}[read]
    before = Path(name).read_bytes()
    assert neurop("predict", *given, f"output={name}") == 2
    assert f"{name} is read by this command" in capsys.readouterr().err
    assert Path(name).read_bytes() == before
