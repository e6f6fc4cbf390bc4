from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import gelu

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import FNO
from neurop.spectral import Fourier, fused, signed_sizes
from neurop.spectral.kernels import native
from neurop.spectral.matrices import analysis_matrix, synthesis_matrix
from neurop.spectral.spherical import _latitude_matrix

needs_kernels = pytest.mark.skipif(
    native.library() is None, reason="no C++ compiler, so the CPU kernels are not there"
)
CPU = torch.device("cpu")


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def layer(inputs: int, outputs: int, seed: int) -> tuple[Tensor, Tensor]:
    return noise(outputs, inputs, seed=seed) / inputs**0.5, noise(outputs, seed=seed + 1)


def tail(
    rows: int,
    n: int,
    channels: int,
    hidden: int,
    modes: int,
    following: int | None,
    period: float = 1.0,
) -> list[Tensor | None]:
    """Return synthesis, analysis, x, z and the six parameters."""
    axis = Axis("x", "periodic" if period == 1 else "open")
    s = synthesis_matrix(Fourier(modes, period), modes, axis, n, torch.float32, CPU)
    a = (
        None
        if following is None
        else analysis_matrix(Fourier(following, period), following, axis, n, torch.float32, CPU)
    )
    w, b = layer(channels, channels, 2)
    return [
        s,
        a,
        noise(rows, n, channels),
        noise(rows, s.shape[1], channels, seed=1),
        w,
        b,
        *layer(channels, hidden, 4),
        *layer(hidden, channels, 6),
    ]


def run_tail(
    s: Tensor, a: Tensor | None, x: Tensor, z: Tensor, w: Tensor, b: Tensor, *mlp: Tensor
) -> tuple[Tensor, ...]:
    return tuple(t for t in fused.block_tail(x, z, s, a, (w, b), mlp) if t is not None)


def by_hand(
    s: Tensor,
    a: Tensor | None,
    x: Tensor,
    z: Tensor,
    w: Tensor,
    b: Tensor,
    w1: Tensor,
    b1: Tensor,
    w2: Tensor,
    b2: Tensor,
) -> tuple[Tensor, ...]:
    h = gelu(torch.einsum("nk,rkc->rnc", s, z) + torch.einsum("oc,rnc->rno", w, x) + b)
    y = x + torch.einsum("oh,rnh->rno", w2, gelu(torch.einsum("hc,rnc->rnh", w1, h) + b1)) + b2
    return (y,) if a is None else (y, torch.einsum("kn,rnc->rkc", a, y))


def agrees(
    run: Callable[..., tuple[Tensor, ...]],
    exact: Callable[..., tuple[Tensor, ...]],
    tensors: list[Tensor | None],
    constants: int,
) -> None:
    """Compare values and the gradients of all but the first `constants` with those in float64."""
    single = [
        t if t is None or i < constants else t.clone().requires_grad_()
        for i, t in enumerate(tensors)
    ]
    double = [
        None if t is None else t.detach().double().requires_grad_(i >= constants)
        for i, t in enumerate(tensors)
    ]
    got, want = run(*single), exact(*double)
    up = [noise(*y.shape, seed=9 + i) for i, y in enumerate(got)]
    got_g = torch.autograd.grad(got, [t for t in single[constants:] if t is not None], up)
    want_g = torch.autograd.grad(
        want, [t for t in double[constants:] if t is not None], [u.double() for u in up]
    )
    for g, w in (*zip(got, want, strict=True), *zip(got_g, want_g, strict=True)):
        assert g.dtype == torch.float32
        # Sums over all points may cancel; rounding is relative to their terms.
        assert float((g.double() - w).detach().norm()) <= 3e-5 * (1 + float(w.detach().norm()))


@needs_kernels
@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 5),
    n=st.sampled_from([1, 2, 7, 8, 33, 64, 65, 128, 130]),
    channels=st.sampled_from([1, 3, 8, 15, 16, 20, 32, 33, 48]),
    hidden=st.sampled_from([1, 5, 16, 31, 64]),
    modes=st.integers(1, 20),
    following=st.none() | st.integers(1, 9),
    period=st.sampled_from([1.0, 1.25]),
)
def test_tail_and_its_gradients_are_those_in_double_precision(
    rows: int, n: int, channels: int, hidden: int, modes: int, following: int | None, period: float
) -> None:
    agrees(
        run_tail, by_hand, tail(rows, n, channels, hidden, modes, following, period), constants=2
    )


