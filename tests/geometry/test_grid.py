from __future__ import annotations

import json

import numpy as np
import pytest
from raising import raises_input

from neurop.errors import InputError
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere

LAYOUTS = ["left", "ends", "cells", "gauss", "chebyshev"]
# Roots of P_4 = (35 x^4 - 30 x^2 + 3) / 8, closed form.
ROOTS = [-np.sqrt(3 / 7 + 2 / 7 * np.sqrt(6 / 5)), -np.sqrt(3 / 7 - 2 / 7 * np.sqrt(6 / 5))]
# The weights that integrate 1 and cos 2 theta exactly.
POLAR = 0.5 * (1 - 2 * ROOTS[1] ** 2) / (2 * ROOTS[0] ** 2 - 2 * ROOTS[1] ** 2)
GAUSS = [*np.arccos([-ROOTS[0], -ROOTS[1], ROOTS[1], ROOTS[0]]) / np.pi]


LATITUDE = Axis("latitude", "open", 90.0, -180.0, "degrees_north", "chebyshev")


def integral(axis: Axis, n: int, values: np.ndarray) -> float:
    return float(axis.weights(n) @ values)


@pytest.mark.parametrize(
    ("layout", "points", "weights"),
    [
        ("left", [0, 0.25, 0.5, 0.75], [0.25] * 4),
        ("ends", [0, 1 / 3, 2 / 3, 1], [1 / 6, 1 / 3, 1 / 3, 1 / 6]),
        ("cells", [0.125, 0.375, 0.625, 0.875], [0.25] * 4),
        ("gauss", GAUSS, [POLAR, 0.5 - POLAR, 0.5 - POLAR, POLAR]),
        ("chebyshev", [0, 0.25, 0.75, 1], [1 / 18, 4 / 9, 4 / 9, 1 / 18]),
    ],
)
def test_points_and_weights_of_the_layouts(
    layout: str, points: list[float], weights: list[float]
) -> None:
    axis = Axis("x", "open", start=10.0, length=-4.0, layout=layout)
    np.testing.assert_allclose(axis.points(4), points, atol=1e-15)
    np.testing.assert_allclose(axis.coordinates(4), [10 - 4 * p for p in points], atol=1e-14)
    np.testing.assert_allclose(axis.weights(4), weights, atol=1e-15)


@pytest.mark.parametrize("n", [2, 5, 8, 33])
def test_quadrature_is_exact_where_it_should_be(n: int) -> None:
    for layout in LAYOUTS:
        axis = Axis("x", "open", layout=layout)
        assert integral(axis, n, np.ones(n)) == pytest.approx(1, abs=1e-14)
        if layout != "left":
            assert integral(axis, n, 3 * axis.points(n) + 1) == pytest.approx(2.5, abs=1e-13)
    for layout in ("left", "cells"):
        axis = Axis("x", layout=layout)
        for k in range(1, n):
            wave = np.exp(2j * np.pi * k * axis.points(n))
            assert abs(axis.weights(n) @ wave) < 1e-14


@pytest.mark.parametrize("n", [2, 3, 4, 9, 64, 257])
def test_clenshaw_curtis_is_exact_for_polynomials_of_fewer_degrees_than_points(n: int) -> None:
    axis = Axis("t", "open", layout="chebyshev")
    powers = axis.points(n) ** np.arange(n + 3)[:, None]
    errors = np.abs(powers @ axis.weights(n) - 1 / np.arange(1, n + 4))
    assert errors[:n].max() < 1e-14
    # An odd number of points is symmetric about one: also of degree n, then no further.
    assert errors[n] < 1e-14 if n % 2 else errors[n] > 1e-17
    assert n > 4 or errors[n + n % 2] > 1e-3
    assert (axis.weights(n) > 0).all()
    np.testing.assert_allclose(axis.points(n), (1 - np.cos(np.pi * np.arange(n) / (n - 1))) / 2)


def test_the_error_of_clenshaw_curtis_falls_exponentially() -> None:
    axis = Axis("t", "open", layout="chebyshev")
    assert integral(axis, 12, np.exp(axis.points(12))) == pytest.approx(np.e - 1, abs=2e-15)


