import math

import pytest
import torch

from neurop.physics.operators import (
    dealias_mask,
    gradient,
    inverse_laplacian,
    laplacian,
    laplacian_symbol,
    truncate,
    velocity,
    wavenumbers,
)

TAU = 2 * math.pi


def box(
    shape: tuple[int, ...], lengths: tuple[float, ...], dtype: torch.dtype = torch.float64
) -> list[torch.Tensor]:
    return list(
        torch.meshgrid(
            *[torch.arange(n, dtype=dtype) * (length / n) for n, length in zip(shape, lengths)],
            indexing="ij",
        )
    )


@pytest.mark.parametrize("shape", [(16, 12), (15, 11), (16, 11)])
def test_derivatives_of_a_mode_are_exact(shape: tuple[int, int]) -> None:
    lengths = (2.0, 3.0)
    x, y = box(shape, lengths)
    a, b = TAU * 3 / 2.0, TAU * 2 / 3.0
    u = (torch.sin(a * x) * torch.cos(b * y)).expand(2, 5, *shape)
    du = gradient(u, lengths)
    assert du.shape == (2, 5, 2, *shape)
    torch.testing.assert_close(
        du[1, 3, 0], a * torch.cos(a * x) * torch.cos(b * y), atol=1e-11, rtol=0
    )
    torch.testing.assert_close(
        du[1, 3, 1], -b * torch.sin(a * x) * torch.sin(b * y), atol=1e-11, rtol=0
    )
    torch.testing.assert_close(laplacian(u, lengths), -(a**2 + b**2) * u, atol=1e-10, rtol=0)
    torch.testing.assert_close(
        inverse_laplacian(u + 7.0, lengths), -u / (a**2 + b**2), atol=1e-12, rtol=0
    )


@pytest.mark.parametrize("shape", [(16,), (7,), (6, 5, 4)])
def test_inverse_laplacian_undoes_the_laplacian(shape: tuple[int, ...]) -> None:
    lengths = tuple(1.0 + axis for axis in range(len(shape)))
    u = torch.randn(3, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = u - u.mean(tuple(range(1, u.ndim)), keepdim=True)
    torch.testing.assert_close(
        inverse_laplacian(laplacian(u, lengths), lengths), expected, atol=1e-12, rtol=0
    )


def test_the_nyquist_mode_has_no_slope_but_a_curvature() -> None:
    u = torch.tensor([1.0, -1.0] * 4, dtype=torch.float64)
    assert gradient(u, [1.0]).abs().max() < 1e-14
    torch.testing.assert_close(laplacian(u, [1.0]), -((TAU * 4) ** 2) * u)


def test_velocity_of_a_shear_and_of_a_vortex_array() -> None:
    x, y = box((16, 16), (1.0, 1.0))
    shear = velocity(TAU * torch.cos(TAU * x))
    torch.testing.assert_close(shear[1], torch.sin(TAU * x), atol=1e-13, rtol=0)
    assert shear[0].abs().max() < 1e-13
    w = 2 * TAU * torch.cos(TAU * x) * torch.cos(TAU * y) + 3.0
    u = velocity(w)
    torch.testing.assert_close(u[0], -torch.cos(TAU * x) * torch.sin(TAU * y), atol=1e-13, rtol=0)
    torch.testing.assert_close(u[1], torch.sin(TAU * x) * torch.cos(TAU * y), atol=1e-13, rtol=0)
    (ux, uy), (vx, vy) = gradient(u, (1.0, 1.0)).unbind(0)
    assert (ux + vy).abs().max() < 1e-12
    torch.testing.assert_close(vx - uy, w - 3.0, atol=1e-12, rtol=0)


def test_dealiased_products_have_no_aliases() -> None:
    n = 18
    kept = dealias_mask((n, n))
    generator = torch.Generator().manual_seed(1)
    a, b = (
        torch.fft.rfft2(torch.randn(n, n, dtype=torch.float64, generator=generator), norm="forward")
        * kept
        for _ in range(2)
    )
    fine = (2 * n, 2 * n)
    exact = torch.fft.rfft2(
        torch.fft.irfft2(truncate(a, (n, n), fine), s=fine, norm="forward")
        * torch.fft.irfft2(truncate(b, (n, n), fine), s=fine, norm="forward"),
        norm="forward",
    )
    coarse = torch.fft.rfft2(
        torch.fft.irfft2(a, s=(n, n), norm="forward")
        * torch.fft.irfft2(b, s=(n, n), norm="forward"),
        norm="forward",
    )
    assert kept.sum() == 11 * 6
    torch.testing.assert_close(
        coarse * kept, truncate(exact, fine, (n, n)) * kept, atol=1e-14, rtol=0
    )


@pytest.mark.parametrize(
    ("shape", "to"),
    [
        ((16, 16), (8, 8)),
        ((8, 8), (16, 16)),
        ((9, 14), (7, 20)),
        ((8, 8), (8, 8)),
        ((6, 8, 10), (2, 9, 4)),
    ],
)
def test_truncation_keeps_the_field_below_both_nyquists(
    shape: tuple[int, ...], to: tuple[int, ...]
) -> None:
    lengths = (1.0,) * len(shape)
    limits = [(min(n, m) - 1) // 2 for n, m in zip(shape, to)]
    generator = torch.Generator().manual_seed(2)

    def field(points: list[torch.Tensor], seed: int) -> torch.Tensor:
        generator.manual_seed(seed)
        total = torch.zeros(())
        for _ in range(12):
            k = [int(torch.randint(-m, m + 1, (), generator=generator)) for m in limits]
            phase = float(torch.rand((), generator=generator))
            total = total + torch.cos(TAU * (sum(ki * p for ki, p in zip(k, points)) + phase))
        return total

    dims = tuple(range(-len(shape), 0))
    u, expected = field(box(shape, lengths), 4), field(box(to, lengths), 4)
    got = torch.fft.irfftn(
        truncate(torch.fft.rfftn(u, norm="forward"), shape, to), s=to, dim=dims, norm="forward"
    )
    torch.testing.assert_close(got, expected, atol=1e-12, rtol=0)
    if shape == to == (8, 8):
        ripple = u + torch.cos(TAU * 4 * box(shape, lengths)[0])
        got = torch.fft.irfftn(
            truncate(torch.fft.rfftn(ripple, norm="forward"), shape, to),
            s=to,
            dim=dims,
            norm="forward",
        )
        torch.testing.assert_close(got, expected, atol=1e-12, rtol=0)


def test_symbols_have_the_precision_asked_for() -> None:
    assert [k.dtype for k in wavenumbers((4, 5), (1.0, 1.0), torch.float32)] == [torch.float32] * 2
    assert laplacian_symbol((4, 5), (1.0, 1.0), torch.float32).shape == (4, 3)
    x, _ = box((8, 8), (1.0, 1.0), torch.float32)
    assert laplacian(x, (1.0, 1.0)).dtype == torch.float32
