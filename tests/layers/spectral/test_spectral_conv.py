from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers import SpectralConv
from neurop.spectral.kernels import native

SIZES = [7, 8, 9, 15, 16, 31, 33, 64]
PLANES = [
    ((7, 8), (9, 16)),
    ((9, 16), (9, 16)),
    ((15, 7), (8, 9)),
    ((16, 31), (15, 16)),
    ((33, 8), (16, 33)),
    ((8, 64), (31, 7)),
]
BOXES = [((7, 8, 9), (7, 8, 9)), ((9, 7, 8), (8, 9, 15)), ((8, 9, 16), (7, 4, 9))]
# Modes, as functions of the number of points: one, few, up to, at and beyond the Nyquist frequency.
COUNTS = [lambda n: 1, lambda n: 3, lambda n: (n + 1) // 2, lambda n: n // 2 + 1, lambda n: n]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def product(axes: Sequence[Tensor]) -> Tensor:
    """Return the points of a grid, ``(points, d)``."""
    return torch.cartesian_prod(*axes).view(-1, len(axes))


def below(n: int, limit: int) -> int:
    """Return how many of 0 <= k < limit lie below half of n."""
    return sum(2 * k < n for k in range(limit))


def direct(conv: SpectralConv, x: Tensor, points: Tensor, kept: Sequence[int]) -> Tensor:
    """Return the sum over all signed frequencies below `kept` at `points`, mode by mode and
    point by point.
    """
    axes, shape, d = conv.domain.axes, x.shape[2:], len(kept)
    rows = [range(1 - m, m) for m in kept[:-1]] + [range(kept[-1])]
    k = torch.tensor(list(itertools.product(*rows)))
    # Frequencies 0, 1, .., m-1, -1, .., -(m-1) of the leading axes.
    where = [torch.where(k[:, i] < 0, conv.modes[i] - 1 - k[:, i], k[:, i]) for i in range(d)]
    weight = conv.weight.double()[tuple(where)]
    period = torch.tensor([basis.period for basis in conv.bases], dtype=torch.float64)
    here = product([torch.from_numpy(a.points(n)) for a, n in zip(axes, shape)])
    w = product([torch.from_numpy(a.weights(n)) for a, n in zip(axes, shape)]).prod(1)
    forward = torch.exp(-2j * math.pi * ((k / period) @ here.T)) * w
    back = torch.exp(2j * math.pi * ((k / period) @ points.T)) / period.prod()
    twice = torch.where(k[:, -1] == 0, 1, 2).to(
        torch.complex128
    )  # conjugate symmetry holds k < 0 of the last axis
    hat = torch.einsum("bin,kn->bki", x.flatten(2).to(torch.complex128), forward)
    mixed = torch.einsum(
        "bki,kio,k->bko", hat, torch.complex(weight[..., 0, :], weight[..., 1, :]), twice
    )
    return torch.einsum("bko,kp->bop", mixed, back).real


def by_fft(conv: SpectralConv, x: Tensor, out: Sequence[int]) -> Tensor:
    """Return the convolution by full complex transforms, with the modes strictly below both
    Nyquist frequencies.
    """
    shape, d = x.shape[2:], x.dim() - 2
    dims = tuple(range(2, x.dim()))
    bins = []
    for axis, (n, to, m) in enumerate(zip(shape, out, conv.modes)):
        held = [
            set(range(s // 2 + 1) if axis == d - 1 else range(-(s // 2), (s + 1) // 2))
            for s in (n, to)
        ]
        bins.append(
            [k for k in sorted(held[0] & held[1]) if abs(k) < m and 2 * abs(k) not in (n, to)]
        )
    where = [torch.tensor(list(itertools.product(*bins)))[:, i] for i in range(d)]
    z = torch.fft.rfftn(x, dim=dims, norm="forward")
    weight = conv.weight[tuple(torch.where(k < 0, m - 1 - k, k) for k, m in zip(where, conv.modes))]
    y = torch.zeros(len(x), weight.shape[-1], *out[:-1], out[-1] // 2 + 1, dtype=torch.complex128)
    values = z[(..., *(k % n for k, n in zip(where, shape)))]
    mixed = torch.einsum(
        "bik,kio->bok", values, torch.complex(weight[..., 0, :], weight[..., 1, :])
    )
    y[(..., *(k % n for k, n in zip(where, out)))] = mixed
    return torch.fft.irfftn(y, s=tuple(out), dim=dims, norm="forward")


def check(shape: tuple[int, ...], out: tuple[int, ...], modes: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    x = random(2, 2, *shape)
    conv = SpectralConv(2, 3, modes).double()
    kept = [min(below(n, m), below(to, m)) for n, to, m in zip(shape, out, modes)]
    got = conv(x, grid=out)
    summed = direct(conv, x, product([torch.arange(n, dtype=torch.float64) / n for n in out]), kept)
    torch.testing.assert_close(got, summed.view(2, 3, *out), atol=1e-11, rtol=0)
    torch.testing.assert_close(got, by_fft(conv, x, out), atol=1e-10, rtol=0)
    if shape == out:
        assert torch.equal(conv(x), got)


@pytest.mark.parametrize("n", SIZES)
def test_a_line_equals_the_direct_sum_and_the_fft(n: int) -> None:
    for count, out in itertools.product(COUNTS, (n, n + 1, 2 * n, 3 * n + 1, n // 2, 5)):
        check((n,), (out,), (count(n),))


@pytest.mark.parametrize(("shape", "out"), PLANES)
@pytest.mark.parametrize("count", range(len(COUNTS)))
def test_a_plane_equals_the_direct_sum_and_the_fft(
    shape: tuple[int, ...], out: tuple[int, ...], count: int
) -> None:
    check(shape, out, (COUNTS[count](shape[0]), min(COUNTS[count](shape[1]), 17)))


@pytest.mark.parametrize(("shape", "out"), BOXES)
@pytest.mark.parametrize("modes", [(1, 1, 1), (2, 4, 3), (5, 5, 5), (4, 9, 1)])
def test_a_box_equals_the_direct_sum_and_the_fft(
    shape: tuple[int, ...], out: tuple[int, ...], modes: tuple[int, ...]
) -> None:
    check(shape, out, modes)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_band_limited_field_gives_the_same_function_on_every_grid(d: int) -> None:
    conv = SpectralConv(2, 2, (4,) * d).double()
    n = (11, 10, 9)[:d]
    k = product([torch.arange(-3, 4)] * d).double()
    amplitude = torch.complex(random(2, len(k)), random(2, len(k), seed=1))

    def field(shape: Sequence[int]) -> Tensor:
        x = product([torch.arange(s, dtype=torch.float64) / s for s in shape])
        return (amplitude @ torch.exp(2j * math.pi * (k @ x.T))).real.view(1, 2, *shape)

    fine = tuple(3 * s + 1 if i < 2 else 2 * s - 1 for i, s in enumerate(n))
    torch.testing.assert_close(conv(field(n), grid=fine), conv(field(fine)), atol=1e-11, rtol=0)
    torch.testing.assert_close(conv(field(fine), grid=n), conv(field(n)), atol=1e-11, rtol=0)


WALLS = Grid((Axis("x", "open", layout="ends"), Axis("y", layout="cells"), Axis("z", "dirichlet")))


@pytest.mark.parametrize(
    "domain", [Grid.periodic(1), Grid.periodic(2), Grid.periodic(3), WALLS, Grid.latlon()]
)
def test_scattered_points_equal_the_direct_sum(domain: Grid) -> None:
    d = domain.dimensions
    conv = SpectralConv(2, 3, (3, 4, 2)[:d], domain).double()
    x, points = random(2, 2, *(9, 8, 7)[:d]), random(13, d, seed=1).abs() % 1
    kept = (3, 4, 2)[:d]
    torch.testing.assert_close(
        conv(x, grid=points), direct(conv, x, points, kept), atol=1e-12, rtol=0
    )
    nodes = product([torch.from_numpy(a.points(n)) for a, n in zip(domain.axes, x.shape[2:])])
    torch.testing.assert_close(conv(x, grid=nodes), conv(x).flatten(2), atol=1e-12, rtol=0)


@pytest.mark.parametrize("layout", ["left", "ends", "cells"])
def test_padding_keeps_the_ends_of_an_open_axis_apart(layout: str) -> None:
    """A Gaussian kernel narrower than the padding: what lies at one end does not reach the
    other.
    """
    width, n, m = 0.035, 65, 40
    conv = {
        p: SpectralConv(1, 1, (m,), Grid((Axis("x", "open", layout=layout),)), p).double()
        for p in (0.0, 0.25)
    }
    for padding, layer in conv.items():
        k = torch.arange(m, dtype=torch.float64) / (1 + padding)
        layer.weight.data = torch.stack(
            [torch.exp(-2 * (math.pi * width * k) ** 2), 0 * k], -1
        ).view(m, 1, 2, 1)
    axis = conv[0.25].domain.axes[0]
    points, weights = torch.from_numpy(axis.points(n)), torch.from_numpy(axis.weights(n))
    x = random(1, 1, n)
    kernel = torch.exp(-((points[:, None] - points) ** 2) / (2 * width**2)) / (
        width * math.sqrt(2 * math.pi)
    )
    torch.testing.assert_close(conv[0.25](x)[0, 0], (kernel * weights) @ x[0, 0], atol=1e-8, rtol=0)
    spike = torch.zeros(1, 1, n, dtype=torch.float64)
    spike[..., 0] = n
    assert conv[0.25](spike)[..., 40:].abs().max() < 1e-8
    assert conv[0.0](spike)[..., -1].abs().min() > 1.0


def test_autocast_leaves_the_transforms_in_single_precision() -> None:
    conv = SpectralConv(3, 4, (4, 5))
    x = torch.randn(2, 3, 12, 14)
    want = conv(x)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(conv(x), want, atol=1e-6, rtol=1e-6)
        torch.testing.assert_close(conv(x.bfloat16()), conv(x.bfloat16().float()), atol=0, rtol=0)


@pytest.mark.parametrize("shape", [(64,), (16, 24), (6, 8, 10)])
def test_the_layout_in_memory_is_kept_and_does_not_matter(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    conv = SpectralConv(3, 5, modes=(4,) * len(shape))
    first = torch.randn(2, 3, *shape, requires_grad=True)
    last = first.detach().movedim(1, -1).contiguous().movedim(-1, 1).requires_grad_()
    for grid in (None, tuple(n + 6 for n in shape)):
        y, z = conv(first, grid), conv(last, grid)
        assert y.is_contiguous() or native.library() is None
        assert z.movedim(1, -1).is_contiguous()
        torch.testing.assert_close(y, z, rtol=0, atol=1e-5)
        g = torch.randn_like(y)
        ours, theirs = (
            torch.autograd.grad((out * g).sum(), x)[0] for out, x in ((y, first), (z, last))
        )
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)
