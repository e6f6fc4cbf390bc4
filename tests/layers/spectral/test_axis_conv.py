"""Axis-wise convolution: against full FFTs, pure waves, grids that it must not depend on, its
adjoint.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from raising import raises_input
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers.spectral.axis_conv import AxisConv
from neurop.spectral import resample


def conv(
    modes: tuple[int, ...],
    channels: tuple[int, int] = (2, 3),
    domain: Grid | None = None,
    **how: float,
) -> AxisConv:
    torch.manual_seed(0)
    return AxisConv(*channels, modes, domain, **how).double()


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def by_fft(layer: AxisConv, x: Tensor) -> Tensor:
    """The sum of one real FFT per axis, zero-filled, as the paper has it."""
    made = torch.zeros(len(x), layer.out_channels, *x.shape[2:], dtype=x.dtype)
    for d, (m, weight) in enumerate(zip(layer.modes, layer.weights), start=2):
        n = x.shape[d]
        z = torch.fft.rfft(x, dim=d)
        kept = min(m, (n + 1) // 2)
        matrix = torch.complex(weight[:kept, :, 0], weight[:kept, :, 1])
        mixed = torch.einsum("bi...k,kio->bo...k", z.movedim(d, -1)[..., :kept], matrix)
        made += torch.fft.irfft(mixed, n=n, dim=-1).movedim(-1, d)
    return made


@pytest.mark.parametrize("shape", [(9,), (8, 9), (16, 6), (6, 5, 8)])
def test_it_is_a_sum_of_ffts(shape: tuple[int, ...]) -> None:
    layer, x = conv((4, 3, 2)[: len(shape)]), noise(2, 2, *shape)
    torch.testing.assert_close(layer(x), by_fft(layer, x), atol=1e-12, rtol=0)


def test_a_wave_along_one_axis_is_turned_by_its_number_there_and_by_the_mean_of_the_others() -> (
    None
):
    layer, n = conv((4, 3), (1, 1)), 12
    angle = 2 * math.pi * torch.arange(n, dtype=torch.float64) / n
    x = (2 * angle).cos()[:, None].expand(n, n)
    first, second = (torch.complex(w[:, 0, 0, 0], w[:, 0, 1, 0]) for w in layer.weights)
    wave = torch.exp(2j * angle)
    # Along y the field is constant: the mode 0, whose imaginary part has no effect on a real field.
    expected = ((first[2] + second[0].real) * wave).real[:, None].expand(n, n)
    torch.testing.assert_close(layer(x[None, None])[0, 0], expected, atol=1e-12, rtol=0)


def test_a_field_that_the_grid_resolves_gives_the_same_function_on_every_grid() -> None:
    layer, x = conv((3, 4)), noise(1, 2, 7, 9)
    fine = (15, 20)
    expected = resample(layer(x), layer.domain, fine)
    torch.testing.assert_close(layer(resample(x, layer.domain, fine)), expected, atol=1e-12, rtol=0)


def test_an_open_axis_is_continued_by_zeros() -> None:
    domain = Grid((Axis("x", "open"), Axis("y")))
    layer, x = conv((5, 3), domain=domain, padding=0.5), noise(2, 2, 10, 8)
    # The period of x is 1.5 domains: the FFT of 15 points, of which 5 are zeros. Its sum is over
    # one domain's points.
    padded = torch.nn.functional.pad(x, (0, 0, 0, 5))
    along_x, along_y = conv((5, 3)), conv((5, 3))
    with torch.no_grad():
        along_x.weights[1].zero_()
        along_y.weights[0].zero_()
    expected = by_fft(along_x, padded)[:, :, :10] + by_fft(along_y, x)
    torch.testing.assert_close(layer(x), expected, atol=1e-12, rtol=0)


def test_gradients_are_those_of_finite_differences() -> None:
    layer, x = conv((2, 3), (2, 1)), noise(1, 2, 5, 6).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, *w: torch.func.functional_call(layer, _named(w), (x,)), (x, *layer.weights)
    )


def _named(weights: tuple[Tensor, ...]) -> dict[str, Tensor]:
    return {f"weights.{i}": w for i, w in enumerate(weights)}


def test_single_precision_takes_the_kernels_and_agrees() -> None:
    layer, x = conv((6, 7), (8, 8)), noise(3, 8, 20, 16)
    exact = layer(x)
    exact.square().sum().backward()
    slopes = [w.grad.clone() for w in layer.weights]
    layer.float().zero_grad()
    made = layer(x.float())
    made.square().sum().backward()
    torch.testing.assert_close(made.double(), exact, atol=1e-5, rtol=1e-5)
    for weight, slope in zip(layer.weights, slopes):
        torch.testing.assert_close(
            weight.grad.double(), slope, atol=1e-4 * float(slope.abs().max()), rtol=0
        )


def test_the_variance_is_kept_at_the_beginning() -> None:
    layer = conv((8, 8, 8), (64, 64))
    x = resample(noise(1, 64, 15, 15, 15), Grid.periodic(3), (16, 16, 16))
    assert layer(x).var().item() == pytest.approx(x.var().item(), rel=0.05)


def test_few_points_use_the_modes_that_they_resolve() -> None:
    layer = conv((8, 3))
    assert layer.retained_modes((5, 4)) == (3, 2)
    assert layer.nyquist((64, 5)) == (32, 3)
    assert np.isfinite(layer(noise(1, 2, 1, 2)).detach().numpy()).all()


def test_what_does_not_fit() -> None:
    with raises_input("modes", (4,), "one number per axis"):
        AxisConv(1, 1, (4,), Grid.periodic(2))
    with raises_input("x", (1, 3, 8)):
        conv((2, 2))(noise(1, 3, 8))
