import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from raising import raises_input
from scipy.integrate import solve_ivp

from neurop.physics.solvers.modes import CosineModes
from neurop.physics.solvers.reaction import fisher, fitzhugh_nagumo, solve_reaction

K, DIFFUSION, LENGTH = 5e-3, (1e-3, 5e-3), 2.0


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).norm() / b.norm())


def orders(errors: list[float]) -> list[float]:
    return [math.log2(a / b) for a, b in pairwise(errors)]


def centres(n: int) -> torch.Tensor:
    """Return the centres of the cells as fractions of the box."""
    return (torch.arange(n, dtype=torch.float64) + 0.5) / n


def smooth(n: int) -> torch.Tensor:
    """Return smooth u and v without symmetries, ``(1, 2, n, n)``."""
    x, y = torch.meshgrid(centres(n), centres(n), indexing="ij")
    u = 0.8 * torch.cos(math.pi * x) + 0.5 * torch.cos(2 * math.pi * x) * torch.cos(math.pi * y)
    v = 0.3 * torch.cos(3 * math.pi * y) - 0.2 * torch.cos(math.pi * x)
    return torch.stack([u, v])[None]


def run(
    start: torch.Tensor,
    time: float,
    steps: int,
    shape: tuple[int, ...] | None = None,
    diffusion: tuple[float, float] = DIFFUSION,
) -> torch.Tensor:
    given = (start, fitzhugh_nagumo(K), 3, diffusion, LENGTH, time / steps, steps, 1, shape)
    return solve_reaction(*given, boundary="neumann")[:, 1]


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_without_reaction_cosines_decay_each_at_its_rate(axes: int) -> None:
    n, time = 6, 3.0
    waves = [torch.cos(k * math.pi * centres(n + k)) for k in range(1, axes + 1)]
    product = math.prod(torch.meshgrid(*waves, indexing="ij"))
    start = torch.stack([product, 2 * product])[None]
    given = (start, torch.zeros_like, 1, (0.01, 0.02), LENGTH, time, 1, 1)
    found = solve_reaction(*given, boundary="neumann")[0, 1]
    square = sum((math.pi * k / LENGTH) ** 2 for k in range(1, axes + 1))
    rates = torch.tensor([0.01, 0.02], dtype=torch.float64) * square
    expected = torch.exp(-rates * time).reshape(2, *[1] * axes) * start[0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-14)


