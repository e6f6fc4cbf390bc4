"""Axes that are split into blocks of points give the same products with fewer operations."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.spectral import fused
from neurop.spectral.bases import Fourier
from neurop.spectral.kernels import folding, native, on_cpu, on_cuda
from neurop.spectral.matrices import analysis_matrix, synthesis_matrix

CPU = torch.device("cpu")
needs_kernels = pytest.mark.skipif(native.library() is None, reason="the CPU kernels do not build")


def matrix(points: int, modes: int, n: int, period: float = 1.0) -> Tensor:
    """Return a synthesis (points 0) or analysis (1) of its own, which no cache has seen."""
    build = synthesis_matrix if points == 0 else analysis_matrix
    axis = Axis("x", "periodic" if period == 1 else "open")
    return build(Fourier(modes, period), modes, axis, n, torch.float32, CPU).clone()


def with_folds(monkeypatch: pytest.MonkeyPatch, folds: int) -> None:
    monkeypatch.setattr(folding, "_cost", lambda _, here: 0.0 if here == folds else 1e9)
    monkeypatch.setattr(folding, "_BY_VALUE", {})


@settings(deadline=None)
@given(
    folds=st.sampled_from([2, 4, 8, 16, 32]),
    block=st.integers(1, 6),
    k=st.integers(0, 100),
    phase=st.floats(0, 6),
)
def test_a_wave_is_one_cosine_and_one_sine_over_the_blocks(
    folds: int, block: int, k: int, phase: float
) -> None:
    n = folds * block
    j = torch.arange(n, dtype=torch.float64)
    wave = torch.cos(2 * torch.pi * k / n * j + phase)
    parts = folding.split(wave[None], folds)
    assert parts is not None
    residue, u, v = parts
    if wave.abs().max() > 1e-6:
        assert int(residue) == min(k % folds, -k % folds)
    b = 2 * torch.pi / folds * int(residue) * torch.arange(folds, dtype=torch.float64)[:, None]
    rebuilt = (u * b.cos() + v * b.sin()).flatten()
    torch.testing.assert_close(rebuilt, wave, rtol=0, atol=1e-12)


def test_other_functions_are_not_split() -> None:
    two = torch.stack([torch.cos(2 * torch.pi * k / 16 * torch.arange(16)) for k in (1, 2)])
    assert folding.split(two, 8) is not None
    assert folding.split(two.sum(0, keepdim=True), 8) is None
    assert folding.split(torch.linspace(0, 1, 16)[None], 2) is None
    padded = folding.folded(matrix(1, 5, 32, period=1.25), 1)
    assert padded.sizes[2] == 1
    assert padded.arrays[1:] == (None, None, None)


def test_more_modes_take_more_folds_and_none_where_they_do_not_divide_the_points() -> None:
    folds = [folding.folded(matrix(1, m, 1024), 1).sizes[2] for m in (1, 8, 32, 512)]
    assert folds == sorted(folds)
    assert (folds[0], folds[-1]) == (1, 32)
    assert folding.folded(matrix(1, 40, 85), 1).sizes[2] == 1
    assert folding.folded(matrix(1, 48, 96 + 2), 1).sizes[2] == 2


def test_equal_matrices_share_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "_BY_VALUE", {})
    first = folding.folded(matrix(1, 8, 64), 1)
    assert folding.folded(matrix(1, 8, 64), 1) is first
    assert folding.folded(matrix(1, 7, 64), 1) is not first
    monkeypatch.setattr(folding, "_MOST_VALUES", 1)
    folding.folded(matrix(1, 6, 64), 1)
    assert len(folding._BY_VALUE) == 1


@needs_kernels
@pytest.mark.parametrize("folds", [1, 2, 4, 8, 16, 32])
@pytest.mark.parametrize("points", [0, 1])
@pytest.mark.parametrize(("n", "modes", "columns"), [(32, 1, 3), (64, 31, 16), (96, 20, 130)])
def test_products_are_those_in_double_precision(
    monkeypatch: pytest.MonkeyPatch, folds: int, points: int, n: int, modes: int, columns: int
) -> None:
    with_folds(monkeypatch, folds)
    given = matrix(points, modes, n)
    assert folding.folded(given, points).sizes[2] == folds
    for adjoint in (False, True):
        exact = (given.t() if adjoint else given).double()
        x = torch.randn(3, exact.shape[1], columns)
        y = on_cpu.rows(given, points, x, adjoint)
        expected = exact @ x.double()
        assert (y - expected).norm() < 1e-6 * expected.norm()


@needs_kernels
@settings(max_examples=25, deadline=None)
@given(
    batch=st.integers(1, 2),
    lines=st.lists(st.integers(1, 3), max_size=2),
    n=st.sampled_from([4, 9, 32, 64]),
    modes=st.integers(1, 16),
    channels=st.sampled_from([2, 5, 8, 19]),
)
def test_channels_first_is_a_matter_of_layout(
    batch: int, lines: list[int], n: int, modes: int, channels: int
) -> None:
    modes = min(modes, (n + 1) // 2)
    a, s = matrix(1, modes, n), matrix(0, modes, n)
    x = torch.randn(batch, channels, *lines, n, requires_grad=True)
    view = x.movedim(1, -1)
    assert fused.are_channels_first(view)
    assert not fused.are_channels_first(view.contiguous())
    c = fused.analyze_rows(a, view)
    assert c.is_contiguous()
    exact = torch.einsum("kn,b...nc->b...kc", a, view)
    torch.testing.assert_close(c, exact, rtol=0, atol=1e-5)
    y = fused.synthesize_rows(s, c)
    assert y.movedim(-1, 1).is_contiguous()
    torch.testing.assert_close(y, torch.einsum("nk,b...kc->b...nc", s, exact), rtol=0, atol=1e-4)
    g = torch.randn_like(y)
    (gradient,) = torch.autograd.grad((y * g).sum(), x, create_graph=True)
    back = torch.einsum("nk,b...nc->b...kc", s, g)
    expected = torch.einsum("kn,b...kc->b...nc", a, back).movedim(-1, 1)
    torch.testing.assert_close(gradient, expected, rtol=0, atol=1e-4)


@needs_kernels
@pytest.mark.parametrize("points", [0, 1])
@pytest.mark.parametrize("adjoint", [False, True])
def test_both_devices_have_the_same_channels_first(
    monkeypatch: pytest.MonkeyPatch, points: int, adjoint: bool
) -> None:
    given = matrix(points, 3, 8)
    monkeypatch.setattr(on_cuda, "rows", on_cpu.rows)
    synthesize = (points == 0) != adjoint
    x = torch.randn(2, 4, 5, 6) if synthesize else torch.randn(2, 6, 4, 8)
    ours, theirs = (m.rows_first(given, points, x, adjoint) for m in (on_cpu, on_cuda))
    assert ours.shape == theirs.shape == ((2, 6, 4, 8) if synthesize else (2, 4, 5, 6))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)
