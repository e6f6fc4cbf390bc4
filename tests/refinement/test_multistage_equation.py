from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.func import grad, hessian

from neurop.errors import InputError
from neurop.refinement.multistage import LevenbergMarquardt, MultistageNetwork, Stages, solve
from neurop.refinement.multistage.equation import Equation, residual_at
from neurop.refinement.multistage.sampling import clustered

QUICK = LevenbergMarquardt(steps=150, iterations=12)
START = torch.zeros(1, 1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)


def growth(u, x: Tensor) -> Tensor:
    """Return u_x - u - x, whose solution with u(0) = 0 is exp(x) - x - 1."""
    return grad(u)(x)[0] - u(x) - x[0]


def exact(x: Tensor) -> Tensor:
    return torch.expm1(x[..., 0]) - x[..., 0]


def line(points: int, upper: float = 2.0) -> Tensor:
    return torch.linspace(0, upper, points, dtype=torch.float64)[:, None]


def test_the_residual_of_the_exact_solution_is_rounding() -> None:
    assert residual_at(growth, exact, line(500)).abs().max() < 1e-14


def test_a_stage_of_the_exact_solution_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    network = MultistageNetwork([(0, 2)])
    monkeypatch.setattr(MultistageNetwork, "forward", lambda self, x: exact(x))
    target = Equation(growth, START, [(0, 2)], [50], 1).target(network)
    assert target.residual < 1e-14
    assert target.finished


def test_rows_are_of_size_one_at_any_amplitude() -> None:
    # The error 1e-8 sin(20 pi x) has 20 cycles on [0, 2]; its residual is 20 pi times as large.
    network = MultistageNetwork([(0, 2)])
    network.forward = lambda x: exact(x) + 1e-8 * torch.sin(20 * torch.pi * x[..., 0])
    target = Equation(growth, START, [(0, 2)], [400], 1).target(network)
    assert target.frequencies == [20]
    assert target.scale == pytest.approx(1e-8 / math.sqrt(2), rel=1e-3)
    (equation, (x,)), _ = target.blocks
    zero = torch.func.vmap(lambda x: equation(lambda z: 0 * z[0], x))(x)
    assert zero.square().mean().item() == pytest.approx(1, rel=0.1)
    # The stage that takes the error away leaves nothing in any row.
    cure = lambda z: -math.sqrt(2) * torch.sin(20 * torch.pi * z[0])  # noqa: E731
    assert target.scale == pytest.approx(1e-8 / math.sqrt(2), rel=1e-3)
    left = torch.func.vmap(
        lambda x: equation(lambda z: cure(z) * 1e-8 / math.sqrt(2) / target.scale, x)
    )(x)
    assert left.abs().max() < 1e-6


def test_two_stages_solve_the_equation() -> None:
    u = solve(growth, START, [(0, 2)], [40, 80], stages=Stages((6, 12), depth=2), minimizer=QUICK)
    x = line(301)
    errors = [((u.first(n)(x) - exact(x)).norm() / exact(x).norm()).item() for n in (1, 2)]
    assert errors[0] < 3e-3
    assert errors[1] < 0.9 * errors[0]
    assert u(torch.zeros(1)).abs().item() < 1e-4


def test_laplace_on_a_square_with_boundary_values_alone() -> None:
    side = torch.linspace(0, 1, 12, dtype=torch.float64)
    zero, one = torch.zeros_like(side), torch.ones_like(side)
    edges = [(side, zero), (side, one), (zero, side), (one, side)]
    places = torch.cat([torch.stack(edge, 1) for edge in edges])

    def harmonic(x: Tensor) -> Tensor:
        return torch.exp(x[..., 0]) * torch.cos(x[..., 1])

    u = solve(
        lambda u, x: hessian(u)(x).trace(),
        (places, harmonic(places)),
        [(0, 1), (0, 1)],
        [60],
        order=2,
        stages=Stages(widths=(8,), depth=2),
        minimizer=LevenbergMarquardt(60, 12),
    )
    x = torch.rand(50, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert (u(x) - harmonic(x)).abs().max() < 5e-3


def test_points_have_the_density_of_chebyshev() -> None:
    """One between two consecutive extremes of the polynomial of degree 20, on every axis."""
    x = clustered([(-1, 1), (0, 5)], 20, seed=3)
    for axis, (lower, upper) in enumerate([(-1, 1), (0, 5)]):
        middle, half = (upper + lower) / 2, (upper - lower) / 2
        cells = torch.acos((middle - x[:, axis]) / half) / torch.pi * 20
        assert cells.floor().sort().values.tolist() == list(range(20))


@pytest.mark.parametrize(
    ("key", "boundary", "points"),
    [
        ("boundary", (torch.zeros(2, 2), torch.zeros(2)), [10]),
        ("boundary", (torch.zeros(2, 1), torch.zeros(3)), [10]),
        ("points, order", START, []),
        ("points, order", START, [10, 1]),
    ],
)
def test_bad_input_is_refused(key: str, boundary, points) -> None:
    with pytest.raises(InputError) as error:
        solve(growth, boundary, [(0, 2)], points)
    assert error.value.key == key
