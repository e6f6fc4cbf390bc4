"""The filter of adaptive Fourier neural operators in real arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from raising import raises_input
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from neurop.geometry.axis import Axis
from neurop.layers.tokens.block import TokenBlock
from neurop.layers.tokens.mode_mlp import ModeMLP
from neurop.layers.tokens.shrink import shrunk
from neurop.spectral import fused

AXES = tuple(Axis(name, layout="cells") for name in "xyz")


def filter_of(modes: tuple[int, ...], blocks: int = 2, **more: float) -> ModeMLP:
    torch.manual_seed(0)
    made = ModeMLP(4, blocks, modes, AXES[: len(modes)], **more).double()
    nn.init.normal_(made.biases)
    return made


def noise(*shape: int) -> Tensor:
    return torch.randn(2, *shape, 4, generator=torch.Generator().manual_seed(1)).double()


def by_fft(layer: ModeMLP, x: Tensor) -> Tensor:
    """Return the layer on a plane written with complex numbers, mode by mode."""
    (m1, m2), (n1, n2) = layer.modes, x.shape[1:3]
    z = torch.fft.rfft2(x, dim=(1, 2), norm="forward")
    rows = [k % n1 for k in range(1 - m1, m1)]
    # Positions are the centres of cells, which turns the phases.
    k = torch.arange(1 - m1, m1).double()[:, None], torch.arange(m2).double()[None]
    turn = torch.exp(-1j * torch.pi * (k[0] / n1 + k[1] / n2))[..., None]
    z = z[:, rows, :m2] * turn
    size = (k[0] ** 2 + k[1] ** 2).sqrt().round().expand(2 * m1 - 1, m2)
    twice = 1 + (k[1] > 0).double().expand_as(size)
    for i, (weight, threshold) in enumerate(
        ((layer.first, layer.thresholds.abs()), (layer.second, layer.shrink))
    ):
        full = torch.block_diag(*torch.complex(weight[:, :, 0], weight[:, :, 1]))
        z = z @ full
        z[:, m1 - 1, 0] += layer.biases[i]
        for s in size.unique():
            at = size == s
            power = z[:, at].abs().square().mean(-1)
            rms = ((power * twice[at]).sum(1) / twice[at].sum()).sqrt()[:, None, None]
            z[:, at] = (1 - threshold * rms / z[:, at].abs()).clamp_min(0) * z[:, at]
    made = torch.zeros(len(x), n1, n2 // 2 + 1, 4, dtype=torch.complex128)
    made[:, rows, :m2] = z / turn
    return torch.fft.irfft2(made, s=(n1, n2), dim=(1, 2), norm="forward")


def test_it_is_its_formula_with_complex_numbers() -> None:
    layer, x = filter_of((3, 4)), noise(8, 9)
    torch.testing.assert_close(layer(x), by_fft(layer, x), atol=1e-12, rtol=0)


@pytest.mark.parametrize("shape", [(12,), (8, 9), (6, 5, 8)])
def test_it_commutes_with_shifts_and_takes_any_units(shape: tuple[int, ...]) -> None:
    layer, x = filter_of((3,) * len(shape)), noise(*shape)
    dims, steps = tuple(range(1, len(shape) + 1)), tuple(range(2, len(shape) + 2))
    y = layer(x)
    torch.testing.assert_close(layer(x.roll(steps, dims)), y.roll(steps, dims), atol=1e-12, rtol=0)
    nn.init.zeros_(layer.biases)
    torch.testing.assert_close(layer(1e6 * x), 1e6 * layer(x), atol=1e-6, rtol=1e-9)


def test_the_output_is_that_of_the_kept_modes_alone_on_any_number_of_tokens() -> None:
    layer, x = filter_of((3, 4)), noise(16, 18)
    power = torch.fft.fft2(layer(x), dim=(1, 2)).abs().amax((0, 3))
    k1, k2 = (torch.fft.fftfreq(n, 1 / n).abs() for n in (16, 18))
    kept = (k1[:, None] < 3) & (k2[None] < 4)
    assert power[~kept].max() < 1e-10 < power[kept].min()
    # A field of the kept modes is filtered to the same function on other tokens.
    full = torch.fft.rfft2(x, dim=(1, 2), norm="forward")[:, [0, 1, 2, -2, -1], :4]

    def at(n1: int, n2: int) -> Tensor:
        z = torch.zeros(2, n1, n2 // 2 + 1, 4, dtype=torch.complex128)
        z[:, [0, 1, 2, -2, -1], :4] = full
        k1 = torch.fft.fftfreq(n1, 1 / n1, dtype=torch.float64)[:, None]
        k2 = torch.arange(n2 // 2 + 1, dtype=torch.float64)
        turn = torch.exp(1j * torch.pi * (k1 / n1 + k2 / n2))[..., None]
        return torch.fft.irfft2(z * turn, s=(n1, n2), dim=(1, 2), norm="forward")

    coarse, fine = layer(at(9, 10)), layer(at(27, 30))
    torch.testing.assert_close(fine[:, 1::3, 1::3], coarse, atol=1e-12, rtol=0)


def test_without_weights_the_first_half_of_a_block_adds_its_normalised_tokens() -> None:
    torch.manual_seed(0)
    block = TokenBlock(4, ModeMLP(4, 2, (3, 3), AXES[:2])).double()
    x = noise(8, 8)
    for parameter in (*block.mixing.parameters(), *block.mlp.contract.parameters()):
        nn.init.zeros_(parameter)
    expected = x + nn.functional.layer_norm(x, (4,))
    torch.testing.assert_close(block(x), expected, atol=1e-15, rtol=0)


def test_blocks_do_not_see_each_other() -> None:
    layer, x = filter_of((3, 3)), noise(8, 8)
    layer.thresholds.data.zero_()  # relative to the mean over all channels
    layer.shrink = 0.0
    other = x.clone()
    other[..., 2:] += 1
    torch.testing.assert_close(layer(x)[..., :2], layer(other)[..., :2])
    assert (layer(x)[..., 2:] - layer(other)[..., 2:]).abs().max() > 0.1


@pytest.mark.slow  # counts of 15 networks
def test_operations_grow_as_the_tokens_and_those_of_attention_as_their_square(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Products of matrices for 512 to 8192 tokens; with all modes the transforms add N^(3/2)."""
    monkeypatch.setattr(fused, "have_kernels", lambda *tensors: False)  # else they are not counted
    grids = ((16, 32), (32, 32), (32, 64), (64, 64), (64, 128))
    slopes = []
    with torch.device("meta"):
        every = [ModeMLP(64, 8, (n1 // 2, n2 // 2), AXES[:2]) for n1, n2 in grids]
        for layers in ([ModeMLP(64, 8, (8, 16), AXES[:2])] * 5, every, [None] * 5):
            counts = []
            for layer, shape in zip(layers, grids, strict=True):
                x = torch.zeros(1, *shape, 64)
                with FlopCounterMode(display=False) as counter:
                    if layer is None:
                        nn.functional.scaled_dot_product_attention(*[x.flatten(1, 2)] * 3)
                    else:
                        layer(x)
                counts.append(counter.get_total_flops())
            tokens = [n1 * n2 for n1, n2 in grids]
            slopes.append(np.polyfit(np.log(tokens), np.log(counts), 1)[0])
    assert slopes[0] < 1
    assert 1 < slopes[1] < 1.5
    assert slopes[2] == pytest.approx(2)


def test_shrinking_by_hand_and_at_zero() -> None:
    z = torch.zeros(2, 1, 3, 2, requires_grad=True)
    with torch.no_grad():
        # The mean square of |k| = 1 over two channels is (9 + 16 + 4 + 4) / 2; |k| = 0 and 2 are 0.
        z[0, 0, 1] = torch.tensor([3.0, 2.0])
        z[1, 0, 1] = torch.tensor([-4.0, 2.0])
    y = shrunk(z, torch.tensor([0.5, 1.0]), (3,))
    rms = 16.5**0.5
    torch.testing.assert_close(y[:, 0, 1, 0], (1 - 0.5 * rms / 5) * z[:, 0, 1, 0])
    assert not y[:, 0, 1, 1].any()  # 8^(1/2) is below the threshold
    assert not y[:, 0, ::2].any()
    y.sum().backward()
    assert z.grad is not None
    assert z.grad.isfinite().all()


@pytest.mark.parametrize(("width", "blocks", "value"), [(6, 4, 4), (6, 0, 0)])
def test_blocks_that_do_not_fit(width: int, blocks: int, value: int) -> None:
    with raises_input("blocks", value):
        ModeMLP(width, blocks, (3,), AXES[:1])