@needs_kernels
@settings(max_examples=30, deadline=None)
@given(
    rows=st.integers(1, 4),
    n=st.sampled_from([1, 2, 9, 64, 66]),
    channels=st.sampled_from([1, 5, 16, 32, 37]),
    modes=st.integers(1, 12),
    points=st.sampled_from([0, 1]),
    period=st.sampled_from([1.0, 1.5]),
)
def test_rows_and_their_gradients_are_those_in_double_precision(
    rows: int, n: int, channels: int, modes: int, points: int, period: float
) -> None:
    axis = Axis("x", "periodic" if period == 1 else "open")
    build = synthesis_matrix if points == 0 else analysis_matrix
    matrix = build(Fourier(modes, period), modes, axis, n, torch.float32, CPU)

    def run(x: Tensor) -> tuple[Tensor, ...]:
        y = fused.apply_rows(matrix, x, points)
        (first,) = torch.autograd.grad((y * y).sum(), x, create_graph=True)
        return y, first

    def exact(x: Tensor) -> tuple[Tensor, ...]:
        y = torch.einsum("mk,rkc->rmc", matrix.double(), x)
        return y, 2 * torch.einsum("mk,rmc->rkc", matrix.double(), y)

    agrees(run, exact, [noise(rows, matrix.shape[1], channels)], constants=0)


@needs_kernels
@settings(max_examples=30, deadline=None)
@given(
    points=st.integers(1, 200),
    channels=st.integers(1, 40),
    hidden=st.sampled_from([1, 7, 16, 33]),
    outputs=st.sampled_from([1, 2, 16, 19, 32]),
)
def test_mlp_and_its_gradients_are_those_in_double_precision(
    points: int, channels: int, hidden: int, outputs: int
) -> None:
    def exact(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> tuple[Tensor, ...]:
        return (gelu(x @ w1.T + b1) @ w2.T + b2,)

    agrees(
        lambda *t: (fused.mlp(*t),),
        exact,
        [noise(points, channels), *layer(channels, hidden, 1), *layer(hidden, outputs, 3)],
        constants=0,
    )


@needs_kernels
@settings(max_examples=20, deadline=None)
@given(points=st.integers(1, 300), channels=st.integers(1, 20), outputs=st.integers(1, 40))
def test_linear_and_its_gradients_are_those_in_double_precision(
    points: int, channels: int, outputs: int
) -> None:
    agrees(
        lambda *t: (fused.linear(*t),),
        lambda x, w, b: (x @ w.T + b,),
        [noise(points, channels), *layer(channels, outputs, 1)],
        constants=0,
    )


@needs_kernels
def test_gelu_is_right_where_it_is_curved_and_where_it_is_flat() -> None:
    x = torch.linspace(-12, 12, 4801)[:, None].requires_grad_()
    one, zero = torch.ones(1, 1), torch.zeros(1)
    y = fused.mlp(x, one, zero, one, zero)
    (slope,) = torch.autograd.grad(y.sum(), x)
    exact = x.detach().double().requires_grad_()
    (exact_slope,) = torch.autograd.grad(gelu(exact).sum(), exact)
    y = y.detach()
    exact = exact.detach()
    assert float((y - gelu(exact)).abs().max()) < 1.5e-6  # half an ulp of 12
    assert float(((y - gelu(exact)).abs() / (1 + exact.abs())).max()) < 3e-7
    assert float((slope - exact_slope).abs().max()) < 6e-7
    wild = fused.mlp(
        torch.tensor([[float("inf")], [float("nan")], [-1e30], [1e30]]), one, zero, one, zero
    ).flatten()
    assert wild.isnan().tolist() == [False, True, False, False]
    assert wild[[0, 2, 3]].tolist() == [float("inf"), 0.0, pytest.approx(1e30)]


@needs_kernels
def test_the_gradient_can_be_differentiated() -> None:
    tensors = tail(2, 6, 3, 4, 2, 2)

    def curvature(run: Callable[..., tuple[Tensor, ...]], dtype: torch.dtype) -> list[Tensor]:
        given = [
            None if t is None else t.detach().to(dtype).requires_grad_(i >= 2)
            for i, t in enumerate(tensors)
        ]
        leaves = [t for t in given[2:] if t is not None]
        first = torch.autograd.grad(
            sum(y.square().sum() for y in run(*given)), leaves, create_graph=True
        )
        return list(torch.autograd.grad(sum(g.square().sum() for g in first), leaves))

    for got, want in zip(
        curvature(run_tail, torch.float32), curvature(by_hand, torch.float64), strict=True
    ):
        assert float((got.double() - want).norm() / want.norm()) < 1e-5


@needs_kernels
def test_one_output_alone_may_have_a_gradient() -> None:
    for which in (0, 1):
        grads = []
        for run in (run_tail, by_hand):
            given = [
                t if t is None or i < 2 else t.clone().requires_grad_()
                for i, t in enumerate(tail(3, 8, 4, 4, 3, 2))
            ]
            y = run(*given)[which]
            grads.append(torch.autograd.grad(y, given[2:], torch.ones_like(y)))  # type: ignore[arg-type]
        torch.testing.assert_close(*grads, atol=2e-5, rtol=1e-5)


@needs_kernels
def test_threads_change_nothing_but_rounding_and_a_run_repeats_exactly() -> None:
    tensors = [
        t if t is None or i < 2 else t.requires_grad_()
        for i, t in enumerate(tail(13, 40, 16, 16, 8, 8))
    ]
    leaves = [t for t in tensors[2:] if t is not None]

    def run() -> list[Tensor]:
        y = run_tail(*tensors)
        return [*y, *torch.autograd.grad(y, leaves, [torch.ones_like(part) for part in y])]

    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 3, 3):
            torch.set_num_threads(threads)
            results.append(run())
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(*results[1:], strict=True))
    torch.testing.assert_close(results[0], results[1], atol=1e-5, rtol=1e-5)


