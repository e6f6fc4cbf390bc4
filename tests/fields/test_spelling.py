"""Data in another spelling than the surrogate's: names, orders, levels."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from neurop.fields.spelling import Spelling, order_of
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid

GLOBE = Grid.latlon()


def globe(name: str = "t") -> xr.Dataset:
    """Return a field whose value is 1000 latitude + longitude, on the surrogate's own axes."""
    latitude, longitude = (GLOBE.coordinates((5, 8))[n] for n in GLOBE.names)
    values = 1000 * latitude[:, None] + longitude
    return xr.Dataset(
        {name: (("latitude", "longitude"), values)},
        {"latitude": latitude, "longitude": longitude},
    )


def test_the_surrogates_own_spelling_is_unchanged() -> None:
    data = globe()
    spelling = Spelling.of(data, GLOBE)
    assert (spelling.names, spelling.orders) == ({}, {})
    xr.testing.assert_identical(spelling.standard(data, GLOBE), data)


@pytest.mark.parametrize("west", [-180.0, 0.0])
@pytest.mark.parametrize("south_first", [True, False])
def test_names_and_orders_of_the_globe(west: float, south_first: bool) -> None:
    own = globe().rename(latitude="lat", longitude="lon")
    turned = own.assign_coords(lon=(own.lon - west) % 360 + west).sortby("lon")
    turned = turned.isel(lat=slice(None, None, -1)) if south_first else turned
    turned["lat"].attrs["units"] = "degrees_north"
    spelling = Spelling.of(turned, GLOBE)
    made = spelling.standard(turned, GLOBE)
    np.testing.assert_array_equal(made.t, globe().t)
    np.testing.assert_array_equal(made.longitude, globe().longitude)
    xr.testing.assert_identical(spelling.restored(made), turned)


def test_axes_are_known_by_their_attributes() -> None:
    own = globe().rename(latitude="g0", longitude="g1")
    own["g0"].attrs["units"], own["g1"].attrs["units"] = "degrees_north", "degrees_east"
    assert Spelling.of(own, GLOBE).names == {"latitude": "g0", "longitude": "g1"}


def test_a_name_of_the_grid_is_no_other_axis() -> None:
    grid = Grid((Axis("t"), Axis("x")))
    data = xr.Dataset({"u": (("t", "x"), np.zeros((4, 8)))})
    assert Spelling.of(data, grid).names == {}


def test_levels_become_fields() -> None:
    t = np.stack([globe().t.values + 850, globe().t.values + 500])
    data = xr.Dataset(
        {"t": (("level", "lat", "lon"), t, {"units": "K"}), "ps": (("lat", "lon"), t[0])},
        {"level": ("level", [85000.0, 50000.0], {"units": "Pa"})},
    )
    made = Spelling.of(data, GLOBE).standard(data, GLOBE)
    assert sorted(map(str, made.data_vars)) == ["ps", "t500", "t850"]
    np.testing.assert_array_equal(made.t500, globe().t + 500)
    assert made.t850.attrs == {"units": "K"}


def test_predictions_on_another_grid_keep_the_direction() -> None:
    own = globe().rename(latitude="lat").isel(lat=slice(None, None, -1))
    spelling = Spelling.of(own, GLOBE)
    fine = {"latitude": GLOBE.axes[0].coordinates(9)}
    made = xr.Dataset({"t": ("latitude", np.arange(9.0))}, fine)
    shown = spelling.restored(made)
    assert shown.t.dims == ("lat",)
    assert shown.t.values.tolist() == list(range(8, -1, -1))
    assert shown.lat.values[0] == -90


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (np.arange(4) / 4, None),
        (np.arange(4)[::-1] / 4, [3, 2, 1, 0]),
        (np.arange(4) / 4 - 0.5, [2, 3, 0, 1]),
        (np.float32(np.arange(4) / 4 - 1e-7), None),
        (np.arange(4) / 4 + 0.1, None),  # other points, which are refused where they are read
        (np.array(["a", "b"]), None),
    ],
)
def test_orders_of_a_periodic_axis(points: np.ndarray, expected: list[int] | None) -> None:
    found = order_of(Axis("x"), points)
    assert (None if found is None else found.tolist()) == expected


def test_a_wall_has_no_period() -> None:
    axis = Axis("y", "dirichlet", layout="ends")
    assert order_of(axis, np.linspace(1, 2, 5)) is None
    found = order_of(axis, np.linspace(1, 0, 5))
    assert found is not None
    assert found.tolist() == [4, 3, 2, 1, 0]
