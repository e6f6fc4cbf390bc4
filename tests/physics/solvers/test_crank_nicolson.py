import math

import torch

from neurop.physics.random_fields.periodic import random_field
from neurop.physics.solvers.crank_nicolson import crank_nicolson_euler
from neurop.physics.solvers.vorticity import solve_vorticity

TAU = 2 * math.pi


def problem(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.arange(n, dtype=torch.float64) / n
    phase = TAU * (x[:, None] + x)
    return random_field(range(2), (n, n), alpha=2.5, tau=7.0, sigma=26.2), 0.1 * (
        phase.sin() + phase.cos()
    )


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).norm() / b.norm())


def test_it_is_of_first_order_and_its_limit_is_our_solution() -> None:
    w0, f = problem(48)
    # Only modes that both schemes advect.
    hat = torch.fft.rfft2(w0)
    hat[:, 15:-14], hat[..., 15:] = 0, 0
    w0 = torch.fft.irfft2(hat, s=(48, 48))
    ours = solve_vorticity(w0, f, 1e-3, 0.05, 20, 1)[:, 1]
    coarse, fine = (
        crank_nicolson_euler(w0, f, 1e-3, 1 / steps, steps, 1)[:, 1] for steps in (400, 800)
    )
    assert 1.9 < distance(coarse, ours) / distance(fine, ours) < 2.1
    assert distance(2 * fine - coarse, ours) < 1e-6
    assert distance(w0, ours) > 0.1


def test_viscosity_and_forcing_alone_are_crank_nicolson() -> None:
    """A shear flow does not advect itself: each mode obeys its own linear recurrence."""
    n, nu, dt, steps = 16, 0.05, 0.1, 7
    y = torch.arange(n, dtype=torch.float64) / n
    shear = torch.sin(2 * TAU * y).expand(n, n)
    rate, value = nu * (2 * TAU) ** 2, 1.0
    for _ in range(steps):
        value = ((1 - dt * rate / 2) * value + dt * 3.0) / (1 + dt * rate / 2)
    found = crank_nicolson_euler(shear[None], 3.0 * shear, nu, dt, steps, 1)[0, 1]
    torch.testing.assert_close(found, value * shear, rtol=1e-12, atol=1e-12)


def test_frames_batches_and_shapes() -> None:
    w0, f = problem(24)
    frames = crank_nicolson_euler(w0, f, 1e-2, 0.01, 10, 3, (12, 16))
    assert frames.shape == (2, 4, 12, 16)
    alone = crank_nicolson_euler(w0[1:], f, 1e-2, 0.01, 10, 3, (12, 16))
    torch.testing.assert_close(alone, frames[1:], rtol=0, atol=1e-13)
    single = crank_nicolson_euler(w0.float(), f, 1e-2, 0.01, 10, 3, (12, 16))
    assert single.dtype == torch.float32
    assert distance(single.double(), frames) < 1e-5
