import math
from itertools import pairwise

import pytest
import torch
from scipy.integrate import solve_ivp

from neurop.physics.operators import dealias_mask, laplacian
from neurop.physics.solvers.reaction import fisher, gray_scott, solve_reaction

FEED, KILL, DIFFUSION, LENGTH = 0.03, 0.062, (2e-5, 1e-5), 0.15


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).norm() / b.norm())


def orders(errors: list[float]) -> list[float]:
    return [math.log2(a / b) for a, b in pairwise(errors)]


def spots(n: int, axes: int = 2) -> torch.Tensor:
    """Return A and B of a smooth spot, ``(1, 2, *grid)``."""
    wave = torch.cos(2 * math.pi * torch.arange(n, dtype=torch.float64) / n) - 1
    b = torch.exp(sum(torch.meshgrid(*[wave] * axes, indexing="ij")))
    return torch.stack([1 - b / 2, b / 4])[None]


def run(start: torch.Tensor, time: float, steps: int, **how: int) -> torch.Tensor:
    reaction = gray_scott(FEED, KILL)
    return solve_reaction(start, reaction, 3, DIFFUSION, LENGTH, time / steps, steps, 1, **how)[
        :, 1
    ]


def test_uniform_fields_follow_the_logistic_curve_at_order_four() -> None:
    u = torch.linspace(0.1, 0.9, 8, dtype=torch.float64)[:, None, None].expand(8, 1, 8)
    exact = u * math.exp(5) / (1 - u + u * math.exp(5))
    counts = (20, 40, 80, 160)
    errors = [
        distance(solve_reaction(u, fisher(5.0), 2, [0.1], 1.0, 1 / n, n, 1)[:, 1], exact)
        for n in counts
    ]
    assert errors[-1] < 4e-10
    assert min(orders(errors)) > 3.9


def test_the_front_of_ablowitz_and_zeppetella_travels_without_change() -> None:
    r"""Check :math:`u = (1 + e^{(x - 5t/\sqrt 6)/\sqrt 6})^{-2}`, with its mirror image, on a box
    so long that neither is affected by the other.
    """
    length, n, time = 240.0, 2048, 5.0
    x = torch.arange(n, dtype=torch.float64) * length / n

    def front(t: float) -> torch.Tensor:
        along = (x - length / 2).abs() - 60 - 5 * t / math.sqrt(6)
        return (1 + torch.exp(along / math.sqrt(6))) ** -2

    errors = [
        distance(
            solve_reaction(front(0)[None, None], fisher(1.0), 2, [1.0], length, time / m, m, 1)[
                0, 1, 0
            ],
            front(time),
        )
        for m in (40, 80, 160)
    ]
    assert errors[-1] < 2e-9
    assert min(orders(errors)) > 3.8
    assert distance(front(0), front(time)) > 0.1


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_without_reaction_waves_decay_each_at_its_rate(axes: int) -> None:
    n, length, time = 12, 2.0, 3.0
    wave = torch.cos(2 * math.pi * torch.arange(n, dtype=torch.float64) / n)
    product = math.prod(torch.meshgrid(*[wave] * axes, indexing="ij"))
    start = torch.stack([product, 2 * product])[None]
    found = solve_reaction(start, torch.zeros_like, 1, (0.01, 0.02), length, time, 1, 1)[0, 1]
    rates = torch.tensor([0.01, 0.02], dtype=torch.float64) * axes * (2 * math.pi / length) ** 2
    expected = torch.exp(-rates * time).reshape(2, *[1] * axes) * start[0]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-14)


