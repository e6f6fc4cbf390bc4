import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from raising import raises_input
from scipy.optimize import brentq

from neurop.physics.solvers.shallow_water_volumes import COURANT, advance_water, wave_speed

Array = NDArray[np.float64]


def orders(errors: list[float]) -> list[float]:
    return [math.log2(a / b) for a, b in pairwise(errors)]


def line(n: int, length: float = 1.0, start: float = 0.0) -> torch.Tensor:
    """Return the centres of n cells."""
    return start + length * (torch.arange(n, dtype=torch.float64) + 0.5) / n


def hump(n: int) -> torch.Tensor:
    """Return a moving hump without symmetries on the unit square, ``(1, 3, n, n)``."""
    x, y = torch.meshgrid(line(n), line(n), indexing="ij")
    bump = torch.exp(-60 * ((x - 0.45) ** 2 + 2 * (y - 0.55) ** 2 + (x - 0.5) * (y - 0.5)))
    return torch.stack([1 + 0.5 * bump, 0.3 * bump, -0.2 * bump * (x - y + 1)])[None]


@pytest.mark.parametrize("first", ["open", "wall"])
@pytest.mark.parametrize("shape", [(7,), (5, 6)])
def test_a_lake_at_rest_stays_exactly(shape: tuple[int, ...], first: str) -> None:
    lake = torch.zeros(2, 1 + len(shape), *shape, dtype=torch.float64)
    lake[0, 0], lake[1, 0] = 0.7, math.pi
    found = advance_water(lake, 0.1, 0.005, 20, gravity=1.3, first=first)  # type: ignore[arg-type]
    assert torch.equal(found, lake)


def test_shear_along_a_face_stays_exactly() -> None:
    """A stationary contact: the velocity along the face jumps, that across it is 0."""
    state = torch.ones(1, 3, 8, 5, dtype=torch.float64)
    state[:, 1], state[:, 2, :4], state[:, 2, 4:] = 0, 0.5, -0.3
    assert torch.equal(advance_water(state, 0.1, 0.005, 20), state)


def stoker(left: float, right: float) -> tuple[float, float, float]:
    """Return height and velocity between the waves of a dam break, and the speed of the bore."""

    def excess(h: float) -> float:
        jump = (h - right) * math.sqrt((h + right) / (2 * h * right))
        return 2 * (math.sqrt(left) - math.sqrt(h)) - jump

    h = brentq(excess, right, left, xtol=1e-14)
    u = 2 * (math.sqrt(left) - math.sqrt(h))
    return h, u, h * u / (h - right)


def stoker_heights(n: int, time: float) -> Array:
    """Return the exact averages over n cells of [-1, 1], with heights 2 and 1 around 0."""
    h, u, bore = stoker(2.0, 1.0)
    s = line(64 * n, 2.0, -1.0).numpy() / time
    fan = (2 * math.sqrt(2) - s) ** 2 / 9
    exact = np.where(s < -math.sqrt(2), 2.0, np.where(s < u - math.sqrt(h), fan, h))
    return np.where(s > bore, 1.0, exact).reshape(n, 64).mean(-1)


def test_a_straight_dam_break_approaches_the_solution_of_stoker_at_order_one() -> None:
    time, errors = 0.5, []
    h, u, bore = stoker(2.0, 1.0)
    for n in (100, 200, 400):
        x = line(n, 2.0, -1.0)
        start = torch.stack([torch.where(x < 0, 2.0, 1.0).double(), 0 * x])[None]
        steps = math.ceil(time * 1.7 / (COURANT * 2 / n))
        found = advance_water(start, 2 / n, time / steps, steps)[0]
        errors.append(float(np.abs(found[0].numpy() - stoker_heights(n, time)).mean()))
        # No flux but that of the lakes at rest passes the ends.
        assert abs(float(found[0].mean()) - 1.5) < 1e-14
    assert errors[-1] < 1.5e-3
    assert min(orders(errors)) > 0.85
    star = found[:, int(n * (0.5 + 0.25 * (u - math.sqrt(h) + bore) * time))]
    np.testing.assert_allclose(star, [h, h * u], rtol=2e-4)
    middle = float(x[found[0] > 0.5 * (h + 1)][-1])
    assert abs(middle / time - bore) < 0.01
    assert bore > 1.3