@needs_kernels
def test_inputs_may_lie_anyhow_in_memory() -> None:
    x, parameters = noise(5, 8, 6).permute(1, 2, 0), [*layer(5, 4, 1), *layer(4, 2, 3)]
    x.requires_grad_()
    y = fused.mlp(x, *parameters)
    torch.testing.assert_close(y, fused.mlp(x.contiguous(), *parameters))
    up = noise(2, 8, 6, seed=7).permute(1, 2, 0)
    (gradient,) = torch.autograd.grad(y, x, up)
    exact = x.detach().double().requires_grad_()
    w1, b1, w2, b2 = (p.double() for p in parameters)
    torch.testing.assert_close(
        gradient.double(),
        torch.autograd.grad(gelu(exact @ w1.T + b1) @ w2.T + b2, exact, up.double())[0],
        atol=1e-5,
        rtol=1e-5,
    )


def test_an_empty_batch_passes() -> None:
    s, a, x, z, w, b, *mlp = tail(1, 8, 4, 4, 3, 2)
    y, ahead = fused.block_tail(x[:0], z[:0], s, a, (w, b), tuple(mlp))  # type: ignore[index, arg-type]
    assert y.shape == (0, 8, 4)
    assert ahead is not None
    assert ahead.shape == (0, 3, 4)


@needs_kernels
@pytest.mark.parametrize("following", [None, 2])
def test_operators_keep_the_promises_of_their_schemas(following: int | None) -> None:
    s, a, *fields = tail(3, 8, 5, 4, 3, following)
    leaves = [t.requires_grad_() for t in fields if t is not None]
    modes, c = [3, 2], noise(2, 3, 3, 4).requires_grad_()
    analysis, synthesis = (
        _latitude_matrix(first, Grid.latlon(gauss=True).axes[0], 4, 3, 3, c.dtype, CPU)
        for first in (True, False)
    )
    weight = noise(*signed_sizes(modes), 4, 2, 5).requires_grad_()
    calls = [
        (torch.ops.neurop.tail, (s, a, *leaves, True)),
        (torch.ops.neurop.tail, (s, a, *leaves, False)),
        (torch.ops.neurop.mlp, (noise(7, 5).requires_grad_(), *leaves[4:])),
        (torch.ops.neurop.linear, (noise(7, 5).requires_grad_(), *leaves[4:6])),
        (torch.ops.neurop.rows, (s, 0, noise(2, s.shape[1], 3).requires_grad_(), False)),  # type: ignore[union-attr]
        (
            torch.ops.neurop.rows_first,
            (s, 0, noise(2, 4, s.shape[1], 3).requires_grad_(), False),  # type: ignore[union-attr]
        ),
        (torch.ops.neurop.mix, (c, weight, modes, [2, 2])),
        (
            torch.ops.neurop.sphere,
            (
                noise(2, 4, 6, 3).requires_grad_(),
                analysis,
                synthesis,
                noise(3, 3, 2, 5).requires_grad_(),
            ),
        ),
    ]
    for operator, arguments in calls:
        tests = ("test_schema", "test_autograd_registration", "test_faketensor")
        # Without what it keeps, the operator is for evaluation alone.
        differentiable = arguments[-1] is not False or operator in (
            torch.ops.neurop.rows,
            torch.ops.neurop.rows_first,
        )
        torch.library.opcheck(
            operator.default,
            arguments,
            test_utils=(*tests, "test_aot_dispatch_static") if differentiable else tests,
        )


@needs_kernels
def test_a_compiled_model_goes_through_the_kernels() -> None:
    torch._dynamo.reset()
    graphs = []

    def backend(graph: torch.fx.GraphModule, inputs: list[Tensor]) -> torch.fx.GraphModule:
        graphs.append({str(node.target) for node in graph.graph.nodes})
        return graph

    model, x = FNO(1, 1, modes=(3, 3), width=5, depth=2), noise(2, 1, 8, 9)
    compiled = torch.compile(model, backend=backend, fullgraph=True)
    torch.testing.assert_close(compiled(x), model(x), atol=1e-6, rtol=1e-6)
    assert len(graphs) == 1
    assert {f"neurop.{name}" for name in ("rows", "linear", "mlp", "tail", "mix")} <= graphs[0]
