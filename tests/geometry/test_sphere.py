"""A sphere is one value whatever makes it, and no other thing passes for one."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from neurop.errors import InputError
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere

EAST = Axis("longitude", "periodic", 0.0, 360.0, "degrees_east")


def south(start: float, length: float, layout: str = "ends", unit: str = "degrees_north") -> Axis:
    return Axis("latitude", "open", start, length, unit, layout)  # type: ignore[arg-type]


@pytest.mark.parametrize("grid", [Grid.latlon(), Sphere.latlon(gauss=True), Grid.periodic(2)])
def test_a_copy_is_equal_and_of_its_class(grid: Grid) -> None:
    for again in (
        copy.deepcopy(grid),
        pickle.loads(pickle.dumps(grid)),
        Grid.from_dict(grid.to_dict()),
    ):
        assert again == grid
        assert hash(again) == hash(grid)
        assert type(again) is type(grid)
    assert grid.to_dict()["geometry"] == ("sphere" if isinstance(grid, Sphere) else "flat")


def test_a_flat_grid_of_the_same_axes_is_another() -> None:
    sphere = Sphere.latlon()
    assert Grid(sphere.axes) != sphere
    assert len({Grid(sphere.axes), sphere, Grid.latlon()}) == 2


def test_radians_are_taken_as_such() -> None:
    turned = Axis("longitude", "periodic", 0.0, 2 * np.pi, "rad")
    sphere = Sphere((south(np.pi / 2, -np.pi, unit="rad"), turned))
    assert sphere.is_whole
    np.testing.assert_allclose(sphere.latitudes(3), [np.pi / 2, 0, -np.pi / 2], atol=1e-15)
    np.testing.assert_allclose(sphere.weights((9, 4)), Sphere.latlon().weights((9, 4)), atol=1e-14)


@pytest.mark.parametrize(
    ("grid", "whole"),
    [
        (Sphere.latlon(), True),
        (Sphere.latlon(north_first=False, gauss=True), True),
        (Sphere((south(90, -180, "left"), EAST)), True),
        (Sphere((south(60, -120), EAST)), False),
        (Sphere((south(90, -180), Axis("longitude", "open", 10.0, 40.0, layout="ends"))), False),
        # Both ends in: one meridian is there twice.
        (Sphere((south(90, -180), Axis("longitude", "open", 0.0, 360.0, layout="ends"))), False),
    ],
)
def test_whole_is_from_pole_to_pole_and_once_around(grid: Sphere, whole: bool) -> None:
    assert grid.is_whole == whole
    assert grid.has_boundary != whole


def test_a_box_has_a_boundary_unless_every_axis_is_periodic() -> None:
    assert not Grid.periodic(2).has_boundary
    assert Grid((Axis("x"), Axis("y", "open", layout="ends"))).has_boundary


@pytest.mark.parametrize(
    ("axis", "message"),
    [
        (south(0, 180), "latitude runs from 0 to 180 degrees; count it from the equator"),
        (south(90, -270), "latitude runs from 90 to -180 degrees"),
        (south(np.pi, -np.pi, unit="rad"), "latitude runs from 180 to 0 degrees"),
        (south(60, -120, "gauss"), "60 to -60 degrees; layout 'gauss' is from pole to pole"),
    ],
)
def test_latitudes_that_are_none_are_refused(axis: Axis, message: str) -> None:
    with pytest.raises(InputError) as error:
        Sphere((axis, EAST))
    assert message in str(error.value)
