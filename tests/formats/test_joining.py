"""Files are joined in the units of the first; what differs between them is a parameter."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr
from raising import raises_input

from neurop.datasets.file import File
from neurop.fields.units import conversion

LATITUDE, LONGITUDE = np.linspace(90, -90, 5), np.arange(8) * 45.0
KELVIN = 290 + np.random.default_rng(0).normal(size=(6, 5, 8))


def dated(path: Path, values: np.ndarray, first: int, unit: str | None, **more: Any) -> str:
    times = np.datetime64("2020-01-01", "ns") + (first + np.arange(len(values))) * np.timedelta64(
        6, "h"
    )
    about = {} if unit is None else {"units": unit}
    dims = ("time", "latitude", "longitude")
    coords = dict(zip(dims, (times, LATITUDE, LONGITUDE), strict=True))
    fields = {"t2m": (dims, values.astype("f4"), about), **more}
    xr.Dataset(fields, coords).to_netcdf(path, engine="h5netcdf")
    return str(path)


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    ("unit", "factor", "offset"), [("degC", 1, -273.15), ("degF", 1.8, -459.67), ("Kelvin", 1, 0)]
)
def test_values_are_converted_to_the_unit_of_the_first(
    unit: str, factor: float, offset: float, lazy: bool, tmp_path: Path
) -> None:
    one = dated(tmp_path / "a.nc", KELVIN[:3], 0, "K")
    two = dated(tmp_path / "b.nc", KELVIN[3:] * factor + offset, 3, unit)
    made = File([one, two], storage={"lazy": lazy})._all
    np.testing.assert_allclose(made.values[0, :, 0], KELVIN, atol=1e-4)
    assert made.fields[0].unit == "K"


@pytest.mark.parametrize("unit", ["Pa", None, "furlong"])
def test_a_unit_that_cannot_be_converted_is_refused(unit: str | None, tmp_path: Path) -> None:
    one = dated(tmp_path / "a.nc", KELVIN[:3], 0, "K")
    two = dated(tmp_path / "b.nc", KELVIN[3:], 3, unit)
    with raises_input("path", two, f"'t2m' in {unit or 1}, .* in K; convert"):
        File([one, two])._all  # noqa: B018


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("m s**-1", "m/s", (1, 0)),
        ("km h-1", "m s-1", (1 / 3.6, 0)),
        ("g kg-1", "kg kg**-1", (1e-3, 0)),
        ("millibars", "Pa", (100, 0)),
        ("W m**-2", "kg s-3", (1, 0)),
        ("m2 s-2", "J kg-1", (1, 0)),
        ("degC", "degF", (1.8, 32)),
        ("dBZ", "1", None),
        ("m", "s", None),
    ],
)
def test_conversions(one: str, two: str, expected: tuple[float, float] | None) -> None:
    found = conversion(one, two)
    assert found == (None if expected is None else pytest.approx(expected))
    if found is not None:
        back = conversion(two, one)
        assert back is not None
        assert (7.0 * found[0] + found[1]) * back[0] + back[1] == pytest.approx(7.0)


def test_fields_in_another_order_are_joined_by_name(tmp_path: Path) -> None:
    dims = ("time", "latitude", "longitude")
    extra = {"u10": (dims, np.ones((3, 5, 8), "f4"), {"units": "m/s"})}
    one = dated(tmp_path / "a.nc", KELVIN[:3], 0, "K", **extra)
    with xr.open_dataset(dated(tmp_path / "c.nc", KELVIN[3:], 3, "K", **extra)) as data:
        swapped = data[["u10", "t2m"]].load()
    swapped.to_netcdf(tmp_path / "b.nc", engine="h5netcdf")
    made = File([one, str(tmp_path / "b.nc")])._all
    np.testing.assert_allclose(made.values[0, :, 0], KELVIN.astype("f4"))
    assert (made.values[0, :, 1] == 1).all()


def burgers(path: Path, attributes: dict[str, float], seed: int = 0) -> str:
    with h5py.File(path, "w") as file:
        file["tensor"] = np.random.default_rng(seed).normal(size=(3, 4, 8)).astype("f4")
        file["x-coordinate"], file["t-coordinate"] = (np.arange(8) + 0.5) / 8, 0.1 * np.arange(5)
        file.attrs.update(attributes)
    return str(path)


def test_attributes_that_differ_are_a_parameter_per_sample(tmp_path: Path) -> None:
    files = [burgers(tmp_path / f"{i}.h5", {"Nu": 0.1 * i, "seed": i, "c": 2.0}, i) for i in (1, 2)]
    made = File(files)._all
    (nu,) = made.conditions
    assert (nu.field.name, nu.role) == ("Nu", "parameter")
    np.testing.assert_allclose(np.ravel(nu.values), [0.1] * 3 + [0.2] * 3)
    assert made.attributes == {"c": 2.0}
    lacks = burgers(tmp_path / "3.h5", {"c": 2.0})
    with raises_input("path", lacks, "no number 'Nu'"):
        File([*files, lacks])._all  # noqa: B018


def test_the_name_of_a_pdebench_file_says_its_parameter(tmp_path: Path) -> None:
    files = [burgers(tmp_path / f"1D_Burgers_Sols_Nu{nu}.hdf5", {}) for nu in (0.001, 0.01)]
    assert File(files[0])._all.attributes == {"Nu": 0.001}
    (nu,) = File(files)._all.conditions
    np.testing.assert_allclose(np.ravel(nu.values), [0.001] * 3 + [0.01] * 3)


def test_a_variable_without_time_is_static_and_a_scalar_a_parameter(tmp_path: Path) -> None:
    hill = (("latitude", "longitude"), np.random.default_rng(1).normal(size=(5, 8)), {"units": "m"})
    paths = []
    for i, viscosity in enumerate((1e-3, 2e-3)):
        more = {"orography": hill, "viscosity": ((), viscosity), "area": hill[:2]}
        path = dated(tmp_path / f"{i}.nc", KELVIN[3 * i : 3 * i + 3], 0, "K", **more)
        with xr.open_dataset(path) as data:
            marked = data.load()
        marked.t2m.attrs["cell_measures"] = "area: area"
        marked.to_netcdf(path, engine="h5netcdf")
        paths.append(path)
    made = File(paths)._all
    assert [(c.field.name, c.role) for c in made.conditions] == [
        ("orography", "static"),
        ("viscosity", "parameter"),
    ]
    assert made.values.shape[:2] == (2, 3)
    np.testing.assert_allclose(np.ravel(made.conditions[1].values), [1e-3, 2e-3])


def test_several_numbers_per_sample_are_parameters(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(10, 2))
    np.savez(tmp_path / "a.npz", u=rng.normal(size=(10, 4, 8)), p=numbers)
    axes = {"axes": ["sample", "time", "x"], "boundary": "periodic"}
    made = File(str(tmp_path / "a.npz"), "u", **axes, conditions={"parameters": "p"})._all
    assert [c.field.name for c in made.conditions] == ["p0", "p1"]
    np.testing.assert_array_equal(
        np.stack([np.ravel(c.values) for c in made.conditions], 1), numbers.astype("f4")
    )


def test_several_npy_files_have_one_field(tmp_path: Path) -> None:
    for i in range(3):
        np.save(tmp_path / f"run_{i}.npy", np.full((2, 4, 8), i + 0.0))
    axes = {"axes": ["sample", "time", "x"], "boundary": "periodic"}
    made = File(str(tmp_path / "*.npy"), **axes)._all
    assert (made.fields[0].name, made.values.shape[0]) == ("run", 6)
    assert made.values[:, 0, 0, 0].tolist() == [0, 0, 1, 1, 2, 2]