def test_uniform_gray_scott_is_its_ordinary_differential_equation() -> None:
    def change(_: float, y: list[float]) -> list[float]:
        a, b = y
        return [-a * b * b + FEED * (1 - a), a * b * b - (FEED + KILL) * b]

    start = torch.tensor([0.6, 0.4], dtype=torch.float64).reshape(1, 2, 1, 1).expand(1, 2, 8, 8)
    exact = solve_ivp(change, (0, 50), [0.6, 0.4], "DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
    expected = torch.from_numpy(exact).reshape(1, 2, 1, 1).expand(1, 2, 8, 8)
    errors = [distance(run(start, 50.0, n), expected) for n in (50, 100, 200)]
    assert errors[-1] < 3e-8
    assert min(orders(errors)) > 3.7
    assert abs(exact[0] - 0.6) > 0.1


def test_the_rest_state_stays_and_the_uniform_steady_states_are_those_of_the_quadratic() -> None:
    rest = torch.tensor([1.0, 0.0], dtype=torch.float64).reshape(1, 2, 1).expand(1, 2, 8)
    assert torch.equal(run(rest, 100.0, 10), rest)
    feed, kill = 0.04, 0.05
    for sign in (-1, 1):
        a = (1 + sign * math.sqrt(1 - 4 * (feed + kill) ** 2 / feed)) / 2
        b = feed * (1 - a) / (feed + kill)
        steady = torch.tensor([[a, b]], dtype=torch.float64)
        assert gray_scott(feed, kill)(steady).abs().max() < 1e-16


def test_order_four_of_gray_scott_in_space_and_time() -> None:
    start = spots(64)
    runs = {n: run(start, 40.0, n) for n in (10, 20, 40, 320)}
    assert min(orders([distance(runs[n], runs[320]) for n in (10, 20, 40)])) > 3.7
    assert distance(runs[320], start) > 0.05


def test_the_means_change_at_the_rate_of_the_reaction() -> None:
    r"""Check :math:`d\langle B\rangle/dt = \langle AB^2\rangle - (f+k)\langle B\rangle` and
    that of A by Simpson's rule over a frame.
    """
    frames = solve_reaction(spots(48), gray_scott(FEED, KILL), 3, DIFFUSION, LENGTH, 0.5, 1, 20)[0]
    rates = gray_scott(FEED, KILL)(frames).mean((-2, -1))
    means = frames.mean((-2, -1))
    gained = 0.5 / 3 * (rates[:-2] + 4 * rates[1:-1] + rates[2:])
    torch.testing.assert_close(means[2:] - means[:-2], gained, rtol=0, atol=1e-9)
    assert gained.abs().max() > 1e-4


def test_a_manufactured_solution_has_no_residual_at_the_start() -> None:
    """The first step follows D lap u + R(u), by a difference of second order."""
    start, h = spots(64), 1e-3
    frames = solve_reaction(start, gray_scott(FEED, KILL), 3, DIFFUSION, LENGTH, h, 1, 2)[0]
    rate = (4 * frames[1] - frames[2] - 3 * frames[0]) / (2 * h)
    constants = torch.tensor(DIFFUSION, dtype=torch.float64)[:, None, None]
    first = frames[:1]
    expected = constants * laplacian(first[0], [LENGTH, LENGTH]) + gray_scott(FEED, KILL)(first)[0]
    assert distance(rate, expected) < 1e-6


def test_a_finer_grid_has_the_same_solution() -> None:
    coarse, fine = (run(spots(n), 100.0, 50, shape=(32, 32)) for n in (48, 96))
    assert distance(coarse, fine) < 1e-6


def test_a_cubic_product_is_free_of_aliases() -> None:
    n = 32
    mask = dealias_mask((n,), degree=3)
    assert int(mask.sum()) == 8
    hat = torch.randn(n // 2 + 1, dtype=torch.complex128, generator=torch.manual_seed(0)) * mask
    hat[0] = 1.0
    cubes = [
        torch.fft.rfft(torch.fft.irfft(hat, n=m, norm="forward") ** 3, norm="forward")[: n // 2 + 1]
        for m in (n, 4 * n)
    ]
    torch.testing.assert_close(cubes[0] * mask, cubes[1] * mask, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-13)])
def test_a_batch_is_its_samples_in_either_precision(dtype: torch.dtype, tolerance: float) -> None:
    both = torch.cat([spots(32), spots(32).roll(5, -1)])
    found = run(both.to(dtype), 20.0, 20)
    assert found.dtype == dtype
    for one, start in zip(found, both, strict=True):
        assert distance(one.double(), run(start[None], 20.0, 20)[0]) < tolerance
