from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from raising import raises_input
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.spectral import Cosine, Fourier, Sine, analyze, resample, resample_axes, synthesize

AXES = {
    "fourier-left": Axis("x"),
    "fourier-cells": Axis("x", layout="cells"),
    "sine-left": Axis("x", "dirichlet", layout="left"),
    "sine-ends": Axis("x", "dirichlet", layout="ends"),
    "sine-cells": Axis("x", "dirichlet", layout="cells"),
    "cosine-ends": Axis("x", "neumann", layout="ends"),
    "cosine-cells": Axis("x", "open", layout="cells"),
}
every_axis = pytest.mark.parametrize("axis", AXES.values(), ids=AXES)


def below_nyquist(axis: Axis, n: int) -> int:
    """Return the count of modes below the Nyquist frequency: k < n/2 cycles, or half-cycles k <
    n - 1 (ends), k < n.
    """
    intervals = n - 1 if axis.layout == "ends" else n
    return {"periodic": (n + 1) // 2, "dirichlet": intervals - 1}.get(axis.boundary, intervals)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def series(axis: Axis, count: int) -> Callable[[np.ndarray, int], Tensor]:
    """Return a random sum of `count` modes as a function of the points and the number of modes
    kept.
    """
    a, b = np.random.default_rng(5).standard_normal((2, count))

    def evaluate(x: np.ndarray, kept: int = count) -> Tensor:
        k = np.arange(min(count, kept))[:, None]
        if axis.boundary == "periodic":
            terms = ((a + 1j * b)[: len(k), None] * np.exp(2j * np.pi * k * x)).real
        elif axis.boundary == "dirichlet":
            terms = a[: len(k), None] * np.exp(1j * np.pi * (k + 1) * x).imag
        else:
            terms = a[: len(k), None] * np.exp(1j * np.pi * k * x).real
        return torch.from_numpy(terms.sum(0))

    return evaluate


@pytest.mark.parametrize("basis", [Fourier(4, 1.25), Fourier(9), Cosine(5), Sine(5)], ids=repr)
@every_axis
def test_analysis_and_synthesis_are_the_direct_sums_with_any_points(
    axis: Axis, basis: Fourier | Cosine | Sine
) -> None:
    x = axis.points(7)
    theta = 2 * np.pi * x / basis.period if isinstance(basis, Fourier) else np.pi * x
    wave = np.exp(1j * np.outer(np.arange(20), theta))
    m = basis.modes
    rows = {
        Fourier: np.concatenate([wave[:m].real, wave[1:m].imag]),
        Cosine: wave[:m].real,
        Sine: wave[1 : m + 1].imag,
    }[type(basis)]
    f, c = random(3, 7, 2), random(3, basis.size, 2)
    direct = np.einsum("bnc,n,kn->bkc", f, axis.weights(7), rows)
    np.testing.assert_allclose(analyze(f, [basis], [m], [axis]), direct, atol=1e-13)
    direct = np.einsum("bkc,k,kn->bnc", c, basis.norms(), rows)
    np.testing.assert_allclose(synthesize(c, [basis], [m], [axis], [7]), direct, atol=1e-13)


@every_axis
@pytest.mark.parametrize("n", [7, 8, 9, 16])
def test_resampling_evaluates_the_exact_series(axis: Axis, n: int) -> None:
    field = series(axis, below_nyquist(axis, n))
    u, domain = field(axis.points(n)), Grid((axis,))
    for m in (3, n - 2, n, n + 1, 2 * n, 3 * n + 1):
        kept = below_nyquist(axis, m)
        torch.testing.assert_close(
            resample(u, domain, (m,)), field(axis.points(m), kept), atol=1e-12, rtol=0
        )
    scattered = np.array([0.0, 0.123, 0.5, 0.987, 1.0])
    got = resample(u.expand(2, 3, n), domain, torch.from_numpy(scattered)[:, None])
    torch.testing.assert_close(got, field(scattered).expand(2, 3, 5), atol=1e-12, rtol=0)


def test_resampling_in_three_dimensions_of_mixed_kinds() -> None:
    domain = Grid((AXES["sine-ends"], AXES["fourier-left"], AXES["cosine-cells"]))
    shape, counts = (6, 7, 5), (4, 4, 5)
    fields = [series(axis, count) for axis, count in zip(domain.axes, counts)]

    def product(where: list[np.ndarray], kept: tuple[int, ...] = counts) -> Tensor:
        return torch.einsum("i,j,k->ijk", *[f(x, m) for f, x, m in zip(fields, where, kept)])

    u = product([a.points(n) for a, n in zip(domain.axes, shape)])
    for to in ((9, 16, 5), (4, 4, 13)):
        kept = tuple(below_nyquist(a, n) for a, n in zip(domain.axes, to))
        expected = product([a.points(n) for a, n in zip(domain.axes, to)], kept)
        torch.testing.assert_close(resample(u, domain, to), expected, atol=1e-12, rtol=0)
    points = random(11, 3, seed=1).abs() % 1
    expected = torch.stack(
        [product([p[i : i + 1].numpy() for i in range(3)]).squeeze() for p in points]
    )
    torch.testing.assert_close(resample(u, domain, points), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    ("shape", "band"), [((16, 15), (7, 8)), ((9, 8), (9, 8)), ((8, 9), (12, 4)), ((10, 6), (3, 3))]
)
@pytest.mark.parametrize("kinds", list(itertools.combinations(AXES, 2)), ids="x".join)
def test_projection_is_idempotent_orthogonal_and_of_the_rank_of_its_band(
    kinds: tuple[str, str], shape: tuple[int, int], band: tuple
) -> None:
    domain = Grid(tuple(AXES[kind] for kind in kinds))
    w = torch.from_numpy(domain.weights(shape))
    x, y = random(2, *shape)
    px, py = resample(torch.stack([x, y]), domain, shape, band)
    torch.testing.assert_close(resample(px, domain, shape, band), px, atol=1e-12, rtol=0)
    assert abs(((x - px) * py * w).mean()) < 1e-13
    trace = (
        resample(torch.eye(w.numel(), dtype=torch.float64).view(-1, *shape), domain, shape, band)
        .flatten(1)
        .trace()
    )
    counts = [
        min(below_nyquist(a, n), below_nyquist(a, b)) for a, n, b in zip(domain.axes, shape, band)
    ]
    ranks = [2 * m - 1 if a.boundary == "periodic" else m for a, m in zip(domain.axes, counts)]
    assert trace.item() == pytest.approx(np.prod(ranks), abs=1e-10)


@pytest.mark.parametrize("n", [5, 8, 33])
def test_waves_on_gauss_latitudes_resample_exactly(n: int) -> None:
    sphere = Grid.latlon(gauss=True)
    latitude, longitude = sphere.axes
    a, b = np.random.default_rng(2).standard_normal((n, 2)), series(longitude, 4)

    def field(theta: np.ndarray, x: np.ndarray, kept: int = n) -> Tensor:
        cosines = np.cos(np.pi * np.outer(theta, np.arange(min(kept, n))))
        return torch.from_numpy(cosines @ a[:kept, :1]) + torch.from_numpy(
            cosines @ a[:kept, 1:]
        ) * b(x)

    at = [axis.points(k) for axis, k in zip(sphere.axes, (n, 8))]
    u = field(*at)
    for m in (3, n - 1, n, n + 1, 2 * n):
        torch.testing.assert_close(
            resample_axes(u, sphere, (m, 12)),
            field(latitude.points(m), longitude.points(12), m),
            atol=1e-12,
            rtol=0,
        )
        projected = resample_axes(u, sphere, (n, 8), (m, 8))
        torch.testing.assert_close(projected, field(*at, m), atol=1e-12, rtol=0)
        torch.testing.assert_close(
            resample_axes(projected, sphere, (n, 8), (m, 8)), projected, atol=1e-12, rtol=0
        )
    scattered = torch.tensor([[0.0, 0.3], [0.5, 0.9], [1.0, 0.0]], dtype=torch.float64)
    expected = torch.cat([field(*p[:, None].numpy()) for p in scattered]).squeeze()
    torch.testing.assert_close(resample_axes(u, sphere, scattered), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("basis", [Cosine(1), Sine(1)], ids=repr)
@pytest.mark.parametrize("n", [1, 6, 33, 200])
def test_synthesis_inverts_analysis_on_gauss_latitudes(basis: Cosine | Sine, n: int) -> None:
    axis = Axis("latitude", "dirichlet" if isinstance(basis, Sine) else "open", layout="gauss")
    f = random(2, n, 3)
    for modes in {1, n // 2 + 1, n}:
        c = random(2, modes, 3, seed=1)
        torch.testing.assert_close(
            analyze(synthesize(c, [basis], [modes], [axis], [n]), [basis], [modes], [axis]),
            c,
            atol=1e-12,
            rtol=0,
        )
    torch.testing.assert_close(
        synthesize(analyze(f, [basis], [n], [axis]), [basis], [n], [axis], [n]),
        f,
        atol=1e-12,
        rtol=0,
    )


def test_padded_waves_on_gauss_latitudes_are_the_direct_sum_of_second_order() -> None:
    axis, basis = Axis("latitude", "open", layout="gauss"), Fourier(4, 1.25)
    f = [torch.from_numpy(np.exp(axis.points(n)))[None, :, None] for n in (64, 128)]
    c = [analyze(u, [basis], [4], [axis])[0, :, 0] for u in f]
    direct = np.einsum("bnc,n,nk->k", f[0], axis.weights(64), basis.functions(axis.points(64)))
    np.testing.assert_allclose(c[0], direct, atol=1e-14)
    wave = (
        1 + 1j * np.arange(4) * 2 * np.pi / 1.25
    )  # of the integral of exp(wave x) over the domain
    closed = (np.exp(wave) - 1) / wave
    errors = [np.abs(got.numpy() - [*closed.real, *closed.imag[1:]]).max() for got in c]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.05)
    assert errors[1] < 5e-4


def test_a_compiled_graph_takes_gauss_latitudes_of_any_size() -> None:
    torch._dynamo.reset()
    compiled = torch.compile(
        lambda x: resample(x, Grid.latlon(gauss=True), (9, 8)), fullgraph=True, backend="eager"
    )
    for shape in ((6, 8), (7, 10), (11, 12)):
        x = random(2, *shape)
        torch.testing.assert_close(
            compiled(x), resample(x, Grid.latlon(gauss=True), (9, 8)), atol=1e-12, rtol=0
        )


@pytest.mark.parametrize("boundary", ["neumann", "open"])
def test_a_wall_without_points_on_the_far_end_keeps_constants_and_projects(boundary: str) -> None:
    domain = Grid((Axis("x", boundary, layout="left"),))
    x = random(12)
    torch.testing.assert_close(
        resample(torch.ones_like(x), domain, (31,)),
        torch.ones(31, dtype=torch.float64),
        atol=1e-13,
        rtol=0,
    )
    torch.testing.assert_close(resample(x, domain, (12,)), x, atol=1e-13, rtol=0)
    torch.testing.assert_close(
        resample(x, domain, torch.arange(12, dtype=torch.float64)[:, None] / 12),
        x,
        atol=1e-13,
        rtol=0,
    )
    px = resample(x, domain, (12,), (5,))
    torch.testing.assert_close(resample(px, domain, (12,), (5,)), px, atol=1e-13, rtol=0)
    assert abs((x - px) @ px) < 1e-13
    fine = torch.cos(3 * torch.arange(128, dtype=torch.float64) / 128)
    error = (resample(fine[::2], domain, (128,)) - fine).abs()
    assert error.max() < 3e-3
    assert error[32:96].max() < 3e-5


def test_sizes_and_points_have_one_entry_per_axis() -> None:
    x, domain = random(8, 8), Grid.periodic(2)
    with raises_input("shape", (4, 4, 4)):
        resample(x, domain, (4, 4, 4))
    with raises_input("shape", (4,)):
        resample(x, domain, (8, 8), band=(4,))
    with raises_input("points", (5, 3)):
        resample(x, domain, torch.zeros(5, 3))


def test_matrices_first_used_in_inference_mode_serve_training() -> None:
    shape = (13, 17)  # used nowhere else
    with torch.inference_mode():
        resample(random(*shape), Grid.periodic(2), shape)
    x = random(*shape).requires_grad_()
    resample(x, Grid.periodic(2), shape).square().sum().backward()
    torch.testing.assert_close(
        x.grad, 2 * x.detach(), atol=1e-12, rtol=0
    )  # odd sizes: every mode is resolved


def test_float32_stays_float32_and_close() -> None:
    x = random(33, 16)
    got = resample(x.float(), Grid.periodic(2), (64, 15))
    assert got.dtype == torch.float32
    torch.testing.assert_close(
        got.double(), resample(x, Grid.periodic(2), (64, 15)), atol=3e-6, rtol=0
    )


class Products(TorchDispatchMode):
    """Counts matrix products."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func.overloadpacket.__name__ in ("mm", "bmm", "addmm", "baddbmm", "mv")
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("channels", [1, 3])
def test_scattered_points_are_the_direct_sum_and_one_product(channels: int) -> None:
    modes, d = (4, 3), 2
    c = torch.randn(2, 7, 5, channels)
    points = torch.rand(50, d)
    bases, axes = [Fourier(m) for m in modes], Grid.periodic(d).axes
    got = synthesize(c, bases, modes, axes, points)
    with (
        Products() as products
    ):  # in double precision, which has no kernels that would go uncounted
        synthesize(c.double(), bases, modes, axes, points.double())
    assert products.count == 1
    want = torch.zeros(2, 50, channels, dtype=torch.float64)
    for i in range(7):
        for j in range(5):
            value = torch.ones(50, dtype=torch.float64)
            for axis, (k, m) in enumerate(((i, 4), (j, 3))):
                angle = 2 * torch.pi * points[:, axis].double() * (k if k < m else k - m + 1)
                value = (
                    value
                    * (1.0 if k == 0 else 2.0)
                    * (torch.cos(angle) if k < m else torch.sin(angle))
                )
            want += value[None, :, None] * c[:, i, j, None].double()
    assert float((got.double() - want).abs().max() / want.abs().max()) < 1e-5
