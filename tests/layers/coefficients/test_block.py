from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers import CoefficientBlock, CoefficientTransform, CoefficientUNet
from neurop.spectral import Chebyshev, Cosine, Fourier, Sine

# Of GELU for a standard normal argument.
VARIANCE = 1 / 3 + 1 / (2 * math.pi * math.sqrt(3)) - 1 / (4 * math.pi)
MIXED = (Cosine(3), Fourier(4), Sine(2), Fourier(2))


@pytest.mark.parametrize(
    "bases",
    [
        (Fourier(4),),
        (Fourier(3), Fourier(4)),
        (Fourier(2), Fourier(3), Fourier(2)),
        (Cosine(3), Sine(4)),
        MIXED,
    ],
)
@pytest.mark.parametrize("mixing", [True, False])
def test_shape_parameters_and_gradients(bases: tuple, mixing: bool) -> None:
    sizes = [basis.size for basis in bases]
    block = CoefficientBlock(3, bases, mixing).double()
    z = torch.randn(2, *sizes, 3, dtype=torch.float64, requires_grad=True)
    assert block(z).shape == z.shape
    assert len(block.spread) == len(block.gather) == mixing * len(bases)
    block(z).square().sum().backward()
    assert z.grad is not None
    assert z.grad.abs().min() > 0
    for parameter in block.parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().max() > 0


def test_channels_of_a_periodic_axis_are_mixed_as_by_a_convolution() -> None:
    """A shift of the field shifts what the mixing gives, on the axis that wraps; the linear part
    alone is looked at.
    """
    torch.manual_seed(0)
    domain = Grid((Axis("x", "neumann", layout="cells"), Axis("y")))
    transform = CoefficientTransform(domain, (3, 4)).double()
    block = CoefficientBlock(2, transform.bases, mixing=False).double()
    x = transform.inverse(torch.randn(1, 3, 7, 2, dtype=torch.float64), (6, 10))

    def linear(x: Tensor) -> Tensor:
        z = 1e-6 * transform(x)  # GELU is half of so small a value
        return transform.inverse(1e6 * (block(z) - block(0 * z)) - 1e6 * z, (6, 10))

    torch.testing.assert_close(linear(x.roll(3, 3)), linear(x).roll(3, 3), atol=1e-5, rtol=0)
    assert (linear(x.roll(3, 2)) - linear(x).roll(3, 2)).abs().max() > 0.1


@pytest.mark.parametrize(
    "bases",
    [
        (Fourier(4), Fourier(3)),
        (Cosine(5), Sine(4)),
        (Sine(3), Fourier(3)),
        (Chebyshev(5), Fourier(3)),
    ],
)
def test_mixing_begins_as_a_transform_to_points_and_back(bases: tuple) -> None:
    block = CoefficientBlock(2, bases)
    gain = 1 / math.sqrt(VARIANCE)
    for i, (basis, spread, gather) in enumerate(
        zip(bases, block.spread, block.gather, strict=True)
    ):
        p = math.ceil(1.5 * basis.size)
        assert spread.shape == (p, basis.size)
        last = gain if i == len(bases) - 1 else 1.0
        torch.testing.assert_close(gather @ spread, last * torch.eye(basis.size), atol=1e-5, rtol=0)
        torch.testing.assert_close(
            spread.T @ spread, p / basis.size * torch.eye(basis.size), atol=1e-5, rtol=0
        )


def test_a_product_of_two_fields_is_not_aliased() -> None:
    """The square at 3/2 times as many points, gathered again, is the truncation of the square of
    the field.
    """
    m = 5
    basis, block = Fourier(m), CoefficientBlock(1, (Fourier(m),))
    c = np.random.default_rng(0).standard_normal(basis.size)
    root = np.sqrt(basis.norms())
    x = np.arange(64) / 64
    field = basis.functions(x) @ (root * c)
    expected = root * (basis.functions(x).T @ field**2) / 64
    values = block.spread[0].detach().double().numpy() @ (math.sqrt(basis.size) * c)
    got = (
        block.gather[0].detach().double().numpy()
        @ values**2
        * math.sqrt(VARIANCE)
        / math.sqrt(basis.size)
    )
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_centred_gelu_has_the_mean_and_the_variance_that_the_gain_assumes() -> None:
    from neurop.layers.coefficients import block as module

    a, w = np.polynomial.hermite_e.hermegauss(80)
    g = torch.nn.functional.gelu(torch.from_numpy(a)).numpy()
    w = w / w.sum()
    assert w @ g == pytest.approx(module._MEAN, abs=1e-9)
    assert w @ (g - module._MEAN) ** 2 == pytest.approx(module._VARIANCE, abs=1e-9)


@pytest.mark.parametrize(
    "bases",
    [
        (Fourier(4),),
        (Fourier(4), Fourier(5)),
        (Cosine(6), Fourier(4)),
        (Fourier(3), Cosine(4), Fourier(3)),
    ],
)
def test_the_image_holds_each_coefficient_once(bases: tuple) -> None:
    net = CoefficientUNet(2, bases, levels=1, channels=2)
    sizes = [basis.size for basis in bases]
    z = 1 + torch.arange(2.0 * math.prod(sizes)).view(1, *sizes, 2)
    image = net._image(z)
    assert image.shape == (
        1,
        2 * 2 ** sum(isinstance(b, Fourier) for b in bases),
        *(b.modes for b in bases),
    )
    assert torch.equal(image[image > 0].sort().values, z.flatten())
    assert torch.equal(net._coefficients(image), z)


def test_cosine_and_sine_of_a_frequency_lie_at_the_same_place() -> None:
    bases = (Fourier(4), Fourier(3))
    net, z = CoefficientUNet(1, bases, levels=1, channels=2), torch.zeros(1, 7, 5, 1)
    for i, j in itertools.product((2, 5), (1, 3)):  # cos 2 and sin 2, cos 1 and sin 1
        z[0, i, j] = 1
    image = net._image(z)
    assert image[0, :, 2, 1].tolist() == [1, 1, 1, 1]
    assert image.sum() == 4


def test_the_unet_keeps_the_order_of_the_modes_and_sees_no_other_sample() -> None:
    """A nonlinearity's input keeps the ratio of small to large modes, for any other samples."""
    torch.manual_seed(0)
    net = CoefficientUNet(4, (Fourier(8), Fourier(8)), channels=8).double()
    z = torch.randn(3, 15, 15, 4, dtype=torch.float64)
    with torch.no_grad():
        loud = torch.cat([z[:1], 1e3 * z[1:]])
        torch.testing.assert_close(net(loud)[:1], net(z)[:1], atol=1e-12, rtol=0)
        image = net._image(z * torch.logspace(0, -6, 15, dtype=torch.float64)[:, None, None])
        seen = torch.nn.functional.group_norm(image, 1)
    ratio = (image - image.mean((1, 2, 3), keepdim=True)) / seen
    torch.testing.assert_close(ratio, ratio[:, :1, :1, :1].expand_as(ratio), rtol=1e-9, atol=0)