@pytest.mark.parametrize(("layout", "order"), [("left", 1), ("ends", 2), ("cells", 2)])
def test_order_of_the_quadrature_on_walled_axes(layout: str, order: int) -> None:
    axis = Axis("x", "open", layout=layout)
    errors = [
        abs(integral(axis, n, np.exp(axis.points(n))) - (np.e - 1))
        for n in (64 + (layout == "ends"), 128 + (layout == "ends"))
    ]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.02)


def test_weights_of_a_flat_grid_have_mean_1_and_multiply() -> None:
    grid = Grid(
        (
            Axis("x", "open", layout="ends", length=7.0),
            Axis("y"),
            Axis("z", "neumann", layout="cells"),
        )
    )
    w = grid.weights((3, 4, 2))
    assert w.mean() == pytest.approx(1, abs=1e-15)
    np.testing.assert_allclose(
        w, np.broadcast_to(np.array([0.75, 1.5, 0.75])[:, None, None], (3, 4, 2)), atol=1e-15
    )
    # The mean with weights is the integral over the unit box: of 3 x + sin^2(2 pi y), over points
    # that resolve it.
    x, y, _ = np.meshgrid(*[a.points(n) for a, n in zip(grid.axes, (3, 4, 2))], indexing="ij")
    assert (w * (3 * x + np.sin(2 * np.pi * y) ** 2)).mean() == pytest.approx(2.0, abs=1e-14)


@pytest.mark.parametrize(
    ("north_first", "poles"), [(True, True), (True, False), (False, True), (False, False)]
)
def test_latitude_by_longitude(north_first: bool, poles: bool) -> None:
    grid = Grid.latlon(north_first, poles)
    got = grid.coordinates((5, 8))
    latitude = np.array([90, 45, 0, -45, -90] if poles else [72, 36, 0, -36, -72])
    np.testing.assert_allclose(got["latitude"], latitude if north_first else -latitude, atol=1e-13)
    np.testing.assert_allclose(got["longitude"], np.arange(0, 360, 45), atol=1e-13)
    cosine = np.cos(np.deg2rad(latitude)).clip(0)
    np.testing.assert_allclose(
        grid.weights((5, 8)), np.broadcast_to((cosine / cosine.mean())[:, None], (5, 8)), atol=1e-14
    )
    assert [axis.unit for axis in grid.axes] == ["degrees_north", "degrees_east"]
    assert grid.weights((5, 8)).flags.writeable


@pytest.mark.parametrize(("poles", "n"), [(True, 91), (False, 90)])
def test_means_over_the_sphere_are_by_area(poles: bool, n: int) -> None:
    grid = Grid.latlon(poles=poles)
    sine = np.sin(np.deg2rad(grid.coordinates((n, 4))["latitude"]))[:, None]
    w = grid.weights((n, 4))
    assert (w >= 0).all()
    assert [(w * sine**p).mean() for p in (1, 2, 4)] == pytest.approx([0, 1 / 3, 1 / 5], abs=2e-4)


@pytest.mark.parametrize("north_first", [True, False])
def test_gauss_latitudes_measure_the_area_exactly(north_first: bool) -> None:
    grid = Grid.latlon(north_first, gauss=True)
    latitude = grid.coordinates((64, 4))["latitude"]
    # The outermost Gaussian latitudes of the N32 grid, as weather centres publish them.
    np.testing.assert_allclose(np.sort(latitude)[-2:], [85.0965, 87.8638], atol=5e-5)
    assert (np.diff(latitude) < 0).all() == north_first
    for n in (1, 2, 5, 64):
        sine = np.sin(np.deg2rad(grid.coordinates((n, 2))["latitude"]))[:, None]
        w = grid.weights((n, 2))
        assert w.shape == (n, 2)
        assert (w > 0).all()
        moments = [(w * sine**p).mean() for p in range(2 * n)]
        np.testing.assert_allclose(
            moments, [1 / (p + 1) if p % 2 == 0 else 0 for p in range(2 * n)], atol=1e-14
        )
        beyond = (w * sine ** (2 * n)).mean()
        assert n > 5 or abs(beyond - 1 / (2 * n + 1)) > 1e-5


