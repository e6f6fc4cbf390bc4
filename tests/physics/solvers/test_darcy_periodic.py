import math

import torch
from raising import raises_input
from torch import Tensor

from neurop.physics.operators import laplacian
from neurop.physics.random_fields.periodic import random_field
from neurop.physics.solvers.darcy_periodic import solve_darcy_periodic


def mesh(n: int, axes: int) -> list[Tensor]:
    x = 2 * math.pi * torch.arange(n, dtype=torch.float64) / n
    return list(torch.meshgrid(*[x] * axes, indexing="ij"))


def manufactured(n: int) -> tuple[Tensor, Tensor, Tensor]:
    r"""Return a, f and u of u = sin(x) cos(2 y), a = exp((cos x + sin y) / 2), by hand."""
    x, y = mesh(n, 2)
    a, u = torch.exp((x.cos() + y.sin()) / 2), x.sin() * (2 * y).cos()
    # -div(a grad u) = -a (lap u + grad(log a) . grad u), with x and y in turns of 2 pi.
    slope = -x.sin() / 2 * (x.cos() * (2 * y).cos()) + y.cos() / 2 * (-2 * x.sin() * (2 * y).sin())
    return a, -((2 * math.pi) ** 2) * a * (-5 * u + slope), u


def test_a_manufactured_solution_to_rounding_and_with_spectral_order() -> None:
    errors = []
    for n in (9, 13, 17, 33):
        a, f, u = manufactured(n)
        found = solve_darcy_periodic(a[None], f, tolerance=1e-13)[0]
        errors.append(float((found - u).abs().max()))
    assert errors[-1] < 1e-11
    # A method of order p would gain 2.07 ** p from 9 to 17 points.
    assert errors[0] > 1e-5
    assert errors[0] / errors[2] > 1e4


def test_a_constant_coefficient_is_poissons_equation_in_any_dimension() -> None:
    for axes in (1, 2, 3):
        waves = [torch.sin((i + 1) * x) for i, x in enumerate(mesh(9, axes))]
        u = torch.stack(waves).sum(0)
        f = -3.0 * laplacian(u, (1.0,) * axes) + 7.0  # its mean has no effect
        found = solve_darcy_periodic(torch.full_like(u, 3.0)[None], f)[0]
        torch.testing.assert_close(found, u, atol=1e-12, rtol=0)


def test_the_solution_of_a_line_by_quadrature() -> None:
    """On a line a u' = c - F with F' = f, and c makes u periodic."""
    (x,) = mesh(65, 1)
    a, f = torch.exp(0.8 * x.cos()), torch.sin(x) + torch.cos(2 * x)
    integral = (-torch.cos(x) + torch.sin(2 * x) / 2) / (2 * math.pi)
    slope = ((integral / a).mean() / (1 / a).mean() - integral) / a
    k = 2j * math.pi * torch.arange(33, dtype=torch.float64)
    k[0] = 1.0
    hat = torch.fft.rfft(slope) / k
    hat[0] = 0.0
    expected = torch.fft.irfft(hat, n=65)
    found = solve_darcy_periodic(a[None], f, tolerance=1e-13)[0]
    torch.testing.assert_close(found, expected, atol=1e-13, rtol=1e-9)


def test_a_sample_does_not_see_its_batch_and_has_zero_mean() -> None:
    g = random_field(range(4), (15, 15), alpha=4.0, tau=10.0)
    a, f = (g / g.std()).exp(), torch.cos(mesh(15, 2)[0])
    whole = solve_darcy_periodic(a, f)
    for i in range(4):
        torch.testing.assert_close(solve_darcy_periodic(a[i : i + 1], f)[0], whole[i])
    assert whole.mean((1, 2)).abs().max() < 1e-15
    torch.testing.assert_close(solve_darcy_periodic(5 * a, f), whole / 5, rtol=1e-8, atol=1e-13)


def test_what_has_no_solution_is_one_line() -> None:
    f = torch.ones(9, 9)
    with raises_input("coefficient", "0..1"):
        solve_darcy_periodic(torch.eye(9)[None], f)
    with raises_input("coefficient", "nan..nan"):
        solve_darcy_periodic(torch.full((1, 9, 9), float("nan")), f)
    with raises_input("points", 8):
        solve_darcy_periodic(torch.ones(1, 9, 8), torch.ones(9, 8))
    rough = torch.where(
        torch.rand(1, 33, 33, generator=torch.Generator().manual_seed(0)) > 0.5, 1.0, 1e6
    )
    with raises_input("tolerance", 1e-10):
        solve_darcy_periodic(rough, torch.cos(mesh(33, 2)[0]))