def test_uniform_fields_are_the_ordinary_differential_equation_at_order_four() -> None:
    def change(_: float, y: list[float]) -> list[float]:
        u, v = y
        return [u - u**3 - K - v, u - v]

    start = torch.tensor([1.2, -0.4], dtype=torch.float64).reshape(1, 2, 1, 1).expand(1, 2, 8, 8)
    exact = solve_ivp(change, (0, 5), [1.2, -0.4], "DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
    expected = torch.from_numpy(exact).reshape(1, 2, 1, 1).expand(1, 2, 8, 8)
    errors = [distance(run(start, 5.0, n), expected) for n in (50, 100, 200)]
    assert errors[-1] < 3e-8
    assert min(orders(errors)) > 3.8


def test_a_cosine_series_is_the_periodic_one_of_twice_the_box() -> None:
    n = 24
    start = 0.5 + 0.3 * smooth(n)[:, :1]
    whole = torch.cat([start, start.flip(-2)], -2)
    whole = torch.cat([whole, whole.flip(-1)], -1)
    given = (fisher(1.0), 3, [0.01])
    half = solve_reaction(start, *given, LENGTH, 0.1, 5, 2, boundary="neumann")
    both = solve_reaction(whole, *given, 2 * LENGTH, 0.1, 5, 2)
    torch.testing.assert_close(half, both[..., :n, :n], rtol=0, atol=1e-13)
    assert distance(half[:, 2], half[:, 0]) > 0.05


def finite_volumes(n: int, time: float, diffusion: tuple[float, float]) -> torch.Tensor:
    """Return the solution by finite volumes of second order, at a tight tolerance."""

    def change(_: float, y: np.ndarray) -> np.ndarray:
        fields = torch.from_numpy(y).reshape(2, n, n)
        rate = fitzhugh_nagumo(K)(fields[None])[0]
        for axis in (1, 2):
            flux = fields.diff(dim=axis) * (n / LENGTH)
            none = torch.zeros_like(fields.narrow(axis, 0, 1))
            divergence = torch.cat([none, flux, none], axis).diff(dim=axis) * (n / LENGTH)
            rate = rate + torch.tensor(diffusion)[:, None, None].double() * divergence
        return np.asarray(rate.flatten())

    start = smooth(n).flatten().numpy()
    end = solve_ivp(change, (0, time), start, "DOP853", rtol=1e-9, atol=1e-11).y[:, -1]
    return torch.from_numpy(end).reshape(1, 2, n, n)


def test_finite_volumes_approach_the_solution_at_order_two() -> None:
    diffusion, errors = (0.01, 0.05), []
    for n in (16, 32, 64):
        exact = run(smooth(64), 1.0, 40, (n, n), diffusion)
        errors.append(distance(finite_volumes(n, 1.0, diffusion), exact))
    assert errors[-1] < 5e-4
    assert min(orders(errors)) > 1.95


def test_order_four_in_time_and_a_finer_grid_has_the_same_solution() -> None:
    runs = {n: run(smooth(48), 2.0, n) for n in (10, 20, 40, 320)}
    assert min(orders([distance(runs[n], runs[320]) for n in (10, 20, 40)])) > 3.7
    coarse, fine = (run(smooth(n), 2.0, 40, shape=(20, 24)) for n in (64, 128))
    assert coarse.shape == (1, 2, 20, 24)
    assert distance(coarse, fine) < 1e-5


def test_the_means_change_at_the_rate_of_the_reaction_alone() -> None:
    """No flux leaves the box: Simpson's rule over two frames."""
    given = (smooth(48), fitzhugh_nagumo(K), 3, DIFFUSION, LENGTH, 0.01, 2, 20)
    frames = solve_reaction(*given, boundary="neumann")[0]
    rates, means = fitzhugh_nagumo(K)(frames).mean((-2, -1)), frames.mean((-2, -1))
    gained = 0.02 / 3 * (rates[:-2] + 4 * rates[1:-1] + rates[2:])
    torch.testing.assert_close(means[2:] - means[:-2], gained, rtol=0, atol=1e-9)
    assert gained.abs().max() > 1e-4


def test_a_cubic_product_of_cosines_is_free_of_aliases() -> None:
    hat = torch.randn(2, 8, 8, dtype=torch.float64, generator=torch.manual_seed(0))
    cubes = []
    for n in (16, 64):
        modes = CosineModes((n, n), 1.0, 3, hat)
        padded = torch.nn.functional.pad(hat, (0, n // 2 - 8) * 2)
        cubes.append(modes.coefficients(modes.fields(padded) ** 3)[..., :8, :8])
    assert CosineModes((16, 16), 1.0, 3, hat).laplacian.shape == (8, 8)
    torch.testing.assert_close(cubes[0], cubes[1], rtol=0, atol=1e-11)


def test_an_unknown_boundary_is_one_line() -> None:
    with raises_input("boundary", "neuman", "did you mean 'neumann'"):
        solve_reaction(smooth(8), fisher(1.0), 2, DIFFUSION, 1.0, 0.1, 1, 1, boundary="neuman")  # type: ignore[arg-type]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-13)])
def test_a_batch_is_its_samples_in_either_precision(dtype: torch.dtype, tolerance: float) -> None:
    both = torch.cat([smooth(32), -smooth(32).flip(-1)])
    found = run(both.to(dtype), 1.0, 10)
    assert found.dtype == dtype
    for one, start in zip(found, both, strict=True):
        assert distance(one.double(), run(start[None], 1.0, 10)[0]) < tolerance
