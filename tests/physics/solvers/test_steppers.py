import math
from itertools import pairwise

import pytest
import torch

from neurop.physics.operators import dealias_mask, laplacian_symbol, truncate, wavenumbers
from neurop.physics.random_fields.periodic import random_field
from neurop.physics.solvers.steppers import ETDRK2, ETDRK4
from neurop.physics.solvers.vorticity import solve_vorticity

TAU = 2 * math.pi
Scheme = type[ETDRK2] | type[ETDRK4]


def forcing(n: int) -> torch.Tensor:
    x = torch.arange(n, dtype=torch.float64) / n
    phase = TAU * (x[:, None] + x)
    return 0.1 * (phase.sin() + phase.cos())


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).norm() / b.norm())


@pytest.mark.parametrize("scheme", [ETDRK2, ETDRK4])
def test_linear_part_is_exact_however_stiff(scheme: Scheme) -> None:
    linear = torch.tensor([0.0, -1e-9, -1.0, -1e2, -1e6], dtype=torch.float64)
    v = scheme(linear, torch.zeros_like, 0.7, torch.float64).advance(
        torch.ones(5, dtype=torch.float64), 3
    )
    torch.testing.assert_close(v, torch.exp(2.1 * linear), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("scheme", [ETDRK2, ETDRK4])
def test_imaginary_linear_part_turns_without_loss(scheme: Scheme) -> None:
    linear = 1j * torch.tensor([0.0, 1.0, 50.0], dtype=torch.float64)
    v = scheme(linear, torch.zeros_like, 0.3).advance(torch.ones(3, dtype=torch.complex128), 10)
    torch.testing.assert_close(v, torch.exp(3.0 * linear), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("scheme", [ETDRK2, ETDRK4])
def test_constant_source_is_exact_and_untouched(scheme: Scheme) -> None:
    linear = torch.tensor([0.0, -1e-7, -2.0, -1e4], dtype=torch.float64)
    source = torch.full((4,), 3.0, dtype=torch.complex128)
    v = scheme(linear, lambda _: source, 0.25).advance(torch.zeros(4, dtype=torch.complex128), 4)
    expected = torch.tensor([3.0, 3.0, 1.5 * -math.expm1(-2.0), 3e-4], dtype=torch.float64)
    torch.testing.assert_close(v.real, expected, rtol=1e-6, atol=0)
    torch.testing.assert_close(v.real[2:], expected[2:], rtol=1e-12, atol=0)
    assert (source == 3.0).all()


@pytest.mark.parametrize(("scheme", "order", "error"), [(ETDRK2, 2, 2e-3), (ETDRK4, 4, 1e-6)])
def test_logistic_equation_converges_with_its_order(
    scheme: Scheme, order: int, error: float
) -> None:
    """Solve v' = v - v^2 from 0.1: v = 1/(1 + 9 exp(-t))."""
    exact = 1 / (1 + 9 * math.exp(-4.0))
    errors = []
    for steps in (10, 20, 40):
        stepper = scheme(
            torch.ones(1, dtype=torch.float64), lambda v: -v * v, 4.0 / steps, torch.float64
        )
        errors.append(
            abs(float(stepper.advance(torch.full((1,), 0.1, dtype=torch.float64), steps)) - exact)
        )
    orders = [math.log2(a / b) for a, b in pairwise(errors)]
    assert min(orders) > order - 0.2
    assert max(orders) < order + 0.5
    assert errors[-1] < error, errors


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_taylor_green_decays_exactly(dtype: torch.dtype, tolerance: float) -> None:
    n, nu, steps = 32, 1e-2, 20
    x = torch.arange(n, dtype=torch.float64) / n
    w = (2 * TAU * torch.cos(2 * TAU * x)[:, None] * torch.cos(2 * TAU * x)).to(dtype)
    frames = solve_vorticity(w[None], torch.zeros_like(w), nu, 0.1, 1, steps)
    assert frames.dtype == dtype
    for frame in (1, 7, steps):
        exact = w.double() * math.exp(-nu * 8 * TAU**2 * 0.1 * frame)
        assert distance(frames[0, frame].double(), exact) < tolerance


def test_order_on_navier_stokes_with_advection() -> None:
    n = 32
    w0 = random_field([0], (n, n), alpha=2.5, tau=7.0, sigma=80.0)
    frames = {
        m: solve_vorticity(w0, forcing(n), 1e-3, 1.0 / m, m, 1)[:, 1] for m in (20, 40, 80, 320)
    }
    still = solve_vorticity(w0, forcing(n), 1e-3, 1.0, 1, 1)[:, 1]
    assert distance(still, frames[320]) > 1e-3
    errors = [distance(frames[m], frames[320]) for m in (20, 40, 80)]
    orders = [math.log2(a / b) for a, b in pairwise(errors)]
    assert min(orders) > 3.8, (errors, orders)


def crank_nicolson_euler(
    w0: torch.Tensor, f: torch.Tensor, nu: float, steps: int, time: float
) -> torch.Tensor:
    """Solve as the paper's appendix A.3: stream function, u.grad(omega) from products on the
    grid, Euler and Crank-Nicolson.
    """
    shape, dt = (w0.shape[-2], w0.shape[-1]), time / steps
    kx, ky = wavenumbers(shape, (1.0, 1.0))
    square, kept = -laplacian_symbol(shape, (1.0, 1.0)), dealias_mask(shape)
    divisor = torch.where(square == 0, 1.0, square)
    w, source = torch.fft.rfft2(w0) * kept, torch.fft.rfft2(f)

    def physical(hat: torch.Tensor) -> torch.Tensor:
        return torch.fft.irfft2(hat, s=shape)

    for _ in range(steps):
        psi = w / divisor
        advection = physical(1j * ky * psi) * physical(1j * kx * w) + physical(
            -1j * kx * psi
        ) * physical(1j * ky * w)
        change = source - torch.fft.rfft2(advection) * kept
        w = ((1 - 0.5 * dt * nu * square) * w + dt * change) / (1 + 0.5 * dt * nu * square)
    return physical(w)


def test_agrees_with_the_scheme_of_the_paper() -> None:
    n, nu = 24, 1e-3
    # Only modes that the 2/3 rule keeps, as the two schemes treat the others differently.
    band = torch.fft.rfft2(
        random_field(range(2), (15, 15), alpha=2.5, tau=7.0, sigma=26.2), norm="forward"
    )
    w0 = torch.fft.irfft2(truncate(band, (15, 15), (n, n)), s=(n, n), norm="forward")
    ours = solve_vorticity(w0, forcing(n), nu, 0.05, 20, 1)[:, 1]
    coarse, fine = (crank_nicolson_euler(w0, forcing(n), nu, steps, 1.0) for steps in (500, 1000))
    # First order in time: the two runs extrapolate to the solution.
    assert distance(2 * fine - coarse, ours) < 1e-6
    assert 1.9 < distance(coarse, ours) / distance(fine, ours) < 2.1
    assert distance(w0, ours) > 0.1


def test_single_precision_stays_close_over_many_steps() -> None:
    n = 32
    w0 = random_field([1], (n, n), alpha=2.5, tau=7.0, sigma=26.2)
    double = solve_vorticity(w0, forcing(n), 1e-3, 0.02, 500, 1)[:, 1]
    single = solve_vorticity(w0.float(), forcing(n).float(), 1e-3, 0.02, 500, 1)[:, 1]
    assert distance(single.double(), double) < 1e-5


def test_a_batch_is_its_samples() -> None:
    w0 = random_field(range(5), (16, 16), alpha=2.5, tau=7.0, sigma=26.2)
    whole = solve_vorticity(w0, forcing(16), 1e-3, 0.1, 10, 1)
    alone = torch.cat(
        [solve_vorticity(w0[i : i + 1], forcing(16), 1e-3, 0.1, 10, 1) for i in range(5)]
    )
    torch.testing.assert_close(alone, whole, rtol=0, atol=1e-13)
