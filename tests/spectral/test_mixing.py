from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from neurop.geometry.grid import Grid
from neurop.spectral import (
    Fourier,
    analyze,
    from_signed,
    mix,
    mix_packed,
    restrict,
    signed_sizes,
    synthesize,
    to_signed,
)
from neurop.spectral.kernels import native

CASES = [
    ((9,), (4,)),
    ((8,), (1,)),
    ((7, 8), (3, 4)),
    ((9, 7), (1, 3)),
    ((9, 7), (4, 1)),
    ((5, 7, 8), (2, 3, 4)),
]


def signed(modes: tuple[int, ...]) -> Tensor:
    """Return the frequencies of every entry, ``(*signed_sizes, d)``."""
    rows = [[*range(m), *range(-1, -m, -1)] for m in modes[:-1]] + [list(range(modes[-1]))]
    return torch.tensor(list(itertools.product(*rows)), dtype=torch.float64).view(
        *(len(r) for r in rows), len(modes)
    )


def waves(k: Tensor, points: Tensor) -> Tensor:
    """Return exp(2 pi i k.x), modes by points."""
    return torch.exp(2j * torch.pi * (k.flatten(0, -2) @ points.T))


def grid_points(shape: tuple[int, ...]) -> Tensor:
    return torch.cartesian_prod(*[torch.arange(n, dtype=torch.float64) / n for n in shape]).view(
        -1, len(shape)
    )


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("shape", "modes"), CASES)
def test_analysis_in_signed_form_is_the_direct_sum(
    shape: tuple[int, ...], modes: tuple[int, ...]
) -> None:
    x = random(2, *shape, 3)
    axes = Grid.periodic(len(shape)).axes
    z = to_signed(analyze(x, [Fourier(m) for m in modes], modes, axes), modes)
    direct = torch.einsum(
        "bnc,kn->bkc",
        x.flatten(1, -2).to(torch.complex128),
        waves(signed(modes), grid_points(shape)).conj(),
    )
    assert z.shape == (2, 2, *signed_sizes(modes), 3)
    torch.testing.assert_close(
        torch.complex(z[0], z[1]).flatten(1, -2),
        direct / grid_points(shape).shape[0],
        atol=1e-13,
        rtol=0,
    )


@pytest.mark.parametrize(("shape", "modes"), CASES)
def test_synthesis_of_any_signed_coefficients_is_the_real_part_of_their_field(
    shape: tuple[int, ...], modes: tuple[int, ...]
) -> None:
    z = random(2, 2, *signed_sizes(modes), 3)
    twice = torch.where(signed(modes)[..., -1] == 0, 1, 2).flatten().to(torch.complex128)
    axes = Grid.periodic(len(shape)).axes
    bases = [Fourier(m) for m in modes]
    for points, target in (
        (grid_points(shape), shape),
        (random(11, len(modes), seed=1).abs() % 1, None),
    ):
        series = torch.einsum(
            "bkc,kn,k->bnc",
            torch.complex(z[0], z[1]).flatten(1, -2),
            waves(signed(modes), points),
            twice,
        )
        got = synthesize(
            from_signed(z, modes), bases, modes, axes, points if target is None else target
        )
        torch.testing.assert_close(got.reshape(series.shape), series.real, atol=1e-12, rtol=0)


@pytest.mark.parametrize("modes", [modes for _, modes in CASES])
def test_packed_coefficients_return(modes: tuple[int, ...]) -> None:
    c = random(2, *(2 * m - 1 for m in modes), 3)
    torch.testing.assert_close(from_signed(to_signed(c, modes), modes), c, atol=1e-14, rtol=0)


@pytest.mark.parametrize(
    ("modes", "kept"),
    [
        ((5,), (2,)),
        ((4, 5), (2, 3)),
        ((4, 5), (4, 5)),
        ((4, 5), (1, 1)),
        ((4, 2, 5), (4, 1, 3)),
        ((3, 4, 5), (2, 4, 4)),
    ],
)
def test_restriction_keeps_the_weights_of_their_frequencies(
    modes: tuple[int, ...], kept: tuple[int, ...]
) -> None:
    labels = signed(modes)[
        ..., None, :, None
    ]  # (*modes, in, 2, out) has its frequency where the parts would be
    assert torch.equal(restrict(labels, modes, kept), signed(kept)[..., None, :, None])


@pytest.mark.parametrize("sizes", [(4,), (5, 3), (3, 3, 2)])
def test_mixing_is_the_complex_product_per_mode(sizes: tuple[int, ...]) -> None:
    z = random(2, 3, *sizes, 4).requires_grad_()
    weight = random(*sizes, 4, 2, 5, seed=1).requires_grad_()
    complex_weight = torch.complex(weight[..., 0, :], weight[..., 1, :])
    expected = torch.einsum("b...i,...io->b...o", torch.complex(z[0], z[1]), complex_weight)
    y = mix(z, weight)
    torch.testing.assert_close(torch.complex(y[0], y[1]), expected, atol=1e-13, rtol=0)
    up = random(*y.shape, seed=2)
    direct = torch.autograd.grad(
        (expected.real * up[0] + expected.imag * up[1]).sum(), (z, weight), retain_graph=True
    )
    torch.testing.assert_close(
        torch.autograd.grad((y * up).sum(), (z, weight)), direct, atol=1e-12, rtol=0
    )


@pytest.mark.skipif(
    native.library() is None, reason="no C++ compiler, so the CPU kernels are not there"
)
@pytest.mark.parametrize(
    ("modes", "kept", "batch", "channels"),
    [
        ((1,), (1,), 1, (1, 1)),
        ((5,), (5,), 3, (4, 6)),
        ((5,), (2,), 3, (16, 17)),
        ((4, 5), (4, 5), 9, (3, 5)),
        ((4, 5), (2, 3), 2, (33, 8)),
        ((4, 5), (1, 1), 2, (2, 2)),
        ((4, 2, 5), (4, 1, 3), 1, (5, 3)),
        ((3, 4, 5), (3, 4, 5), 2, (8, 16)),
    ],
)
def test_mixing_of_packed_coefficients_is_that_of_signed_ones(
    modes: tuple[int, ...], kept: tuple[int, ...], batch: int, channels: tuple[int, int]
) -> None:
    c = random(batch, *(2 * e - 1 for e in kept), channels[0])
    weight = random(*signed_sizes(modes), channels[0], 2, channels[1], seed=1)
    results = []
    for dtype in (torch.float32, torch.float64):
        x, r = c.to(dtype).requires_grad_(), weight.to(dtype).requires_grad_()
        y = mix_packed(x, r, modes, kept)
        results.append([y, *torch.autograd.grad(y, (x, r), random(*y.shape, seed=2).to(dtype))])
        if dtype == torch.float64:
            assert torch.equal(
                y, from_signed(mix(to_signed(x, kept), restrict(r, modes, kept)), kept)
            )
    for single, double in zip(*results, strict=True):
        single, double = single.detach().double(), double.detach()
        assert float((single - double).norm()) <= 1e-6 * float(double.norm())
    # Weights of frequencies that are not kept take no part.
    outside = torch.ones_like(weight, dtype=torch.bool)
    outside[results[1][2] != 0] = False
    assert bool((results[0][2][outside] == 0).all())
