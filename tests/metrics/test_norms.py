from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.metrics.norms import (
    FLOOR,
    correlation,
    mean,
    relative_l2,
    relative_l2_field,
    rmse,
)

ENDS = Grid((Axis("x", "open", layout="ends"),))


def weights(grid: Grid, *shape: int) -> Tensor:
    return torch.from_numpy(grid.weights(shape))


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def double(values: list) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def norm(u: Tensor, w: Tensor) -> Tensor:
    """Return the root of the mean square of all fields together, per sample."""
    return mean(u.square(), w).flatten(1).sum(1).sqrt()


def latitude(n: int) -> Tensor:
    """Return the sine of the latitude on a sphere of n by 8 points."""
    degrees = Grid.latlon().coordinates((n, 8))["latitude"]
    return torch.from_numpy(np.sin(np.deg2rad(degrees)))[:, None].expand(n, 8)


@pytest.mark.parametrize("n", [7, 8, 64, 129])
def test_norm_of_a_function_is_its_integral_at_any_resolution(n: int) -> None:
    x = torch.arange(n, dtype=torch.float64) / n
    u = torch.stack([3 * torch.sin(2 * math.pi * x), torch.full_like(x, -2.0)])[
        None
    ]  # square integrals 9/2 and 4
    torch.testing.assert_close(
        norm(u, weights(Grid.periodic(1), n)), double([math.sqrt(8.5)]), atol=1e-12, rtol=0
    )


def test_the_ends_of_a_walled_axis_count_half() -> None:
    u = double([[2.0, 0.0, 1.0, 4.0]])
    torch.testing.assert_close(
        norm(u[None], weights(ENDS, 4)), double([math.sqrt((4 / 2 + 1 + 16 / 2) / 3)])
    )
    torch.testing.assert_close(mean(u, weights(ENDS, 4)), double([(2 / 2 + 1 + 4 / 2) / 3]))


def test_the_sphere_is_measured_by_area() -> None:
    for n, edge, bound in ((19, 25.0, 3e-3), (181, 25.5, 3e-5)):
        w = weights(Grid.latlon(), n, 8)
        assert mean(latitude(n).square(), w).item() == pytest.approx(1 / 3, abs=bound)
        assert mean(latitude(n), w).item() == pytest.approx(0, abs=1e-12)
        sine = math.sin(math.radians(edge))  # halfway between two circles of latitude
        assert mean((latitude(n) > sine).double(), w).item() == pytest.approx(
            (1 - sine) / 2, abs=bound
        )
        pole = torch.zeros(n, 8, dtype=torch.float64)
        pole[0], pole[-1] = 1e6, -1e6
        assert norm(pole[None, None], w).item() < 0.1


def test_relative_error_stacks_time_and_is_the_mean_over_fields() -> None:
    truth, error = random(3, 5, 2, 6, 8), random(3, 5, 2, 6, 8, seed=1)
    scale = double([1.0, 1000.0])
    w = weights(Grid((Axis("x", "open", layout="ends"), Axis("y"))), 6, 8)
    over, under = ((w * t.square()).sum((1, 3, 4)).sqrt() for t in (error, truth))
    unit = scale[:, None, None]
    args = (unit * (truth + error), unit * truth, w, scale)
    torch.testing.assert_close(relative_l2_field(*args), over / under, atol=1e-12, rtol=0)
    torch.testing.assert_close(relative_l2(*args), (over / under).mean(1), atol=1e-12, rtol=0)


def test_half_of_a_small_field_and_a_hundredth_of_a_large_one_are_0_255() -> None:
    truth = torch.stack([torch.ones(8), torch.full((8,), 1000.0)])[None]
    prediction = truth * torch.tensor([1.5, 1.01])[:, None]
    error = relative_l2(prediction, truth, torch.ones(8), torch.tensor([1.0, 1000.0]))
    assert error.item() == pytest.approx(0.255, rel=1e-5)


