from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from raising import raises_input
from small import FIELDS, evolution

from neurop.fields.field import Field
from neurop.fields.labelled import from_xarray, squeezed
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid

BOX = Grid((Axis("x", length=2.0), Axis("y", start=1.0)))


def given() -> xr.Dataset:
    return evolution(grid=BOX).to_xarray()


def read(data: xr.Dataset) -> np.ndarray:
    return from_xarray(data, FIELDS, BOX).check_finite().values


def test_a_set_returns_from_its_labelled_form() -> None:
    whole = evolution(grid=BOX)
    again = from_xarray(whole.to_xarray(), FIELDS, BOX)
    np.testing.assert_array_equal(again.values, whole.values)
    np.testing.assert_array_equal(again.times.values, whole.times.values)
    assert (again.fields, again.grid, again.times.unit) == (FIELDS, BOX, "s")


def test_fields_come_in_the_order_asked_for_and_others_are_left() -> None:
    data = given().assign(q=given().u * np.nan)[["q", "p", "u"]]
    np.testing.assert_array_equal(read(data), evolution().values)
    reversed_ = from_xarray(data, FIELDS[::-1], BOX).values
    np.testing.assert_array_equal(reversed_, evolution().values[:, :, ::-1])


def test_missing_dimensions_have_length_one() -> None:
    expected = evolution().values[2:, 3:4]
    np.testing.assert_array_equal(read(given().isel(sample=2, time=3)), expected)
    np.testing.assert_array_equal(
        read(given().isel(sample=2, time=3, drop=True).transpose("y", "x")), expected
    )


def test_a_constant_field_is_the_same_in_all_frames() -> None:
    data = given()
    data["p"] = data.p.isel(sample=1, time=2, drop=True).transpose("y", "x")
    values = read(data)
    np.testing.assert_array_equal(values[:, :, 0], evolution().values[:, :, 0])
    np.testing.assert_array_equal(
        values[:, :, 1], np.broadcast_to(evolution().values[1, 2, 1], (3, 6, 9, 8))
    )


@pytest.mark.parametrize("dtype", [">f4", ">f8", "f4", "i4"])
def test_numbers_of_other_kinds(dtype: str) -> None:
    values = read(given().round().astype(dtype))
    np.testing.assert_array_equal(values, evolution().values.round())
    assert values.dtype.isnative


@pytest.mark.parametrize("noise", [0.0, 1e-4])
def test_coordinates_may_be_rounded_or_absent(noise: float) -> None:
    data = given()
    rounded = data.assign_coords(x=data.x + noise * 2 / 9, y=data.y.astype("f4"))
    np.testing.assert_array_equal(read(rounded), evolution().values)
    np.testing.assert_array_equal(read(data.drop_vars(["x", "y", "time"])), evolution().values)


def spoilt(data: xr.Dataset) -> xr.Dataset:
    data.p[2, 4, 0, 5] = np.inf
    return data


@pytest.mark.parametrize(
    ("change", "key", "value", "message"),
    [
        (lambda d: d[["u"]], "fields", "p", "choose from u"),
        (lambda d: d.rename(p="pp").rename(pp="P"), "fields", "p", "no variable"),
        (lambda d: d.assign(u=d.u.assign_attrs(units="Pa")), "unit", "Pa", "'u'"),
        (lambda d: d.isel(y=0), "axes", "y", "missing"),
        (lambda d: d.rename(x="lon"), "axes", "x", "missing"),
        (lambda d: d.expand_dims(level=2), "axes", "level", "'level'"),
        (lambda d: d.assign_coords(x=d.x + 1), "axes", "x", r"1, 1\.22222, .* 0, 0\.222222"),
        (lambda d: d.isel(y=slice(None, None, -1)), "axes", "y", "sort, roll or interpolate"),
        (lambda d: d.isel(x=slice(8)), "axes", "x", "runs"),
        (lambda d: d.isel(x=[1]), "axes", "x", r"runs 0\.222222; the surrogate needs 0;"),
        (spoilt, "field", "p", r"sample 2, frame 4 is inf at point \(0, 5\)"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    change: Callable[[xr.Dataset], xr.Dataset], key: str, value: str, message: str
) -> None:
    with raises_input(key, value, message):
        read(change(given()))


@pytest.mark.parametrize("unit", ["m/s", "m s**-1", "m.s-1"])
def test_a_unit_may_be_spelled_differently(unit: str) -> None:
    data = given()
    data.u.attrs["units"] = unit
    np.testing.assert_array_equal(read(data), evolution().values)


def test_other_units_are_converted() -> None:
    data = given()
    data["u"] = (3.6 * data.u).assign_attrs(units="km h-1")
    data["p"] = (data.p / 100).assign_attrs(units="hPa")
    np.testing.assert_allclose(read(data), evolution().values, rtol=1e-12)


def test_squeezing_follows_the_given_dimensions() -> None:
    made = evolution(samples=1, frames=1, grid=BOX).to_xarray()
    plain = (
        given()
        .isel(sample=0, time=0, drop=True)
        .assign_coords(x=("x", given().x.values + 1e-9, {"units": "m"}))
    )
    squeezed_ = squeezed(made, plain, keep_time=False)
    assert squeezed_.u.dims == ("x", "y")
    np.testing.assert_array_equal(squeezed_.x, plain.x)
    assert (squeezed_.x.attrs, squeezed_.y.attrs) == ({"units": "m"}, {"units": "1"})
    np.testing.assert_array_equal(squeezed_.u, made.u[0, 0])
    assert squeezed(made, plain, keep_time=True).u.dims == ("time", "x", "y")


def test_a_unit_that_is_not_said_is_taken_for_the_right_one() -> None:
    data = given()
    for name in ("u", "p"):
        del data[name].attrs["units"]
    fields = from_xarray(data, (Field("u", "knots"), FIELDS[1]), BOX).fields
    assert [f.unit for f in fields] == ["knots", "Pa"]
