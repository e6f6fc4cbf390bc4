"""Spectra against closed forms and Parseval's theorem."""

import numpy as np
import pytest

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.metrics.spectra import power_spectrum, spectrum_error

RNG = np.random.default_rng(0)
FLAT = [
    (Grid.periodic(1), (16,)),
    (Grid.periodic(2), (12, 9)),
    (Grid.periodic(3), (6, 5, 8)),
    (Grid((Axis("x", length=2.0), Axis("y", "neumann", layout="ends"))), (8, 7)),
    (Grid((Axis("x", "open", layout="cells"), Axis("y"))), (7, 10)),
    (Grid((Axis("x", "dirichlet", layout="cells"), Axis("y", "neumann", layout="cells"))), (9, 6)),
]


@pytest.mark.parametrize(("grid", "shape"), FLAT)
def test_power_sums_to_the_mean_square(grid: Grid, shape: tuple[int, ...]) -> None:
    u = RNG.normal(size=(3, 2, *shape))
    square = (u**2 * grid.weights(shape)).mean(axis=tuple(range(2, u.ndim)))
    wavenumber, power = power_spectrum(u, grid)
    assert power.shape == (3, 2, len(wavenumber))
    np.testing.assert_allclose(power.sum(-1), square, rtol=1e-12)


@pytest.mark.parametrize("layout", ["ends", "left"])
def test_power_of_a_field_that_vanishes_on_the_boundary_sums_to_its_mean_square(
    layout: str,
) -> None:
    grid = Grid((Axis("x", "dirichlet", layout=layout),))
    u = np.sin(3 * np.pi * grid.axes[0].points(20))
    _, power = power_spectrum(u, grid)
    np.testing.assert_allclose(power.sum(), (u**2 * grid.weights((20,))).mean(), rtol=1e-12)
    np.testing.assert_allclose(
        power[1], 0.5, rtol=1e-12
    )  # three half-cycles fall in the shell [1, 2)


@pytest.mark.parametrize(("nlat", "nlon", "poles"), [(9, 16, True), (8, 15, False)])
def test_zonal_power_sums_to_the_area_mean_square(nlat: int, nlon: int, poles: bool) -> None:
    grid = Grid.latlon(poles=poles)
    u = RNG.normal(size=(2, nlat, nlon))
    np.testing.assert_allclose(
        power_spectrum(u, grid)[1].sum(-1),
        (u**2 * grid.weights((nlat, nlon))).mean((1, 2)),
        rtol=1e-12,
    )


def test_zonal_power_of_one_wave_is_in_its_wavenumber() -> None:
    grid = Grid.latlon()
    u = np.broadcast_to(np.cos(3 * np.deg2rad(grid.axes[1].coordinates(16))), (9, 16))
    np.testing.assert_allclose(power_spectrum(u, grid)[1], np.eye(9)[3] * 0.5, atol=1e-14)


def test_all_quadrants_count() -> None:
    x, y = np.meshgrid(np.arange(16) / 16, np.arange(16) / 16, indexing="ij")
    for sign in (1, -1):
        power = power_spectrum(np.cos(2 * np.pi * (3 * x + sign * 4 * y)), Grid.periodic(2))[1]
        np.testing.assert_allclose(power, np.eye(len(power))[5] * 0.5, atol=1e-14)


@pytest.mark.parametrize("boundary", ["open", "dirichlet"])
def test_power_at_chebyshev_points_is_that_of_the_polynomial(boundary: str) -> None:
    grid = Grid((Axis("t", boundary, layout="chebyshev"), Axis("x")))
    shape = (9, 8)
    t, x = np.meshgrid(*(a.points(n) for a, n in zip(grid.axes, shape)), indexing="ij")
    u = np.polynomial.legendre.legval(2 * t - 1, [0, 0, 0, 3.0]) + np.cos(4 * np.pi * x)
    _, power = power_spectrum(u, grid)
    # The third polynomial has three half-cycles, and the mean square 9 / (2 * 3 + 1).
    np.testing.assert_allclose(power, [0, 9 / 7, 0.5, *[0] * (len(power) - 3)], atol=1e-13)
    u = RNG.normal(size=(2, *shape))
    nodes, weights = np.polynomial.legendre.leggauss(9)
    degrees = np.polynomial.legendre.legvander(2 * grid.axes[0].points(9) - 1, 8)
    fine = np.polynomial.legendre.legvander(nodes, 8) @ np.linalg.solve(degrees, u)
    square = (fine**2 * weights[:, None] / 2).sum(1).mean(1)
    np.testing.assert_allclose(power_spectrum(u, grid)[1].sum(-1), square, rtol=1e-12)


def test_wavenumber_is_in_cycles_of_the_longest_axis() -> None:
    grid = Grid((Axis("x", length=4.0), Axis("y", length=1.0)))
    x, y = np.meshgrid(grid.axes[0].points(16), grid.axes[1].points(8), indexing="ij")
    assert power_spectrum(np.cos(2 * np.pi * y), grid)[1].argmax() == 4
    assert power_spectrum(np.cos(2 * np.pi * x), grid)[1].argmax() == 1


def test_spectrum_error_counts_decades_and_ignores_rounding() -> None:
    truth = np.array([1.0, 0.1, 1e-20])
    assert spectrum_error(truth, truth) == 0
    np.testing.assert_allclose(spectrum_error(np.array([10.0, 0.001, 5.0]), truth), 1.5)
    assert np.isfinite(spectrum_error(np.zeros(3), truth))
    assert np.isnan(spectrum_error(truth, np.full(3, np.nan)))