@pytest.mark.parametrize("power", range(-25, 26, 5))
def test_relative_error_is_the_same_at_any_magnitude(power: int) -> None:
    truth, error = random(3, 2, 1, 8).float(), random(3, 2, 1, 8, seed=1).float()
    truth[0] = 0.0  # at rest: measured against the floor, which has the unit too
    unit = torch.tensor([10.0**power])
    w = torch.ones(8)
    got = relative_l2(unit * (truth + error), unit * truth, w, unit)
    torch.testing.assert_close(
        got, relative_l2(truth + error, truth, w, torch.ones(1)), rtol=1e-5, atol=0
    )


def test_relative_error_means_the_same_at_any_resolution() -> None:
    def fields(n: int) -> tuple[Tensor, Tensor]:
        x = torch.arange(n, dtype=torch.float64) * (2 * math.pi / n)
        return (1 + torch.sin(x) + 0.3 * torch.cos(2 * x))[None, None], (1 + torch.sin(x))[
            None, None
        ]

    def error(n: int) -> float:
        return relative_l2(*fields(n), weights(Grid.periodic(1), n), torch.ones(1)).item()

    expected = math.sqrt(0.045 / 1.5)
    assert [error(n) for n in (5, 16, 33)] == pytest.approx([expected] * 3, abs=1e-12)


def test_a_truth_below_the_floor_counts_as_that_large() -> None:
    """Whatever the number of steps; a truth above it is not touched."""
    zero, w, scale = torch.zeros(2, 3, 1, 4), torch.ones(4), torch.tensor([5.0])
    assert relative_l2(zero, zero, w, scale).tolist() == [0.0, 0.0]
    met = relative_l2(zero + 5 * FLOOR, zero, w, scale)
    torch.testing.assert_close(met, torch.ones(2))
    torch.testing.assert_close(relative_l2(zero + 1e-3 * FLOOR, zero, w, scale), met / 5e3)
    small = zero + 5 * 1.5 * FLOOR
    torch.testing.assert_close(relative_l2(2 * small, small, w, scale), torch.ones(2))


def test_rmse_is_per_leading_axis_and_in_the_unit_of_the_field() -> None:
    truth = random(2, 3, 6)
    shift = double([[0.0, 1.0, -2.0], [3.0, -4.0, 0.5]])
    torch.testing.assert_close(
        rmse(truth + shift[..., None], truth, weights(ENDS, 6)), shift.abs(), atol=1e-13, rtol=0
    )
    a, b, w = random(2, 3, 6), truth, weights(ENDS, 6)
    torch.testing.assert_close(
        rmse(a, b, w), ((a - b).square() * w).mean(-1).sqrt(), atol=1e-13, rtol=0
    )


def test_correlation() -> None:
    w = weights(Grid((Axis("x", "open", layout="ends"), Axis("y"))), 5, 8)
    y, e = random(2, 3, 5, 8), random(2, 3, 5, 8, seed=1)
    ones = torch.ones(2, 3, dtype=torch.float64)
    torch.testing.assert_close(correlation(5 * y + 100, y, w), ones, atol=1e-12, rtol=0)
    torch.testing.assert_close(correlation(-y + 3, y, w), -ones, atol=1e-12, rtol=0)
    got = correlation(y + e, y, w)
    expected = [
        [np.cov(p.flatten(), t.flatten(), aweights=w.flatten()) for p, t in zip(*row)]
        for row in zip(y + e, y)
    ]
    torch.testing.assert_close(
        got, double([[c[0, 1] / math.sqrt(c[0, 0] * c[1, 1]) for c in row] for row in expected])
    )
    x = torch.arange(8, dtype=torch.float64) * (2 * math.pi / 8)
    assert (
        correlation(torch.sin(x)[None], torch.cos(x)[None], torch.ones(8).double()).abs().item()
        < 1e-15
    )


def test_a_norm_of_no_number_is_no_number() -> None:
    assert (
        relative_l2(
            torch.full((1, 1, 4), torch.nan), torch.ones(1, 1, 4), torch.ones(4), torch.ones(1)
        )
        .isnan()
        .all()
    )
