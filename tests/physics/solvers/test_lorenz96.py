"""The two-scale system: conserved quantities of its terms, the coupling, the order of RK4."""

from __future__ import annotations

import numpy as np
import pytest
from raising import leaf, raises_input

from neurop.physics.solvers.lorenz96 import Scales, advection, rk4, slow_tendency

K, J, F = 9, 5, 20.0


def state(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    return 5 * draw.standard_normal((3, K)), 0.3 * draw.standard_normal((3, K * J))


def test_the_equations_term_by_term() -> None:
    """Written out with indices on the rings."""
    scales, (x, y) = Scales(J, 0.7, 3.0, 8.0), state()
    exact_x, exact_y = np.empty_like(x), np.empty_like(y)
    for k in range(K):
        u = -(0.7 * 3 / 8) * y[:, k * J : (k + 1) * J].sum(1)
        exact_x[:, k] = -x[:, k - 1] * (x[:, k - 2] - x[:, (k + 1) % K]) - x[:, k] + F + u
    n = K * J
    for i in range(n):
        turn = y[:, (i + 1) % n] * (y[:, (i + 2) % n] - y[:, i - 1])
        exact_y[:, i] = -3.0 * 8.0 * turn - 3.0 * y[:, i] + 0.7 * 3 / 8 * x[:, i // J]
    made_x, made_y = scales.tendency((x, y), F)
    np.testing.assert_allclose(made_x, exact_x, rtol=0, atol=1e-12)
    np.testing.assert_allclose(made_y, exact_y, rtol=0, atol=1e-12)


def test_energy() -> None:
    """Advection conserves it, and what the coupling takes from X goes to Y."""
    scales, (x, y) = Scales(J, 0.7, 3.0, 8.0), state()
    uncoupled = Scales(J, 0.0, 3.0, 8.0)
    for ring in (x, y, y[..., ::-1]):
        assert np.abs((ring * advection(ring)).sum(-1)).max() < 1e-12 * np.abs(ring**3).sum()
    with_x, with_y = scales.tendency((x, y), F)
    alone_x, alone_y = uncoupled.tendency((x, y), F)
    lost = (x * (with_x - alone_x)).sum(-1)
    gained = (y * (with_y - alone_y)).sum(-1)
    np.testing.assert_allclose(lost, -gained, rtol=1e-11)
    np.testing.assert_allclose(gained, 0.7 * 3 / 8 * (np.repeat(x, J, -1) * y).sum(-1), rtol=1e-11)
    assert np.abs(gained).min() > 1e-3
    spent = (x * with_x).sum(-1) + (y * with_y).sum(-1)
    budget = F * x.sum(-1) - (x**2).sum(-1) - 3.0 * (y**2).sum(-1)
    np.testing.assert_allclose(spent, budget, rtol=1e-11)


def test_without_coupling_it_is_the_system_of_one_scale() -> None:
    x, y = state()
    scales = Scales(J, 0.0)
    both = rk4(lambda s: scales.tendency((s[0], s[1]), F), (x, y), 0.01, 30)
    (alone,) = rk4(lambda s: (slow_tendency(s[0], F),), (x,), 0.01, 30)
    np.testing.assert_array_equal(both[0], alone)
    (shifted,) = rk4(lambda s: (slow_tendency(s[0], F) - 1.5,), (x,), 0.01, 30)
    (forced,) = rk4(lambda s: (slow_tendency(s[0], F - 1.5),), (x,), 0.01, 30)
    np.testing.assert_allclose(shifted, forced, rtol=0, atol=1e-10)  # a constant closure


def test_turning_the_ring_turns_the_solution() -> None:
    scales, (x, y) = Scales(J), state()
    made = rk4(lambda s: scales.tendency((s[0], s[1]), F), (x, y), 0.005, 40)
    turned = rk4(
        lambda s: scales.tendency((s[0], s[1]), F),
        (np.roll(x, 2, -1), np.roll(y, 2 * J, -1)),
        0.005,
        40,
    )
    np.testing.assert_allclose(turned[0], np.roll(made[0], 2, -1), rtol=0, atol=1e-11)


def test_order_four() -> None:
    scales, start = Scales(J), state()
    ends = {
        n: np.concatenate(
            rk4(lambda s: scales.tendency((s[0], s[1]), F), start, 0.1 / n, n), axis=1
        )
        for n in (20, 40, 640)
    }
    coarse, fine = (np.linalg.norm(ends[n] - ends[640]) for n in (20, 40))
    assert 3.8 < np.log2(coarse / fine) < 4.3
    assert fine < 1e-4 * np.linalg.norm(ends[640])


@pytest.mark.parametrize(
    "changes", [{"fast": 2}, {"coupling": float("nan")}, {"speed": 0.0}, {"amplitude": -1.0}]
)
def test_unusable_scales(changes: dict[str, float]) -> None:
    with raises_input(*leaf(changes)):
        Scales(**changes)  # type: ignore[arg-type]
