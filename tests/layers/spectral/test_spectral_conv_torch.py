"""Spectral convolution as a module: gradients, compilation, precision, state, messages."""

from __future__ import annotations

import copy

import pytest
import torch
from raising import raises_input
from torch import Tensor
from torch.func import functional_call

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers import SpectralConv

WALLS = Grid((Axis("x", "open", layout="ends"), Axis("y")))
CASES = [
    ((7,), (9,), (3,), Grid.periodic(1)),
    ((8,), (8,), (5,), Grid.periodic(1)),
    ((5, 6), (6, 4), (3, 4), Grid.periodic(2)),
    ((6, 4), (6, 8), (4, 3), Grid.periodic(2)),
    ((5, 6), (4, 5), (3, 2), WALLS),
    ((4, 3, 5), (4, 3, 5), (2, 2, 3), Grid.periodic(3)),
]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("shape", "out", "modes", "domain"), CASES)
def test_gradients_equal_finite_differences(
    shape: tuple, out: tuple, modes: tuple, domain: Grid
) -> None:
    conv = SpectralConv(2, 1, modes, domain).double()
    points = random(3, len(modes)).abs() % 1

    def of(x: Tensor, weight: Tensor, where: tuple | Tensor = out) -> Tensor:
        return functional_call(conv, {"weight": weight}, (x, where))

    inputs = (
        random(2, 2, *shape).requires_grad_(),
        random(*conv.weight.shape, seed=1).requires_grad_(),
    )
    assert torch.autograd.gradcheck(of, inputs)
    assert torch.autograd.gradcheck(lambda x, w: of(x, w, points), inputs)


def test_weights_beyond_the_grid_get_no_gradient() -> None:
    conv = SpectralConv(1, 1, (4, 5))
    conv(torch.randn(1, 1, 5, 9), grid=(16, 7)).square().sum().backward()
    reached = conv.weight.grad.abs().amax((-3, -2, -1)) > 0
    # 5 points resolve |k| < 3 of rows 0, 1, 2, 3, -1, -2, -3; 7 points k < 4.
    expected = torch.tensor([True, True, True, False, True, True, False])[:, None] & torch.tensor(
        [True] * 4 + [False]
    )
    assert torch.equal(reached, expected)


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method:DeprecationWarning")
@pytest.mark.parametrize(
    ("shape", "modes", "domain", "target"),
    [((8, 9), (3, 4), WALLS, (12, 7)), ((9,), (4,), None, (9,))],
)
def test_compiles_into_one_graph(
    shape: tuple, modes: tuple, domain: Grid | None, target: tuple
) -> None:
    torch._dynamo.reset()
    conv = SpectralConv(2, 3, modes, domain)
    compiled = torch.compile(conv, fullgraph=True)
    x = torch.randn(2, 2, *shape, generator=torch.Generator().manual_seed(0))
    results = []
    for layer in (compiled, conv):
        conv.zero_grad()
        y = layer(x, grid=target)
        y.square().sum().backward()
        results.append((y.detach(), conv.weight.grad.clone()))
    torch.testing.assert_close(*results, atol=1e-5, rtol=1e-5)


def test_graph_has_no_break_at_points_and_at_the_nyquist_mode() -> None:
    x, points = torch.randn(2, 2, 8, 8), torch.rand(5, 2)
    for target in (points, (8, 16)):
        torch._dynamo.reset()
        conv = SpectralConv(2, 3, (5, 5))
        compiled = torch.compile(conv, fullgraph=True, backend="eager")
        torch.testing.assert_close(compiled(x, target), conv(x, target), atol=1e-6, rtol=1e-6)


def test_all_of_its_state_is_one_real_weight() -> None:
    conv = SpectralConv(2, 3, (4, 5))
    assert {name: tuple(p.shape) for name, p in conv.named_parameters()} == {
        "weight": (7, 5, 2, 2, 3)
    }
    assert list(conv.buffers()) == []
    assert conv.weight.dtype == torch.float32
    assert list(conv.state_dict()) == ["weight"]


def test_a_field_in_the_band_keeps_its_variance() -> None:
    torch.manual_seed(0)
    conv = SpectralConv(64, 512, (9,)).double()
    k = torch.arange(1.0, 9.0).double()[:, None] * torch.arange(17) * (2 * torch.pi / 17)
    x = torch.einsum("bck,kn->bcn", random(4, 64, 8), torch.cos(k)) + torch.einsum(
        "bck,kn->bcn", random(4, 64, 8, seed=1), torch.sin(k)
    )
    assert (conv(x).var() / x.var()).item() == pytest.approx(1.0, rel=0.03)


def test_memory_layout_and_batch_do_not_matter() -> None:
    conv = SpectralConv(3, 2, (4, 3)).double()
    x = random(4, 3, 9, 8)
    y = conv(x)
    turned = x.movedim(1, -1).contiguous()
    torch.testing.assert_close(conv(turned.movedim(-1, 1)), y, atol=1e-14, rtol=0)
    torch.testing.assert_close(conv.channels_last(turned), y.movedim(1, -1), atol=1e-14, rtol=0)
    torch.testing.assert_close(conv(x[2:3]), y[2:3], atol=1e-14, rtol=0)
    assert conv(x[:0]).shape == (0, 2, 9, 8)


def test_copies_are_independent() -> None:
    conv = SpectralConv(1, 1, (3,))
    twin = copy.deepcopy(conv)
    x = torch.randn(1, 1, 8)
    assert torch.equal(twin(x), conv(x))
    twin.weight.data.zero_()
    assert twin(x).abs().max() == 0 < conv(x).abs().max()


def test_autocast_stays_close() -> None:
    torch.manual_seed(0)
    conv = SpectralConv(8, 8, (6, 6))
    x = torch.randn(2, 8, 16, 16)
    with torch.autocast("cpu", torch.bfloat16):
        y = conv(x)
    assert ((y.float() - conv(x)).norm() / conv(x).norm()).item() < 0.02


def test_messages_for_what_does_not_fit() -> None:
    with raises_input("modes", (4, 4), "one number per axis"):
        SpectralConv(1, 1, (4, 4), Grid.periodic(1))
    with raises_input("modes", 0, "at least 1"):
        SpectralConv(1, 1, (4, 0))
    with raises_input("period", 0.9, "shorter than the domain"):
        SpectralConv(1, 1, (4,), Grid((Axis("x", "open"),)), padding=-0.1)
    conv = SpectralConv(2, 1, (4, 4))
    for shape in ((1, 2, 8), (1, 3, 8, 8), (2, 8, 8)):
        with raises_input("x", shape):
            conv(torch.zeros(shape))
    x = torch.zeros(1, 2, 8, 8)
    with raises_input("shape", (16,)):
        conv(x, grid=(16,))
    for points in (torch.zeros(5, 3), torch.zeros(5)):
        with raises_input("points", tuple(points.shape)):
            conv(x, grid=points)
