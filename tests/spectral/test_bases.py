from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from raising import raises_input

from neurop.geometry.axis import Axis
from neurop.spectral import (
    Basis,
    Chebyshev,
    Cosine,
    Fourier,
    Sine,
    natural_basis,
    padded_bases,
    spacing,
)

# Bases and the uniform points on which their functions stay orthogonal.
FITTING = [
    (Fourier(1), Axis("x")),
    (Fourier(1), Axis("x", layout="cells")),
    (Cosine(1), Axis("x", "neumann", layout="ends")),
    (Cosine(1), Axis("x", "open", layout="cells")),
    (Sine(1), Axis("x", "dirichlet", layout="left")),
    (Sine(1), Axis("x", "dirichlet", layout="ends")),
    (Sine(1), Axis("x", "dirichlet", layout="cells")),
]
TIMES = Axis("t", "open", layout="chebyshev")


def name(value: object) -> str:
    return f"{value.boundary}-{value.layout}" if isinstance(value, Axis) else type(value).__name__


def gram(basis: Basis, axis: Axis, n: int) -> np.ndarray:
    """Return the products of the normalised functions with each other under the quadrature of n
    points.
    """
    values = basis.functions(axis.points(n))
    return values.T @ (axis.weights(n)[:, None] * values * basis.norms())


def test_functions_at_chosen_points() -> None:
    r = math.sqrt(0.5)
    np.testing.assert_allclose(
        Fourier(3).functions(np.array([0.125])), [[1, r, 0, r, 1]], atol=1e-15
    )
    np.testing.assert_allclose(
        Fourier(2, period=2.0).functions(np.array([0.25, 1.0])), [[1, r, r], [1, -1, 0]], atol=1e-15
    )
    np.testing.assert_allclose(
        Cosine(3).functions(np.array([0.25, 1.0])), [[1, r, 0], [1, -1, 1]], atol=1e-15
    )
    np.testing.assert_allclose(
        Sine(3).functions(np.array([0.25, 0.5])), [[r, 1, r], [1, 0, -1]], atol=1e-15
    )


@pytest.mark.parametrize(
    "basis", [Fourier(4), Fourier(4, period=1.25), Cosine(5), Sine(5)], ids=repr
)
def test_norms_are_one_over_the_integral_of_the_square(basis: Basis) -> None:
    nodes, weights = np.polynomial.legendre.leggauss(60)
    period = basis.period if isinstance(basis, Fourier) else 1.0
    values = basis.functions(period * (nodes + 1) / 2)
    assert values.shape == (60, basis.size)
    integrals = values.T @ (period * weights[:, None] / 2 * values)
    np.testing.assert_allclose(integrals * basis.norms(), np.eye(basis.size), atol=1e-12)


@pytest.mark.parametrize(("basis", "axis"), FITTING, ids=name)
@pytest.mark.parametrize("n", [2, 3, 4, 7, 8, 9, 33])
def test_exactly_the_resolved_modes_are_orthogonal_on_the_points(
    basis: Basis, axis: Axis, n: int
) -> None:
    resolved = basis.resolved(spacing(axis, n))
    if resolved:
        basis = replace(basis, modes=resolved)
        np.testing.assert_allclose(gram(basis, axis, n), np.eye(basis.size), atol=1e-13)
    more = replace(basis, modes=resolved + 1)
    assert np.abs(gram(more, axis, n) - np.eye(more.size)).max() > 0.9


def test_modes_below_the_nyquist_frequency() -> None:
    for n in range(1, 2000):
        assert Fourier(1).resolved(1 / n) == (n + 1) // 2
        assert Cosine(1).resolved(1 / n) == n
        assert Sine(1).resolved(1 / n) == n - 1
        assert Fourier(1, period=1.5).resolved(1 / n) == -(-3 * n // 4)


@pytest.mark.parametrize(
    ("boundary", "expected"),
    [("periodic", Fourier), ("dirichlet", Sine), ("neumann", Cosine), ("open", Cosine)],
)
def test_basis_fits_the_boundary(boundary: str, expected: type[Basis]) -> None:
    assert natural_basis(Axis("x", boundary, layout="cells"), 4, 8) == expected(4)


@pytest.mark.parametrize("boundary", ["dirichlet", "neumann", "open"])
def test_chebyshev_points_have_chebyshev_polynomials(boundary: str) -> None:
    axis = replace(TIMES, boundary=boundary)
    assert natural_basis(axis, 4, 8) == Chebyshev(4)
    assert padded_bases([Axis("x"), axis], [3, 4], 0.25) == (Fourier(3), Chebyshev(4))


@pytest.mark.parametrize("n", [2, 5, 8])
def test_basis_fits_the_points(n: int) -> None:
    for boundary in ("periodic", "dirichlet", "neumann", "open"):
        for layout in ("left", "cells") if boundary == "periodic" else ("left", "ends", "cells"):
            axis = Axis("x", boundary, layout=layout)
            resolved = natural_basis(axis, 1, n).resolved(spacing(axis, n))
            if resolved:
                basis = natural_basis(axis, resolved, n)
                np.testing.assert_allclose(gram(basis, axis, n), np.eye(basis.size), atol=1e-13)


def test_spacing_of_the_layouts() -> None:
    assert [
        spacing(Axis("x", "open", layout=layout), 5)
        for layout in ("left", "ends", "cells", "gauss")
    ] == [0.2, 0.25, 0.2, 0.2]
    for n in (2, 4, 10):
        assert spacing(TIMES, n) == pytest.approx(np.diff(TIMES.points(n)).max())
    assert spacing(TIMES, 11) > np.diff(TIMES.points(11)).max()


def test_bases_are_values() -> None:
    assert len({Fourier(3), Fourier(3), Fourier(3, 1.25), Fourier(4), Cosine(3), Sine(3)}) == 5
    assert [b.size for b in (Fourier(3), Cosine(3), Sine(3))] == [5, 3, 3]


@pytest.mark.parametrize("basis", [Fourier, Cosine, Sine, Chebyshev])
def test_a_basis_has_modes(basis: type[Basis]) -> None:
    with raises_input("modes", 0, "at least 1"):
        basis(0)


def test_a_period_holds_the_domain() -> None:
    with raises_input("period", 0.5, "shorter than the domain"):
        Fourier(3, period=0.5)