def test_a_simple_wave_approaches_the_exact_solution_at_order_two() -> None:
    r"""A wave to the right with :math:`u = 2(c - 1)`, constant along :math:`dx/dt = 3c - 2`."""
    time, fine = 0.15, 16

    def speed(x: Array) -> Array:
        return 1 + 0.1 * np.exp(-80 * (x - 0.35) ** 2)

    def averages(n: int, t: float) -> torch.Tensor:
        x = line(n * fine).numpy()
        foot = x.copy()
        for _ in range(60):
            foot = x - t * (3 * speed(foot) - 2)
        c = speed(foot)
        return torch.from_numpy(np.stack([c**2, c**2 * 2 * (c - 1)]).reshape(2, n, fine).mean(-1))

    errors = []
    for n in (64, 128, 256):
        steps = math.ceil(time * 1.4 * n / COURANT)
        found = advance_water(averages(n, 0.0)[None], 1 / n, time / steps, steps)[0]
        errors.append(float((found - averages(n, time)).abs().mean()))
    assert errors[-1] < 1e-4
    assert min(orders(errors)) > 1.8
    assert float((averages(n, time) - averages(n, 0.0)).abs().max()) > 0.1


def test_order_two_in_two_dimensions_against_a_finer_grid() -> None:
    def run(n: int) -> torch.Tensor:
        fine = hump(192).unflatten(3, (n, -1)).unflatten(2, (n, -1)).mean((3, 5))
        steps = n
        return advance_water(fine, 1 / n, 0.12 / steps, steps)

    reference = run(192)
    errors = []
    for n in (24, 48, 96):
        exact = reference.unflatten(3, (n, -1)).unflatten(2, (n, -1)).mean((3, 5))
        errors.append(float((run(n) - exact).abs().mean()))
    assert min(orders(errors)) > 1.7
    assert errors[-1] < 2e-4


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_symmetries_of_the_square(turns: int, mirrored: bool) -> None:
    def moved(state: torch.Tensor) -> torch.Tensor:
        for _ in range(turns):  # x to y, y to -x
            h, p, q = state.rot90(1, (2, 3)).unbind(1)
            state = torch.stack([h, -q, p], 1)
        if mirrored:
            h, p, q = state.flip(2).unbind(1)
            state = torch.stack([h, -p, q], 1)
        return state

    start = hump(20)
    assert (moved(start) - start).abs().max() > 0.1
    one = moved(advance_water(start, 0.05, 0.004, 15))
    other = advance_water(moved(start), 0.05, 0.004, 15)
    torch.testing.assert_close(one, other, rtol=0, atol=1e-14)


def test_walls_are_axes_of_symmetry() -> None:
    x, y = torch.meshgrid(line(24, 2, -1), line(24, 2, -1), indexing="ij")
    height = 1 + torch.exp(-4 * (x**2 + 2 * y**2))
    whole = torch.stack([height, 0.2 * x * height, -0.4 * y * height])[None]
    found = advance_water(whole, 1 / 12, 0.008, 40)
    part = advance_water(whole[..., 12:, 12:], 1 / 12, 0.008, 40, first="wall")
    torch.testing.assert_close(part, found[..., 12:, 12:], rtol=0, atol=1e-14)
    assert (found - whole).abs().max() > 0.2