@pytest.mark.parametrize("n", [1, 2, 5, 33, 128])
def test_gauss_latitudes_measure_the_angle_exactly_for_n_cosines(n: int) -> None:
    axis = Axis("latitude", "open", layout="gauss")
    w = axis.weights(n)
    assert (w > 0).all()
    means = np.cos(np.pi * np.outer(np.arange(n), axis.points(n))) @ w
    np.testing.assert_allclose(means, np.eye(n)[0], atol=1e-13)
    w[:] = 0
    assert axis.weights(n).sum() == pytest.approx(1)


def test_periodic_boxes() -> None:
    grid = Grid.periodic(3, 2.0)
    assert (grid.names, grid.dimensions, grid.geometry) == (("x", "y", "z"), 3, "flat")
    np.testing.assert_allclose(grid.coordinates((2, 4, 5))["y"], [0, 0.5, 1, 1.5])


@pytest.mark.parametrize(
    "grid",
    [
        Grid.periodic(2, 3.5),
        Grid.latlon(poles=False),
        Grid.latlon(gauss=True),
        Grid((Axis("s", "dirichlet", -1.0, 0.1, "m", "ends"), Axis("t", "neumann"))),
    ],
)
def test_round_trip_through_json(grid: Grid) -> None:
    again = Grid.from_dict(json.loads(json.dumps(grid.to_dict())))
    assert again == grid
    assert hash(again) == hash(grid)
    assert again != Grid.periodic(1)


@pytest.mark.parametrize(
    ("make", "key", "value", "remedy"),
    [
        (lambda: Axis("x", "perodic"), "boundary", "perodic", "x: did you mean 'periodic'"),
        (lambda: Axis("x", "open", layout="end"), "layout", "end", "x: did you mean 'ends'"),
        (lambda: Axis("x", layout="ends"), "layout", "ends", "x .*'left' or 'cells'"),
        (lambda: Axis("x", layout="chebyshev"), "layout", "chebyshev", "x .*'left' or 'cells'"),
        (
            lambda: Sphere((LATITUDE, Axis("longitude"))),
            "layout",
            "chebyshev",
            "latitudes of a sphere",
        ),
        (lambda: Axis("x", "open", layout="chebyshev").points(1), "n", 1, "too few .*'chebyshev'"),
        (lambda: Axis("x", layout="gauss"), "layout", "gauss", "x .*'left' or 'cells'"),
        (lambda: Grid((Axis("x", "open", layout="gauss"),)), "layout", "gauss", "x .*'ends'"),
        (lambda: Axis("x", "open", layout="gauss").points(0), "n", 0, "x: too few .*'gauss'"),
        (lambda: Axis("x", "open", layout="ends").points(1), "n", 1, "x: too few .*'ends'"),
        (lambda: Axis("x").points(0), "n", 0, "x: too few .*'left'"),
        (lambda: Axis("x", length=0.0), "length", 0.0, "x: give the extent"),
        (lambda: Grid.periodic(4), "dimensions", 4, "1, 2 or 3"),
    ],
)
def test_wrong_axes_name_the_argument(make, key: str, value: object, remedy: str) -> None:
    with raises_input(key, value, remedy):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Grid.from_dict({"geometry": "spher", "axes": []}),
            "geometry=spher: did you mean 'sphere'?",
        ),
        (
            lambda: Sphere((Axis("longitude"), Axis("latitude"))),
            "latitude, longitude in this order, got longitude, latitude",
        ),
        (lambda: Grid.periodic(2).weights((4,)), "1 sizes (4,) for a grid of 2 axes (x, y)"),
        (
            lambda: Grid.latlon().coordinates((4, 4, 4)),
            "3 sizes (4, 4, 4) for a grid of 2 axes (latitude, longitude)",
        ),
    ],
)
def test_errors_name_the_value_and_the_remedy(make, message: str) -> None:
    with pytest.raises(InputError) as error:
        make()
    assert message in str(error.value)
