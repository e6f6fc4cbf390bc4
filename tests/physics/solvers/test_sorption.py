import numpy as np
import pytest
from raising import raises_input
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline
from scipy.special import erf, erfc, erfcx

from neurop.physics.solvers.sorption import Sorption, solve_sorption

D, SET = 5e-4, Sorption()
X = (np.arange(200) + 0.5) / 200


def gap(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def linear(start: float, t: float) -> np.ndarray:
    """The exact solution of a constant R, as long as the layers of both ends do not meet."""
    kappa = D / (1 + Sorption(exponent=1.0).strength)
    width, y = 2 * np.sqrt(kappa * t), 1 - X
    layer = np.exp(-((y / width) ** 2)) * erfcx(y / width + np.sqrt(kappa * t) / D)
    return start * (erf(y / width) + layer) + (1 - start) * erfc(X / width)


def test_the_isotherm_of_pdebench() -> None:
    assert SET.strength == pytest.approx(0.71 / 0.29 * 2880 * 3.5e-4)
    u, h = np.array([1e-3, 0.1, 1.0]), 1e-6
    slope = (SET.content(u * (1 + h)) - SET.content(u * (1 - h))) / (2 * u * h)
    np.testing.assert_allclose(SET.retardation(u), slope, rtol=1e-9)


@pytest.mark.parametrize("start", [0.02, 0.15])
def test_linear_sorption_is_the_error_function_on_both_sides(start: float) -> None:
    times = np.array([0.0, 5.0, 20.0])
    found = solve_sorption(start, D, Sorption(exponent=1.0), times, X)
    for row, t in zip(found[1:], times[1:], strict=True):
        assert gap(row, linear(start, t)) < 5e-8
    assert (found[0] == start).all()


def test_order_four_in_space_to_the_exact_solution() -> None:
    exact = linear(0.15, 20.0)
    errors = [
        gap(
            solve_sorption(0.15, D, Sorption(exponent=1.0), np.array([0, 20.0]), X, n, 1e-11)[1],
            exact,
        )
        for n in (48, 96)
    ]
    assert 12 < errors[0] / errors[1] < 20


def test_the_error_in_time_follows_the_tolerance() -> None:
    times = np.array([0.0, 50.0])
    one, other, fine = (
        solve_sorption(0.1, D, SET, times, X, 64, tolerance)[1] for tolerance in (1e-5, 1e-7, 1e-11)
    )
    assert gap(one, fine) < 1e-4
    assert gap(other, fine) < 2e-6
    assert gap(other, fine) < gap(one, fine) / 10


def test_what_flows_in_and_out_is_what_is_added() -> None:
    """The conserved quantity, though the solver integrates the concentration."""
    x = (1 - np.cos(np.linspace(0, np.pi, 801))) / 2
    # The fluxes fall as the root of the time.
    root = np.linspace(np.sqrt(5.0), np.sqrt(500.0), 201)
    u = solve_sorption(0.1, D, SET, np.r_[0, root**2], x)[1:]
    splines = CubicSpline(x, u, axis=1)
    content = CubicSpline(x, SET.content(u), axis=1).integrate(0, 1)
    net = -D * (splines(0.0, 1) - splines(1.0, 1))
    added = CubicSpline(root, net * 2 * root).antiderivative()(root)
    np.testing.assert_allclose(content - content[0], added, atol=2e-7)
    assert added[-1] > 0.5
    np.testing.assert_allclose(u[:, -1], -D * splines(1.0, 1), rtol=1e-4)
    np.testing.assert_allclose(u[:, 0], 1, atol=1e-12)


def test_chebyshev_collocation_and_radau_continue_alike() -> None:
    """Another scheme in space and time, from a smooth frame on."""
    n = 72
    nodes = (1 - np.cos(np.pi * np.arange(n + 1) / n)) / 2
    weights = np.r_[2, np.ones(n - 1), 2] * (-1.0) ** np.arange(n + 1)
    distance = nodes[:, None] - nodes + np.eye(n + 1)
    first = np.outer(weights, 1 / weights) / distance - np.eye(n + 1)
    first -= np.diag(first.sum(1))
    second = first @ first
    found = solve_sorption(0.1, D, SET, np.array([0, 20.0, 60.0, 150.0]), nodes)

    def whole(inside: np.ndarray) -> np.ndarray:
        u = np.r_[1, inside, 0]
        u[-1] = -D * (first[-1] @ u) / (1 + D * first[-1, -1])
        return u

    def change(_: float, inside: np.ndarray) -> np.ndarray:
        u = whole(inside)
        return np.asarray(D * (second @ u)[1:-1] / SET.retardation(u[1:-1]))

    other = solve_ivp(
        change, (20, 150), found[1, 1:-1], "Radau", t_eval=[60, 150], rtol=1e-9, atol=1e-11
    )
    for row, inside in zip(found[2:], other.y.T, strict=True):
        assert gap(row, whole(inside)) < 2e-7


def test_concentrations_lie_between_the_ends_and_rise_from_the_left() -> None:
    times = np.linspace(0, 500, 11)
    low, high = (solve_sorption(start, D, SET, times, X) for start in (1e-3, 0.2))
    for u in (low, high):
        assert 0 < u.min() < u.max() < 1
        assert (np.diff(u[1:, :20], axis=0) > 0).all()
    assert (high[1:, :100] > low[1:, :100]).all()


def test_unusable_arguments_are_one_line() -> None:
    for start in (0.0, -0.1, 1.5):
        with raises_input("start", start):
            solve_sorption(start, D, SET, np.array([0, 1.0]), X)
    for name, value in (("porosity", 1.0), ("density", 0.0), ("coefficient", -1), ("exponent", 2)):
        with raises_input(name, value):
            Sorption(**{name: value})
