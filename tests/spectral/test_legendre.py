from __future__ import annotations

import math

import numpy as np
import pytest
from raising import raises_input
from scipy.special import sph_harm_y

from neurop.geometry.axis import Axis, Layout
from neurop.geometry.grid import Grid
from neurop.spectral.legendre import (
    check_sphere,
    degrees_resolved,
    latitude_analysis,
    latitude_weights,
    legendre,
)

LAYOUTS: list[Layout] = ["gauss", "ends", "cells", "left"]


def angles(layout: Layout, n: int) -> np.ndarray:
    return np.pi * Axis("latitude", "open", layout=layout).points(n)


def test_functions_are_those_of_scipy() -> None:
    theta = np.array([0.0, 1e-3, 0.4, np.pi / 2, 2.9, np.pi])
    ours = legendre(30, 30, theta)
    for m in range(30):
        for degree in range(m, 30):
            theirs = (-1) ** m * sph_harm_y(
                degree, m, theta, 0.0
            ).real  # with the phase of Condon and Shortley
            np.testing.assert_allclose(ours[m, degree], theirs, atol=1e-12)
    assert all((ours[m, :m] == 0).all() for m in range(30))


def test_few_orders_and_few_degrees_are_the_first_of_many() -> None:
    theta = angles("gauss", 7)
    np.testing.assert_array_equal(legendre(5, 3, theta), legendre(9, 9, theta)[:3, :5])
    assert (legendre(3, 6, theta)[3:] == 0).all()


def test_high_degrees_obey_the_addition_theorem() -> None:
    r"""At one point the squares of all harmonics of a degree sum to :math:`(2l+1)/4\pi`, near a
    pole as elsewhere.
    """
    p = legendre(700, 700, np.array([1e-6, 0.01, 0.5, 1.5]))
    square = p[0] ** 2 + 2 * (p[1:] ** 2).sum(0)
    expected = (2 * np.arange(700) + 1)[:, None] / (4 * math.pi)
    np.testing.assert_allclose(square / expected, 1, atol=2e-10)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("n", [2, 3, 8, 9, 73])
def test_analysis_inverts_synthesis_for_all_degrees_that_the_latitudes_hold(
    layout: Layout, n: int
) -> None:
    held = degrees_resolved(layout, n)
    assert held == n - (layout in ("ends", "left"))
    product = latitude_analysis(layout, n, held, held) @ legendre(
        held, held, angles(layout, n)
    ).transpose(0, 2, 1)
    for m in range(held):
        np.testing.assert_allclose(product[m], np.diag(np.arange(held) >= m), atol=1e-12)


@pytest.mark.parametrize(
    ("layout", "degree"), [("gauss", 13), ("ends", 6), ("cells", 6), ("left", 5)]
)
def test_weights_are_exact_up_to_their_degree(layout: Layout, degree: int) -> None:
    weights, x = latitude_weights(layout, 7), np.cos(angles(layout, 7))
    powers = np.array([(weights * x**k).sum() for k in range(degree + 1)])
    np.testing.assert_allclose(
        powers, [0 if k % 2 else 1 / (k + 1) for k in range(degree + 1)], atol=1e-14
    )
    after = degree + 1 + (degree + 1) % 2  # what is odd vanishes by symmetry
    assert abs((weights * x**after).sum() - 1 / (after + 1)) > 1e-6


def test_weights_of_equidistant_latitudes_are_the_classical_ones() -> None:
    """Clenshaw and Curtis, Fejer's first rule, by their series."""
    for layout, n in (("ends", 9), ("cells", 8)):
        theta = angles(layout, n)  # type: ignore[arg-type]
        last = 8 if layout == "ends" else 7
        k = np.arange(1, last // 2 + 1)
        b = np.where(2 * k == last, 1, 2) if layout == "ends" else 2 * np.ones(len(k))
        series = 1 - (b / (4 * k**2 - 1) * np.cos(2 * np.outer(theta, k))).sum(1)
        ends = np.where((theta == 0) | (theta == np.pi), 1, 2) if layout == "ends" else 2
        np.testing.assert_allclose(
            latitude_weights(layout, n),
            ends * series / 2 / last if layout == "ends" else series / n,
            atol=1e-14,
        )  # type: ignore[arg-type]
    assert latitude_weights("ends", 73).min() > 0
    assert latitude_weights("cells", 72).min() > 0


def test_half_a_sphere_is_refused() -> None:
    check_sphere(*Grid.latlon().axes)
    check_sphere(
        Axis("latitude", "open", -math.pi / 2, math.pi, "radian"),
        Axis("longitude", length=2 * math.pi, unit="rad"),
    )
    with raises_input("axis", "longitude", "180 degrees.*360"):
        check_sphere(Grid.latlon().axes[0], Axis("longitude", length=180.0, unit="degrees_east"))
