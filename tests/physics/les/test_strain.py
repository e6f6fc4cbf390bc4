"""Strain, dissipation and the curl of a force, from closed forms and identities."""

import math

import pytest
import torch

from neurop.physics.les.strain import (
    UNIT,
    curl_of_divergence,
    dissipation,
    magnitude,
    strain_rate,
)
from neurop.physics.operators import gradient, inverse_laplacian, laplacian, velocity
from neurop.physics.random_fields.periodic import random_field

TAU = 2 * math.pi
BOX = (TAU, TAU)


def flow(n: int, m: int | None = None, samples: int = 1) -> torch.Tensor:
    return random_field(range(samples), (n, m or n), alpha=2.0, tau=5.0, sigma=20.0)


def angles(n: int) -> torch.Tensor:
    return torch.arange(n, dtype=torch.float64) * (TAU / n)


def test_a_shear_flow_has_the_strain_of_its_profile() -> None:
    """Of u = (sin y, 0) it is S12 = cos(y)/2 and S11 = 0."""
    y = angles(24)
    strain = strain_rate(-y.cos().expand(16, 24), BOX)
    torch.testing.assert_close(strain[1], (y.cos() / 2).expand(16, 24), rtol=0, atol=1e-14)
    assert strain[0].abs().max() < 1e-14
    torch.testing.assert_close(magnitude(strain), y.cos().abs().expand(16, 24), rtol=0, atol=2e-14)


def test_taylor_green_vortices_have_no_shear() -> None:
    """Of psi = cos x cos y it is S11 = sin x sin y and S12 = 0."""
    x = angles(16)
    strain = strain_rate(2 * x.cos()[:, None] * x.cos(), BOX)
    exact = x.sin()[:, None] * x.sin()
    torch.testing.assert_close(strain[0], exact, rtol=0, atol=1e-14)
    assert strain[1].abs().max() < 1e-14
    torch.testing.assert_close(magnitude(strain), 2 * exact.abs(), rtol=0, atol=1e-14)


@pytest.mark.parametrize("shape", [(16, 12), (15, 11)])
def test_the_strain_is_the_symmetric_part_of_the_velocity_gradient(shape: tuple[int, int]) -> None:
    lengths = (2.0, 3.0)
    w = random_field(range(2), shape, alpha=2.0, tau=5.0)
    slope = gradient(velocity(w, lengths), lengths)  # (sample, component, axis, x, y)
    strain = strain_rate(w, lengths)
    assert strain.shape == (2, 2, *shape)
    scale = float(strain.abs().max())
    u, v = slope.unbind(1)
    torch.testing.assert_close(strain[:, 0], u[:, 0], rtol=0, atol=1e-13 * scale)
    torch.testing.assert_close(strain[:, 0], -v[:, 1], rtol=0, atol=1e-13 * scale)
    torch.testing.assert_close(strain[:, 1], (u[:, 1] + v[:, 0]) / 2, rtol=0, atol=1e-13 * scale)


@pytest.mark.parametrize("shape", [(16, 12), (15, 11)])
def test_the_curl_of_the_divergence_is_that_of_the_force(shape: tuple[int, int]) -> None:
    lengths = (2.0, 3.0)
    first, second = random_field(range(2), shape, alpha=2.0, tau=5.0)
    d11, d12 = gradient(first, lengths), gradient(second, lengths)
    force = d11[0] + d12[1], d12[0] - d11[1]
    exact = gradient(force[1], lengths)[0] - gradient(force[0], lengths)[1]
    found = curl_of_divergence(torch.stack([first, second]), lengths)
    torch.testing.assert_close(found, exact, rtol=0, atol=1e-12 * float(exact.abs().max()))


@pytest.mark.parametrize("shape", [(24, 24), (21, 30)])
def test_a_constant_viscosity_is_that_of_the_laplacian(shape: tuple[int, int]) -> None:
    w, lengths = flow(*shape, samples=3), (1.0, 2.5)
    exact = 0.3 * laplacian(w, lengths)
    found = curl_of_divergence(2 * 0.3 * strain_rate(w, lengths), lengths)
    assert (found - exact).abs().max() < 1e-13 * exact.abs().max()


def test_the_dissipation_is_the_energy_that_the_force_takes() -> None:
    r"""Check :math:`\langle\psi\,\mathrm{curl}\,\mathrm{div}\,T\rangle = -\langle T:S\rangle`, the
    rate of change of the energy.
    """
    w = flow(20, samples=2)
    tensor = random_field(range(4), (20, 20), alpha=2.0, tau=5.0, seed=1).reshape(2, 2, 20, 20)
    rate = (-inverse_laplacian(w, UNIT) * curl_of_divergence(tensor)).mean((-2, -1))
    torch.testing.assert_close(-rate, dissipation(-tensor, strain_rate(w)), rtol=1e-12, atol=0)
