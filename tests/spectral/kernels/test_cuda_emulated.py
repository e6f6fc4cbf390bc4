"""The CUDA kernels' own source on the CPU: shared memory poisoned, copies as late as they may
be, threads in shuffled order.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import gelu

from neurop.spectral import from_signed, mix, restrict, signed_sizes, to_signed
from neurop.spectral.kernels import cuda, launches, on_cuda, plain

Emulate = Callable[..., None]
NAN = float("nan")


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def distance(got: Tensor, want: Tensor) -> float:
    return float((got.double() - want).norm() / want.norm())


@pytest.mark.parametrize(
    ("batch", "m", "n", "depths"),
    [
        (1, 1, 1, (1,)),
        (2, 7, 5, (3,)),
        (3, 64, 64, (32,)),
        (1, 65, 66, (33,)),
        (2, 130, 20, (17, 20)),
        (2, 63, 32, (64, 8)),
        (1, 5, 129, (40, 65)),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_product_is_the_sum_of_the_products(
    emulate: Emulate, batch: int, m: int, n: int, depths: tuple[int, ...], turned: bool
) -> None:
    factors = []
    for i, k in enumerate(depths):
        # The first left factor belongs to all rows, the second has one per row; either may be a
        # transpose.
        a = noise(1 if i == 0 else batch, *((k, m) if turned else (m, k)), seed=i)
        a = (a.transpose(1, 2) if turned else a).expand(batch, m, k)
        factors.append((a, noise(batch, k, n, seed=10 + i)))
    out = torch.full((batch, m, n), NAN)
    emulate(launches.product(factors, out))
    assert distance(out, sum(a.double() @ b.double() for a, b in factors)) < 1e-6


def test_product_ends_with_bias_sum_activation_and_slope(emulate: Emulate) -> None:
    a, b, bias, add, gate = (
        noise(2, 37, 19),
        noise(2, 19, 43, seed=1),
        noise(43, seed=2),
        noise(2, 37, 43, seed=3),
        noise(2, 37, 43, seed=4),
    )
    out, kept = torch.full((2, 37, 43), NAN), torch.full((2, 37, 43), NAN)
    before = a.double() @ b.double() + bias.double() + add.double()
    emulate(launches.product([(a, b)], out, bias=bias, add=add, kept=kept, activate=True))
    assert distance(kept, before) < 1e-6
    assert distance(out, gelu(before)) < 1e-6
    g = gate.double().requires_grad_()
    (slope,) = torch.autograd.grad(gelu(g).sum(), g)
    emulate(launches.product([(a, b)], out, bias=bias, add=add, gate=gate))
    assert distance(out, before * slope) < 1e-6


def test_one_tf32_product_is_taken_only_where_the_user_allows_it(emulate: Emulate) -> None:
    a, b, out = noise(1, 64, 64), noise(1, 64, 64, seed=1), torch.empty(1, 64, 64)
    exact, before = a.double() @ b.double(), torch.get_float32_matmul_precision()
    try:
        errors = []
        for allowed in ("highest", "high"):
            torch.set_float32_matmul_precision(allowed)
            emulate(launches.product([(a, b)], out))
            errors.append(distance(out, exact))
    finally:
        torch.set_float32_matmul_precision(before)
    assert errors[0] < 5e-7
    assert 1e-5 < errors[1] < 1e-3


def test_the_order_of_threads_changes_nothing(emulate: Emulate) -> None:
    a, b, results = noise(2, 70, 50), noise(2, 50, 70, seed=1), []
    for seed in (0, 1, 2):
        out = torch.full((2, 70, 70), NAN)
        emulate(launches.product([(a, b)], out), seed=seed)
        results.append(out)
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


MIXES = [
    ((1,), (1,), 1, (1, 1)),
    ((4,), (3,), 9, (5, 7)),
    ((3, 4), (3, 4), 3, (33, 8)),
    ((3, 3), (2, 3), 2, (4, 70)),
    ((2, 3, 2), (2, 2, 2), 2, (6, 5)),
    ((2, 2, 3), (2, 2, 3), 1, (3, 34)),
]


@pytest.mark.parametrize(("modes", "kept", "batch", "channels"), MIXES)
def test_mixing_and_its_gradients(
    emulate: Emulate,
    modes: tuple[int, ...],
    kept: tuple[int, ...],
    batch: int,
    channels: tuple[int, int],
) -> None:
    c = noise(batch, *(2 * e - 1 for e in kept), channels[0])
    weight = noise(*signed_sizes(modes), channels[0], 2, channels[1], seed=1)
    exact_c, exact_weight = c.double().requires_grad_(), weight.double().requires_grad_()
    exact = from_signed(mix(to_signed(exact_c, kept), restrict(exact_weight, modes, kept)), kept)
    y = torch.full(exact.shape, NAN)
    emulate(launches.mix(c, weight, y, modes, kept))
    assert distance(y, exact.detach()) < 1e-6
    g = noise(*y.shape, seed=2)
    exact_gc, exact_gw = torch.autograd.grad(exact, (exact_c, exact_weight), g.double())
    gc, gw = torch.full_like(c, NAN), torch.zeros_like(weight)
    emulate(launches.mix(g, weight, gc, modes, kept, adjoint=True))
    emulate(launches.mix_weight(c, weight, g, gw, modes, kept))
    assert distance(gc, exact_gc) < 1e-6
    assert distance(gw, exact_gw) < 1e-6


@pytest.mark.parametrize(
    ("rows", "n", "channels", "hidden", "size", "following"),
    [(3, 20, 8, 12, 7, 5), (2, 67, 20, 9, 5, None)],
)
def test_the_tail_of_a_block_as_a_sequence_of_kernels(
    emulate: Emulate,
    monkeypatch: pytest.MonkeyPatch,
    rows: int,
    n: int,
    channels: int,
    hidden: int,
    size: int,
    following: int | None,
) -> None:
    monkeypatch.setattr(cuda, "launch", emulate)
    s, a = (
        noise(n, size) / size**0.5,
        None if following is None else noise(following, n, seed=1) / n**0.5,
    )
    fields = [noise(rows, n, channels, seed=2), noise(rows, size, channels, seed=3)]
    layers = [
        (channels, channels),
        (channels,),
        (hidden, channels),
        (hidden,),
        (channels, hidden),
        (channels,),
    ]
    parameters = [noise(*shape, seed=4 + i) / shape[-1] ** 0.5 for i, shape in enumerate(layers)]
    leaves = [t.double().requires_grad_() for t in (*fields, *parameters)]
    exact = [
        t
        for t in plain.tail(s.double(), None if a is None else a.double(), *leaves)
        if t is not None
    ]
    y, ahead, kept = on_cuda.tail(s, a, *fields, *parameters, keep=True)
    for got, want in zip([y] if a is None else [y, ahead], exact, strict=True):
        assert distance(got, want.detach()) < 1e-6
    up = [noise(*t.shape, seed=20 + i) for i, t in enumerate(exact)]
    found = on_cuda.tail_backward(
        up[0], up[1] if a is not None else None, kept, s, a, *fields, *parameters
    )  # type: ignore[arg-type]
    for got, want in zip(
        found, torch.autograd.grad(exact, leaves, [u.double() for u in up]), strict=True
    ):
        assert distance(got, want) < 2e-6


def test_the_mlp_as_a_sequence_of_kernels(
    emulate: Emulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuda, "launch", emulate)
    x, parameters = (
        noise(70, 5),
        [noise(*shape, seed=1 + i) for i, shape in enumerate([(9, 5), (9,), (3, 9), (3,)])],
    )
    leaves = [t.double().requires_grad_() for t in (x, *parameters)]
    exact, up = plain.mlp(*leaves), noise(70, 3, seed=9)
    assert distance(on_cuda.mlp(x, *parameters), exact.detach()) < 1e-6
    found = on_cuda.mlp_backward(up, x, *parameters)
    for got, want in zip(found, torch.autograd.grad(exact, leaves, up.double()), strict=True):
        assert distance(got, want) < 2e-6


@pytest.mark.parametrize("adjoint", [False, True])
def test_rows_by_a_kernel(emulate: Emulate, monkeypatch: pytest.MonkeyPatch, adjoint: bool) -> None:
    monkeypatch.setattr(cuda, "launch", emulate)
    matrix, x = noise(7, 33), noise(3, 7 if adjoint else 33, 20, seed=1)
    assert (
        distance(
            on_cuda.rows(matrix, 1, x, adjoint),
            (matrix.T if adjoint else matrix).double() @ x.double(),
        )
        < 1e-6
    )
