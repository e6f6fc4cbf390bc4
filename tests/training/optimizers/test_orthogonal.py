from __future__ import annotations

import pytest
import torch
from torch import Tensor

from neurop.training.optimizers import orthogonal
from neurop.training.optimizers.orthogonal import COEFFICIENTS, ITERATIONS, orthogonalized


def reference(matrix: Tensor) -> Tensor:
    """Return the iteration of the singular values, with the singular vectors of the matrix."""
    u, s, v = torch.linalg.svd(matrix, full_matrices=False)
    s = s / matrix.abs().square().sum().sqrt()
    for _ in range(ITERATIONS):
        s = sum(c * s ** (2 * i + 1) for i, c in enumerate(COEFFICIENTS))
    return (u * s) @ v


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
@pytest.mark.parametrize("shape", [(3, 4, 4), (2, 3, 7), (2, 7, 3), (1, 1, 5)])
def test_singular_vectors_stay(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    x = torch.randn(shape, dtype=dtype, generator=torch.Generator().manual_seed(0))
    for one, found in zip(x, orthogonalized(x)):
        torch.testing.assert_close(found, reference(one), rtol=0, atol=1e-12)


def test_singular_values_are_near_one() -> None:
    u, v = (torch.linalg.qr(torch.randn(32, 32, dtype=torch.float64))[0] for _ in range(2))
    sizes = torch.logspace(0, -3, 32, dtype=torch.float64)
    x = (u * sizes) @ v
    s = torch.linalg.svdvals(u.mT @ orthogonalized(x[None])[0] @ v.mT)
    kept = (sizes / sizes.norm() > 1 / 600).sum()
    assert 0 < kept < 32
    assert s[:kept].min() > 0.68
    assert s.max() < 1.21


def test_a_complex_matrix_is_its_real_form() -> None:
    x = torch.randn(5, 3, 4, dtype=torch.complex128)

    def form(z: Tensor) -> Tensor:
        return torch.cat([torch.cat([z.real, -z.imag], -1), torch.cat([z.imag, z.real], -1)], -2)

    # The Frobenius norm of the real form is larger by the root of 2, hence the polar factor alone.
    u, _, v = torch.linalg.svd(form(x), full_matrices=False)
    w, _, z = torch.linalg.svd(x, full_matrices=False)
    torch.testing.assert_close(u @ v, form(w @ z))
    found = form(orthogonalized(x))
    torch.testing.assert_close(
        torch.linalg.svdvals(found)[:, ::2], torch.linalg.svdvals(orthogonalized(x))
    )
    core = u.mT @ found @ v.mT  # the iteration changes singular values only
    torch.testing.assert_close(core, core.mT, rtol=0, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-15, 1e-6, 1e12])
def test_the_scale_does_not_matter(scale: float) -> None:
    x = torch.randn(4, 5, 5, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(orthogonalized(scale * x), orthogonalized(x), rtol=0, atol=1e-5)


def test_zero_stays_zero() -> None:
    assert torch.equal(orthogonalized(torch.zeros(2, 3, 4)), torch.zeros(2, 3, 4))


def test_pieces_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randn(7, 4, 6, dtype=torch.float64)
    whole = orthogonalized(x)
    monkeypatch.setattr(orthogonal, "_CACHE", 2 * 8 * 24)
    torch.testing.assert_close(orthogonalized(x), whole, rtol=0, atol=1e-14)
