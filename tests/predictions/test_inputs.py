"""Files of a prediction: read by the description of the surrogate alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from raising import raises_input
from small import evolution, mapping, surrogate

from neurop.card import Card
from neurop.errors import InputError
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.times import Times
from neurop.formats.choose import ReadOptions
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.inference.start import start_of
from neurop.predictions.forcings import read_forcings, with_rest
from neurop.predictions.inputs import Inputs, read_inputs
from neurop.predictions.presentation import Presentation
from neurop.predictions.starting_data import starting_data
from neurop.problems import Evolution, LeadTimes

DATES = Times(np.datetime64("2026-02-01", "ns") + np.arange(6) * np.timedelta64(6, "h"))
GLOBE = evolution((5, 8), grid=Grid.latlon(), samples=1, times=DATES)


def card(history: int = 1) -> Card:
    return surrogate(GLOBE, problem=Evolution(history)).card


def start(inputs: Inputs, of: Card, *how: Any) -> xr.Dataset:
    return starting_data(inputs, of, *how)[0]


def other(data: xr.Dataset) -> xr.Dataset:
    """Return the weather in another spelling."""
    data = data.isel(sample=0).rename(latitude="lat", longitude="lon", time="valid_time")
    data["u"] = (data.u * 3.6).assign_attrs(units="km h**-1")
    data["p"] = (data.p / 100).assign_attrs(units="millibar")
    data = data.assign_coords(lon=(data.lon + 180) % 360 - 180).sortby(["lat", "lon"])
    data["lat"].attrs["units"], data["lon"].attrs["units"] = "degrees_north", "degrees_east"
    return data


@pytest.mark.parametrize("name", ["weather.nc", "weather.zarr", "parts"])
def test_files_in_another_spelling(name: str, tmp_path: Path) -> None:
    data, path = other(GLOBE.to_xarray()), tmp_path / name
    if name == "parts":
        for i in range(2):
            data.isel(valid_time=slice(3 * i, 3 * i + 3)).to_netcdf(tmp_path / f"{i}.nc")
        path = tmp_path / "*.nc"
    elif path.suffix == ".nc":
        data.to_netcdf(path)
    else:
        data.to_zarr(path, zarr_format=2)
    inputs = read_inputs(str(path), card(2))
    made = start(inputs, card(2))
    begun = start_of(surrogate(GLOBE, problem=Evolution(2)), made)
    np.testing.assert_allclose(begun.frames, GLOBE.values[:, -2:], rtol=2e-6)
    np.testing.assert_array_equal(made.time, DATES.values[-2:])
    shown = Presentation.of(inputs, card(2), made, begun)
    assert (inputs.sampled, shown.spelling.names) == (
        False,
        {"latitude": "lat", "longitude": "lon"},
    )
    assert shown.along["forecast_reference_time"].values == DATES.values[-1]


def test_a_file_of_one_time_keeps_its_date(tmp_path: Path) -> None:
    other(GLOBE.to_xarray()).isel(valid_time=3).to_netcdf(tmp_path / "one.nc")
    made = start(read_inputs(str(tmp_path / "one.nc"), card()), card())
    assert made.time.values.tolist() == DATES.values[3:4].tolist()


def test_arrays_without_names_take_those_of_the_surrogate(tmp_path: Path) -> None:
    data = evolution(channels=1)
    of = surrogate(data).card
    np.save(tmp_path / "a.npy", data.values[0, -1, 0])
    made = start(read_inputs(str(tmp_path / "a.npy"), of), of)
    np.testing.assert_allclose(made.u.squeeze(), data.values[0, -1, 0], rtol=1e-6)
    assert "x" not in made.coords  # where the points lie is the surrogate's knowledge
    assert "time" not in made.coords
    np.save(tmp_path / "b.npy", data.values[:, :, 0])
    inputs = read_inputs(
        str(tmp_path / "b.npy"), of, ReadOptions(axes=("sample", "time", "x", "y"))
    )
    np.testing.assert_allclose(start(inputs, of).u[:, 0], data.values[:, -1, 0], rtol=1e-6)
    with raises_input("path", str(tmp_path / "b.npy"), "no names"):
        read_inputs(str(tmp_path / "b.npy"), of)


def test_a_unit_that_a_file_lacks_is_said(tmp_path: Path) -> None:
    data = evolution(channels=1)
    np.save(tmp_path / "a.npy", data.values[0, -1, 0])
    with pytest.warns(UserWarning, match="no unit for 'u'.* m s-1"):
        read_inputs(str(tmp_path / "a.npy"), surrogate(data).card)


def test_a_map_needs_no_truth(tmp_path: Path) -> None:
    data = mapping()
    of = surrogate(data).card
    np.savez(tmp_path / "a.npz", a=data.values[:, 0, 0])
    options = ReadOptions(axes=("sample", "x", "y"))
    made = start(read_inputs(str(tmp_path / "a.npz"), of, options), of)
    np.testing.assert_allclose(made.a[:, 0], data.values[:, 0, 0], rtol=1e-6)


def test_start_samples_and_lengths(tmp_path: Path) -> None:
    data = evolution(frames=6, samples=3)
    assert data.times is not None
    times = replace(data.times, lengths=(6, 4, 5))
    inputs = Inputs(replace(data, times=times), frozenset({"time", "x", "y"}), ("a",), True)
    of = surrogate(data, problem=Evolution(2)).card
    last = start(inputs, of)
    for i, n in enumerate((6, 4, 5)):
        np.testing.assert_array_equal(last.u[i], data.values[i, n - 2 : n, 0])
    assert "time" not in last.coords
    assert last.forecast_reference_time.values.tolist() == [2.5, 1.5, 2.0]
    first = start(inputs, of, 1, 2)
    np.testing.assert_array_equal(first.p, data.values[:2, 1:3, 1])
    assert first.time.values.tolist() == [0.5, 1.0]
    for how, key, value in (((3,), "start", 3), ((None, 4), "samples", 4)):
        with raises_input(key, value):
            start(inputs, of, *how)
    with raises_input("lead_time", 2):
        start(inputs, of, None, None, 2)


def test_forcings_of_the_input_begin_at_the_last_frame() -> None:
    heat = np.arange(18.0).reshape(3, 6, 1, 1, 1)
    condition = Condition(Field("heat", "K"), "forcing", heat)
    data = evolution(frames=6, samples=3, conditions=(condition,))
    inputs = Inputs(data, frozenset({"time", "x", "y"}), ("a",), True)
    of = surrogate(data).card
    forcing = starting_data(inputs, of, 2)[1]
    np.testing.assert_array_equal(forcing.heat, heat[:, 2:, 0, 0, 0])
    assert forcing.time.values.tolist() == [1.0, 1.5, 2.0, 2.5]
    assert data.times is not None
    uneven = replace(data, times=replace(data.times, lengths=(6, 4, 5)))
    late = starting_data(replace(inputs, data=uneven), of)[1]
    assert late.heat.values.tolist() == [[5.0], [9.0], [16.0]]


def forced() -> tuple[Inputs, Card]:
    heat = Condition(Field("heat", "K"), "forcing", np.arange(18.0).reshape(3, 6, 1, 1, 1))
    data = evolution(frames=6, samples=3, conditions=(heat,))
    return Inputs(data, frozenset({"time", "x", "y"}), ("a",), True), surrogate(data).card


def test_forcings_of_files_follow_each_other(tmp_path: Path) -> None:
    inputs, of = forced()
    for i, name in enumerate(("b.nc", "a.nc")):
        unit, zero = ("degC", 273.15) if i else ("K", 0.0)
        heat = xr.DataArray(np.arange(3.0) + 3 * i - zero, dims="time", attrs={"units": unit})
        time = ("time", 0.5 * (np.arange(3.0) + 3 * i), {"units": "s"})
        xr.Dataset({"heat": heat}, {"time": time}).to_netcdf(tmp_path / name)
    made = read_forcings(str(tmp_path / "*.nc"), of, inputs)
    np.testing.assert_allclose(made.heat, np.arange(6.0), atol=1e-4)
    assert made.heat.units == "K"
    assert made.time.values.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert with_rest(made, xr.Dataset({"heat": ("time", [9.0])})) is made
    with raises_input("forcing", "rain"):
        with_rest(made, xr.Dataset({"rain": ("time", [9.0])}))


@pytest.mark.parametrize(
    ("shape", "dims"),
    [((7,), ("time",)), ((3, 7), ("sample", "time")), ((7, 9, 8), ("time", "x", "y"))],
)
def test_forcings_without_names_of_axes(
    shape: tuple[int, ...], dims: tuple[str, ...], tmp_path: Path
) -> None:
    inputs, of = forced()
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.savez(tmp_path / "a.npz", heat=values)
    made = read_forcings(str(tmp_path / "a.npz"), of, inputs)
    assert made.heat.dims == dims
    np.testing.assert_array_equal(made.heat, values)


def test_axes_that_may_be_two_are_asked_for(tmp_path: Path) -> None:
    data = evolution((5,), channels=1, samples=4, frames=6)
    heat = Condition(Field("heat", "K"), "forcing", np.arange(24.0).reshape(4, 6, 1, 1))
    data = replace(data, conditions=(heat,))
    inputs = Inputs(data, frozenset({"time", "x"}), ("a",), True)
    np.savez(tmp_path / "a.npz", heat=np.zeros((4, 5)))
    with raises_input("path", str(tmp_path / "a.npz"), "axes without names"):
        read_forcings(str(tmp_path / "a.npz"), surrogate(data).card, inputs)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda d: d[["u"]], "input"),
        (lambda d: d.isel(lon=0), "axes"),
        (lambda d: d.isel(valid_time=slice(1)), "frames"),
    ],
)
def test_what_a_file_lacks_is_one_line(
    change: Callable[[xr.Dataset], xr.Dataset], key: str, tmp_path: Path
) -> None:
    change(other(GLOBE.to_xarray())).to_netcdf(tmp_path / "a.nc")
    with pytest.raises(InputError) as error:
        start(read_inputs(str(tmp_path / "a.nc"), card(2)), card(2))
    assert error.value.key == key
    assert "\n" not in str(error.value)


def test_another_wall_is_no_matter_of_the_file(tmp_path: Path) -> None:
    box = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", length=2.0)))
    data = evolution(grid=box)
    data.to_xarray().to_netcdf(tmp_path / "a.nc")
    of = surrogate(data).card
    made = start(read_inputs(str(tmp_path / "a.nc"), of), of)
    np.testing.assert_allclose(made.u[:, 0], data.values[:, -1, 0], rtol=1e-6)
    np.testing.assert_allclose(made.x, np.linspace(0, 1, 9))


def test_parameters_become_coordinates_in_the_unit_of_the_surrogate(tmp_path: Path) -> None:
    nu = Condition(Field("nu", "m2 s-1"), "parameter", np.array([1.0, 2, 3]).reshape(3, 1, 1, 1, 1))
    data = evolution(conditions=(nu,))
    given = data.to_xarray()
    given["nu"] = (1e4 * given.nu).assign_attrs(units="cm2 s-1")
    given.to_netcdf(tmp_path / "a.nc")
    s = surrogate(data)
    inputs = read_inputs(str(tmp_path / "a.nc"), s.card)
    made = start(inputs, s.card)
    shown = Presentation.of(inputs, s.card, made, start_of(s, made))
    np.testing.assert_allclose(shown.along["nu"], [1, 2, 3], rtol=1e-6)
    assert shown.along["nu"].attrs["units"] == "m2 s-1"


def test_frames_are_one_lead_time_apart() -> None:
    data = evolution(frames=6)
    of = surrogate(data, problem=LeadTimes(history=2, leads=(1, 2))).card
    inputs = Inputs(data, frozenset({"time", "x", "y"}), ("a",), True)
    made = start(inputs, of, None, None, 2)
    np.testing.assert_array_equal(made.u, data.values[:, [3, 5], 0])
    assert made.time.values.tolist() == [1.5, 2.5]
    assert made.attrs["lead_time"] == 1.0
    assert start(inputs, of).attrs["lead_time"] == 0.5


def test_forcings_are_those_of_the_steps_of_a_lead_time() -> None:
    heat = np.arange(18.0).reshape(2, 9, 1, 1, 1)
    data = evolution(
        frames=9, samples=2, conditions=(Condition(Field("heat", "K"), "forcing", heat),)
    )
    inputs = Inputs(data, frozenset({"x", "y"}), ("a",), True)
    of = surrogate(data, problem=LeadTimes(leads=(2, 4))).card
    assert starting_data(inputs, of, 0, lead=4)[1].heat.values.tolist() == [[0, 4, 8], [9, 13, 17]]
    assert starting_data(inputs, of, 1)[1].heat.values[0].tolist() == [1, 3, 5, 7]


def test_forcings_of_which_some_have_times_are_refused(tmp_path: Path) -> None:
    heat, rain = (
        Condition(Field(name, "K"), "forcing", np.arange(18.0).reshape(3, 6, 1, 1, 1))
        for name in ("heat", "rain")
    )
    data = evolution(frames=6, samples=3, conditions=(heat, rain))
    inputs, of = Inputs(data, frozenset({"time", "x", "y"}), ("a",), True), surrogate(data).card
    np.savez(tmp_path / "rain.npz", rain=np.arange(5.0))
    np.savez(tmp_path / "heat.npz", heat=np.arange(4.0))
    made = read_forcings(str(tmp_path / "*.npz"), of, inputs)
    assert made.rain.values.tolist() == made.heat.values.tolist() == [0, 1, 2, 3]
    time = ("time", 0.5 * np.arange(5.0), {"units": "s"})
    dated = xr.Dataset({"heat": ("time", np.arange(5.0))}, {"time": time})
    dated.to_netcdf(tmp_path / "heat.nc")
    with raises_input("forcing", "rain", "have no times"):
        read_forcings([str(tmp_path / "heat.nc"), str(tmp_path / "rain.npz")], of, inputs)
