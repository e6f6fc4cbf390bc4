"""The eddy viscosity: closed forms, rate of energy, gradients, and what it is not."""

import math

import pytest
import torch

from neurop.errors import InputError
from neurop.physics.les.smagorinsky import Smagorinsky
from neurop.physics.les.strain import curl_of_divergence, dissipation, magnitude, strain_rate
from neurop.physics.les.subfilter import filter_width, sharp_filter
from neurop.physics.operators import gradient, inverse_laplacian, truncate
from neurop.physics.random_fields.periodic import random_field

TAU = 2 * math.pi
BOX = (TAU, TAU)


def flow(n: int, samples: int = 1, m: int | None = None) -> torch.Tensor:
    w = random_field(range(samples), (n, m or n), alpha=2.0, tau=5.0, sigma=20.0)
    return sharp_filter(w, (n, m or n))


def test_the_stress_takes_energy_at_the_rate_of_the_cube_of_the_strain() -> None:
    strain = strain_rate(flow(32, samples=3))
    model = Smagorinsky(0.17, 0.04)
    exact = (0.17 * 0.04) ** 2 * magnitude(strain).pow(3).mean((-2, -1))
    torch.testing.assert_close(dissipation(model.stress(strain), strain), exact, rtol=1e-13, atol=0)


@pytest.mark.parametrize("shape", [(32, 32), (27, 40)])
def test_the_term_takes_energy_at_that_rate_although_its_products_have_aliases(
    shape: tuple[int, int],
) -> None:
    lengths = (1.0, 2.0)
    w = flow(shape[0], 2, shape[1])
    model = Smagorinsky(0.2, filter_width(shape, lengths), lengths)
    rate = -(inverse_laplacian(w, lengths) * model(w)).mean((-2, -1))
    cube = magnitude(strain_rate(w, lengths)).pow(3).mean((-2, -1))
    torch.testing.assert_close(rate, -((0.2 * model.width) ** 2) * cube, rtol=1e-12, atol=0)


def test_the_term_is_the_curl_of_the_divergence_of_the_stress_in_the_band() -> None:
    w, model = flow(36), Smagorinsky(0.2, 0.1)
    exact = sharp_filter(-curl_of_divergence(model.stress(strain_rate(w))), (36, 36))
    torch.testing.assert_close(model(w), exact, rtol=0, atol=1e-13 * float(exact.abs().max()))


def test_the_aliases_of_the_product_are_a_small_part() -> None:
    """Compare with the product on eight times as many points per side."""
    n, fine = 32, 256
    w = flow(n, samples=2)
    hat = truncate(torch.fft.rfft2(w, norm="forward"), (n, n), (fine, fine))
    strain = strain_rate(torch.fft.irfft2(hat, s=(fine, fine), norm="forward"))
    model = Smagorinsky(0.2, 0.1)
    exact = sharp_filter(-curl_of_divergence(model.stress(strain)), (n, n))
    assert 1e-3 < float((model(w) - exact).norm() / exact.norm()) < 0.02


def test_a_shear_flow_slows_as_the_series_says() -> None:
    r"""Of u = (sin y, 0) the viscosity is c|cos y| and the term :math:`-c(|\cos y|\cos y)''`, with
    the coefficients :math:`\pm 8/\pi n(4 - n^2)` of the odd modes n.
    """
    n = 1536
    y = torch.arange(n, dtype=torch.float64) * (TAU / n)
    hat = torch.fft.rfft(Smagorinsky(0.5, 1.0, BOX)(-y.cos().expand(4, n))[0], norm="forward")
    for mode in (1, 3, 5):
        series = -8 / (math.pi * mode * (mode**2 - 4)) * (-1) ** (mode // 2)
        assert 2 * float(hat[mode].real) == pytest.approx(0.25 * mode**2 * series, rel=1e-5)
    assert hat[[0, 2, 4]].abs().max() < 1e-14


def test_taylor_green_vortices_lose_energy_at_the_rate_of_the_integral() -> None:
    r"""Check :math:`\langle|S|^3\rangle = 8\langle|\sin x|^3\rangle^2 = 8 (4/3\pi)^2`."""
    x = torch.arange(256, dtype=torch.float64) * (TAU / 256)
    strain = strain_rate(2 * x.cos()[:, None] * x.cos(), BOX)
    found = dissipation(Smagorinsky(0.1, 0.5).stress(strain), strain)
    assert float(found) == pytest.approx(0.05**2 * 8 * (4 / (3 * math.pi)) ** 2, rel=1e-6)


def test_it_is_not_the_divergence_of_viscosity_times_gradient() -> None:
    """On these random fields the two differ by 40 %, correlate, and lose 3 : 2 in enstrophy."""
    w = flow(96, samples=4)
    strain = strain_rate(w)
    viscosity = Smagorinsky(1.0, 1.0).viscosity(strain)
    smagorinsky = curl_of_divergence(2 * viscosity[:, None] * strain)
    flux = viscosity[:, None] * gradient(w, (1.0, 1.0))
    other = sum(gradient(flux[:, axis], (1.0, 1.0))[:, axis] for axis in (0, 1))
    assert isinstance(other, torch.Tensor)
    assert float((other - smagorinsky).norm() / smagorinsky.norm()) == pytest.approx(0.40, abs=0.01)
    product = float((other * smagorinsky).sum() / (other.norm() * smagorinsky.norm()))
    assert product == pytest.approx(0.97, abs=0.01)
    assert float((w * other).sum() / (w * smagorinsky).sum()) == pytest.approx(2 / 3, abs=0.01)


def test_gradients_are_those_of_differences() -> None:
    w = flow(9, samples=2).requires_grad_()
    constant = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda w, c: Smagorinsky(c, 0.2)(w), (w, constant))


def test_gradients_are_zero_where_the_flow_is_at_rest() -> None:
    w = torch.zeros(6, 6, dtype=torch.float64, requires_grad=True)
    Smagorinsky(0.2, 0.1)(w).square().sum().backward()
    assert w.grad is not None
    assert bool((w.grad == 0).all())


def test_single_precision_and_leading_axes() -> None:
    w = flow(24, samples=6)
    exact = Smagorinsky(0.2, 0.1)(w)
    single = Smagorinsky(0.2, 0.1)(w.float().reshape(2, 3, 24, 24))
    assert single.dtype == torch.float32
    error = (single.double().reshape(6, 24, 24) - exact).norm() / exact.norm()
    assert float(error) < 1e-6


def test_a_constant_for_each_sample() -> None:
    w, constants = flow(12, samples=2), torch.tensor([0.1, 0.2], dtype=torch.float64)
    together = Smagorinsky(constants[:, None, None], 0.1)(w)
    for i, constant in enumerate((0.1, 0.2)):
        torch.testing.assert_close(together[i], Smagorinsky(constant, 0.1)(w[i]))


@pytest.mark.parametrize(
    ("key", "value", "given"),
    [
        ("constant", -0.1, (-0.1, 1.0)),
        ("constant", math.inf, (math.inf, 1.0)),
        ("width", 0.0, (0.1, 0.0)),
        ("width", math.inf, (0.1, math.inf)),
    ],
)
def test_bad_numbers(key: str, value: float, given: tuple[float, float]) -> None:
    with pytest.raises(InputError) as caught:
        Smagorinsky(*given)
    assert (caught.value.key, caught.value.value) == (key, value)