def radial_heights(n: int, radius: float, time: float, outside: float = 2.0) -> Array:
    """Return the height along the radius by a central scheme with the source of the geometry.

    Kurganov and Tadmor, J. Comput. Phys. 160 (2000) 241; heights 2 and 1.
    """
    dr = outside / n
    edges = np.arange(n + 1) * dr
    r = edges[:-1] + dr / 2
    inside = np.clip((radius**2 - edges[:-1] ** 2) / np.diff(edges**2), 0, 1)
    q, t = np.stack([1 + inside, 0 * r]), 0.0

    def flux(q: Array) -> Array:
        return np.stack([q[1], q[1] ** 2 / q[0] + q[0] ** 2 / 2])

    def fastest(q: Array) -> Array:
        return np.asarray(abs(q[1] / q[0]) + np.sqrt(q[0]))

    def rate(q: Array) -> Array:
        padded = np.concatenate(
            [q[:, 1::-1] * np.array([[1], [-1]]), q, q[:, -1:], q[:, -1:]], axis=1
        )
        back, ahead = np.diff(padded)[:, :-1], np.diff(padded)[:, 1:]
        slope = np.where(back * ahead > 0, np.where(abs(back) < abs(ahead), back, ahead), 0)
        left, right = (padded[:, 1:-1] + slope / 2)[:, :-1], (padded[:, 1:-1] - slope / 2)[:, 1:]
        speed = np.maximum(fastest(left), fastest(right))
        f = (flux(left) + flux(right) - speed * (right - left)) / 2
        mass, thrust = -np.diff(edges * f[0]) / (r * dr), -np.diff(f[1]) / dr
        return np.stack([mass, thrust - q[1] ** 2 / q[0] / r])

    while t < time:
        dt = min(0.4 * dr / fastest(q).max(), time - t)
        half = q + dt * rate(q)
        q, t = (q + half + dt * rate(half)) / 2, t + dt
    return np.asarray(q[0])


def test_a_round_dam_break_approaches_the_radial_solution_at_order_one() -> None:
    radius, time, n = 0.5, 0.6, 1600
    heights, errors = radial_heights(n, radius, time), []
    fine = line(2048, 2.0).numpy()
    r = np.hypot(fine[:, None], fine)
    exact = np.interp(r, line(n, 2.0).numpy(), heights).reshape(32, 64, 32, 64).mean((1, 3))
    inside = torch.from_numpy((r < radius).astype(np.float64))
    for cells in (32, 64, 128):
        height = 1 + inside.unflatten(1, (cells, -1)).unflatten(0, (cells, -1)).mean((1, 3))
        start = torch.stack([height, 0 * height, 0 * height])[None]
        steps = math.ceil(time * 3.2 * cells / 2 / COURANT)
        found = advance_water(start, 2 / cells, time / steps, steps, first="wall")[0, 0]
        found = found.unflatten(1, (32, -1)).unflatten(0, (32, -1)).mean((1, 3))
        errors.append(float(np.abs(found.numpy() - exact).mean()))
    assert errors[-1] < 2e-3
    assert min(orders(errors)) > 0.9


@pytest.mark.parametrize(
    ("change", "key"), [("long", "dt"), ("dry", "state"), ("infinite", "state")]
)
def test_what_would_be_wrong_is_one_line(change: str, key: str) -> None:
    state = hump(8)
    if change == "dry":
        state[0, 0, 2, 3] = 0.0
    if change == "infinite":
        state[0, 1, 2, 3] = math.inf
    dt = 0.06 if change == "long" else 0.005
    value = dt if change == "long" else float(state[:, 0].min())
    with raises_input(key, value):
        advance_water(state, 1 / 8, dt, 1)


def test_the_step_may_be_as_long_as_announced() -> None:
    still = torch.zeros(1, 2, 16, dtype=torch.float64)
    still[:, 0] = 4.0
    assert wave_speed(still) == 2.0
    assert wave_speed(still, gravity=9.0) == 6.0
    most = COURANT * 0.1 / 2
    advance_water(still, 0.1, most, 1)
    with raises_input("dt", 1.01 * most, "at most 0.025"):
        advance_water(still, 0.1, 1.01 * most, 1)


def test_waves_leave_through_an_open_end() -> None:
    x = line(100)
    start = torch.stack([1 + 0.1 * torch.exp(-200 * (x - 0.5) ** 2), 0 * x])[None]
    found = advance_water(start, 0.01, 0.004, 300)
    assert float((found[:, 0] - 1).abs().max()) < 5e-4
    assert float((advance_water(start, 0.01, 0.004, 50)[:, 0] - 1).abs().max()) > 0.03


def test_single_precision_and_a_batch_are_the_samples() -> None:
    both = torch.cat([hump(16), hump(16).flip(-1)])
    both[1, 2] *= -1
    found = advance_water(both, 1 / 16, 0.005, 20)
    for one, start in zip(found, both, strict=True):
        assert torch.equal(one, advance_water(start[None], 1 / 16, 0.005, 20)[0])
    single = advance_water(both.float(), 1 / 16, 0.005, 20)
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), found, rtol=0, atol=2e-6)
