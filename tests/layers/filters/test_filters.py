"""Filters of modes: what they pass, their gain, the symmetries that they have."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from raising import raises_input
from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.layers import SpectralConv
from neurop.layers.filters.dense import DenseFilter
from neurop.layers.filters.disc import disc, shells
from neurop.layers.filters.dynamic import DynamicFilter
from neurop.layers.filters.named import FILTERS, named
from neurop.layers.filters.polar import PolarFilter
from neurop.layers.filters.shell_scale import ShellScale
from neurop.layers.spectral.pre_block import PreBlock

CPU = torch.device("cpu")


def noise(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.float64, generator=generator)


def conv(name: str, modes: tuple[int, ...] = (5, 5), channels: int = 3) -> SpectralConv:
    torch.manual_seed(0)
    weight = named(name)(modes, channels)
    return SpectralConv(channels, channels, modes, weight=weight).double().eval()


def waves(shape: tuple[int, ...]) -> list[Tensor]:
    """Return the signed integer frequencies of a full FFT, per axis."""
    k = [torch.fft.fftfreq(n, 1 / n, dtype=torch.float64) for n in shape]
    return list(torch.meshgrid(*k, indexing="ij"))


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("modes", [(5,), (5, 5), (4, 6), (3, 3, 3)])
@torch.no_grad()
def test_waves_pass_in_a_disc_of_wavenumbers_at_any_resolution(
    name: str, modes: tuple[int, ...]
) -> None:
    """What comes out has no power out of the disc, in every direction, and some at each wave in
    it; on a finer grid the same waves.
    """
    passed = []
    for points in (16, 18):
        shape = (points,) * len(modes)
        y = conv(name, modes).channels_last(noise(1, *shape, 3))
        power = torch.fft.fftn(y, dim=tuple(range(1, y.dim() - 1))).abs().amax((0, -1))
        radius = sum((k / m) ** 2 for k, m in zip(waves(shape), modes))
        inside = radius < 1 - 1e-9
        assert power[~inside].max() < 1e-11 * power.max()
        assert power[inside].min() > 1e-6 * power.max()
        passed.append(int(inside.sum()))
    assert passed[0] == passed[1]


def test_disc_and_shells_in_closed_form() -> None:
    """Of the 45 integer points with |k| < 4 all 7 on the first axis, and half of the others."""
    inside = disc((4, 4), torch.float64, CPU)[..., 0]
    assert int(inside.sum()) == 7 + (45 - 7) // 2
    rows = shells((4, 4), torch.int64, CPU)[..., 0]
    assert rows[1].tolist() == [1, 1, 2, 3]  # |(1, j)| = 1, 1.41, 2.24, 3.16
    assert rows[3, 3] == 3  # (3, 3) lies out of the disc: the last shell


@torch.no_grad()
def test_a_polar_filter_is_a_gain_and_a_phase_per_wave_and_channel() -> None:
    """The mixing set to the identity, against a full complex FFT of single waves."""
    layer = conv("polar", (4, 4), channels=2)
    weight = layer.weight
    weight.mix.weight.copy_(torch.eye(2))
    n = 12
    x, y = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    for k in ((2, 1), (-3, 2), (1, 3)):
        wave = torch.from_numpy(np.cos(2 * np.pi * (k[0] * x + k[1] * y) / n))
        made = layer.channels_last(wave[None, ..., None].expand(1, n, n, 2))
        row = k[0] if k[0] >= 0 else 3 - k[0]
        for c in range(2):
            gain = torch.sigmoid(weight.gain[row, k[1], c])
            angle = 2 * np.pi * (k[0] * x + k[1] * y) / n + float(weight.phase[row, k[1], c])
            torch.testing.assert_close(made[0, ..., c], gain * torch.from_numpy(np.cos(angle)))


@pytest.mark.parametrize("name", ["polar", "dynamic"])
@pytest.mark.parametrize("seed", range(3))
@torch.no_grad()
def test_no_wave_is_amplified(name: str, seed: int) -> None:
    """Without the mixing, whatever the parameters, the power of each wave does not grow; with a
    mixing of norm s it grows by s at most in the whole.
    """
    layer = conv(name)
    for parameter in layer.parameters():
        parameter.copy_(20 * noise(*parameter.shape, seed=seed))
    norm = torch.linalg.matrix_norm(layer.weight.mix.weight, 2)
    x = noise(2, 12, 13, 3, seed=9)
    assert layer.channels_last(x).norm() <= norm * x.norm()
    layer.weight.mix.weight.copy_(torch.eye(3))
    y = layer.channels_last(x)
    before, after = (torch.fft.fft2(f, dim=(1, 2)).abs() for f in (x, y))
    # Waves without a frequency along the last axis come in pairs that act as a mean.
    single = waves((12, 13))[1] != 0
    assert (after <= before * (1 + 1e-9))[:, single].all()
    assert y.norm() <= x.norm()


@torch.no_grad()
def test_a_linear_system_of_a_depthwise_filter_never_grows() -> None:
    """Of v <- F v, 200 times, the norm falls at each, and does not overflow."""
    layer = conv("polar", (6, 6), channels=2)
    layer.weight.gain.add_(5)
    layer.weight.mix.weight.copy_(torch.eye(2))
    v, norms = noise(1, 16, 16, 2), []
    for _ in range(200):
        v = layer.channels_last(v)
        norms.append(float(v.norm()))
    assert (np.diff(norms) <= 0).all()
    assert norms[-1] > 0


@pytest.mark.parametrize("name", FILTERS)
@torch.no_grad()
def test_a_shifted_field_has_the_shifted_output(name: str) -> None:
    layer, x = conv(name), noise(2, 12, 15, 3)
    if name == "dynamic":
        layer.weight.scale.rms.fill_(0.3)
    y = layer.channels_last(x)
    for shift in ((3, 7), (-1, 4)):
        made = layer.channels_last(x.roll(shift, (1, 2)))
        torch.testing.assert_close(made, y.roll(shift, (1, 2)), atol=1e-12, rtol=0)


@torch.no_grad()
def test_the_gains_of_a_dynamic_filter_depend_on_the_field() -> None:
    """It is no linear map; without its gate it is the polar filter with the same numbers."""
    layer, x = conv("dynamic"), noise(1, 12, 12, 3)
    y = layer.channels_last(x)
    assert (layer.channels_last(2 * x) - 2 * y).norm() > 1e-2 * y.norm()
    layer.weight.gate.weight.zero_()
    layer.weight.gate.bias.zero_()
    plain = conv("polar")
    state = layer.weight.state_dict()
    plain.weight.load_state_dict({k: state[k] for k in plain.weight.state_dict()})
    assert torch.equal(layer.channels_last(x), plain.channels_last(x))


@pytest.mark.parametrize("name", FILTERS)
def test_slopes_are_those_of_finite_differences(name: str) -> None:
    layer = conv(name, (2, 2), channels=2)
    x = noise(1, 3, 4, 2).requires_grad_()
    parameters = tuple(layer.parameters())
    assert torch.autograd.gradcheck(lambda x, *_: layer.channels_last(x), (x, *parameters))


@torch.no_grad()
def test_the_dense_filter_is_the_plain_weight_in_the_disc() -> None:
    layer, plain = conv("dense"), SpectralConv(3, 3, (5, 5)).double()
    plain.weight.copy_(layer.weight.weight * disc((5, 5), torch.float64, CPU)[..., None, None])
    x = noise(1, 12, 9, 3)
    torch.testing.assert_close(layer.channels_last(x), plain.channels_last(x))


def test_scales_of_shells_are_measured_once() -> None:
    """A power law comes out white; a later batch of another size changes nothing, nor does any
    batch in evaluation.
    """
    scale = ShellScale((6, 6)).double()
    size = (1.0 + shells((6, 6), torch.int64, CPU)) ** -2.0
    z = size * noise(2, 8, 11, 6, 4)
    assert torch.equal(scale.eval()(z, (6, 6)), z)
    white = scale.train()(z, (6, 6))
    power = white.square().sum(0).mean((0, -1))
    rows = shells((6, 6), torch.int64, CPU)[..., 0]
    for shell in range(6):
        assert power[rows == shell].mean().item() == pytest.approx(1, abs=1e-12)
    known = scale.rms.clone()
    for training in (True, False):
        torch.testing.assert_close(scale.train(training)(5 * z, (6, 6)), 5 * white)
        assert torch.equal(scale.rms, known)
    # On a coarser grid the shells keep their scales.
    few = scale(z[:, :, [0, 1, 2, 6, 7], :3], (3, 3))
    torch.testing.assert_close(few, white[:, :, [0, 1, 2, 6, 7], :3])


def test_a_shell_without_power_keeps_its_size() -> None:
    scale = ShellScale((4,))
    z = torch.zeros(2, 1, 4, 1)
    z[:, :, 0] = 3
    assert scale(z, (4,)).isfinite().all()
    assert scale.rms.tolist() == pytest.approx([18**0.5, 0, 0, 0])


@pytest.mark.parametrize("name", ["polar", "dense"])
@torch.no_grad()
def test_a_block_changes_the_modes_of_its_convolution_alone(name: str) -> None:
    """Whatever its nonlinearity makes of waves, it leaves all others as they are."""
    block = PreBlock(3, conv(name, (4, 4)), 2.0).double()
    v = noise(1, 16, 16, 3)
    changed = torch.fft.fft2(block(v) - v, dim=(1, 2)).abs().amax((0, -1))
    outside = sum(k**2 for k in waves((16, 16))) >= 16
    assert changed[outside].max() < 1e-12 * changed.max()
    inner = block.mlp(v)
    torch.testing.assert_close(block(v), v + block.spectral.channels_last(inner))


def test_copies_share_nothing() -> None:
    weight = DynamicFilter((3, 3), 2)
    twin = copy.deepcopy(weight)
    weight(torch.ones(1, 5, 5, 2), (3, 3))
    assert float(weight.scale.rms.sum()) > 0
    assert float(twin.scale.rms.sum()) == 0


@pytest.mark.parametrize("kind", [PolarFilter, DynamicFilter, DenseFilter])
def test_sizes_that_make_no_filter(kind: type[nn.Module]) -> None:
    with raises_input("modes", 0):
        kind((4, 0), 2)
    with raises_input("channels", 0):
        kind((4, 4), 0)
    with raises_input("filter", "polr", "did you mean 'polar'"):
        named("polr")
    walls = Grid.latlon()
    assert SpectralConv(2, 2, (3, 3), walls, weight=PolarFilter((3, 3), 2)).modes == (3, 3)
