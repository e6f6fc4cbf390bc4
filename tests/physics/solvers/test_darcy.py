"""The finite-volume solver against analytic solutions, a sparse direct solver and the invariants
of the equation.
"""

from itertools import pairwise

import numpy as np
import pytest
import torch
from raising import raises_input
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import spsolve
from torch import Tensor

from neurop.errors import InputError
from neurop.physics.random_fields.cosine import cosine_field
from neurop.physics.solvers.darcy import FaceMean, fluxes, solve_darcy, transmissibilities
from neurop.physics.solvers.red_black import RedBlack

MEANS: tuple[FaceMean, FaceMean] = ("harmonic", "arithmetic")


def nodes(n: int) -> tuple[Tensor, Tensor]:
    x = torch.linspace(0, 1, n + 1, dtype=torch.float64)
    return x[:, None].expand(n + 1, n + 1), x.expand(n + 1, n + 1)


def media(n: int, kind: str, samples: range = range(3)) -> Tensor:
    g = cosine_field(samples, (n + 1, n + 1), alpha=2.0, tau=3.0, modes=100)
    return torch.where(g >= 0, g.new_tensor(12.0), 3.0) if kind == "piecewise" else (10 * g).exp()


def residual(a: Tensor, u: Tensor, source: Tensor | float, faces: FaceMean = "harmonic") -> Tensor:
    """Return h^2 f minus what leaves each interior control volume."""
    x, y = fluxes(a, u, faces)
    f = torch.as_tensor(source, dtype=torch.float64) * torch.ones_like(u)
    return (
        (f / (a.shape[-1] - 1) ** 2)[:, 1:-1, 1:-1]
        - x.diff(dim=1)[:, :, 1:-1]
        - y.diff(dim=2)[:, 1:-1]
    )


@pytest.mark.parametrize("faces", MEANS)
def test_second_order_for_a_smooth_coefficient(faces: FaceMean) -> None:
    r"""The solution sin(pi x) sin(2 pi y) for a = 2 + sin(3x + y), so f = -a Lap u - grad a .
    grad u.
    """
    pi, errors = torch.pi, []
    for n in (20, 40, 80):
        x, y = nodes(n)
        a, slope = 2 + (3 * x + y).sin(), (3 * x + y).cos()
        u = (pi * x).sin() * (2 * pi * y).sin()
        u_x, u_y = (
            pi * (pi * x).cos() * (2 * pi * y).sin(),
            2 * pi * (pi * x).sin() * (2 * pi * y).cos(),
        )
        f = 5 * pi**2 * a * u - slope * (3 * u_x + u_y)
        errors.append(
            float((solve_darcy(a[None], f, faces=faces, tolerance=1e-9)[0] - u).norm() / u.norm())
        )
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.abs(orders - 2).max() < 0.05
    assert errors[-1] < 2e-3


LAYERS = ((0.0, 0.225, 12.0), (0.225, 0.575, 3.0), (0.575, 1.0, 12.0))
"""Interfaces that lie halfway between the nodes of 20, 60 and 180 intervals."""


def layered(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    r"""Return a, the resistance :math:`\int_0^x ds/a`, and :math:`X = \int_0^x (c - s)/a\,ds`
    with X(1) = 0.
    """
    a, resistance, moment = torch.zeros_like(x), torch.zeros_like(x), torch.zeros_like(x)
    ends = [0.0, 0.0]
    for left, right, value in LAYERS:
        a = torch.where((x >= left) & (x <= right), value, a)
        to = x.clamp(left, right)
        resistance, moment = (
            resistance + (to - left) / value,
            moment + (to**2 - left**2) / (2 * value),
        )
        ends = [ends[0] + (right - left) / value, ends[1] + (right**2 - left**2) / (2 * value)]
    return a, resistance, ends[1] / ends[0] * resistance - moment


def test_the_flux_through_layers_is_exact_with_the_harmonic_mean() -> None:
    x, _ = nodes(20)
    a, resistance, _ = layered(x)
    across, along = fluxes(a[None], resistance[None])
    torch.testing.assert_close(across, torch.full_like(across, -1 / 20), rtol=1e-12, atol=0)
    assert along.abs().max() == 0


@pytest.mark.parametrize(("faces", "order"), [("harmonic", 2), ("arithmetic", 1)])
def test_layers_are_of_second_order_with_the_harmonic_mean_alone(
    faces: FaceMean, order: float
) -> None:
    """The solution X(x) y (1 - y) has a continuous flux a X' = c - x: f = y (1 - y) + 2 a X."""
    errors = []
    for n in (20, 60, 180):
        x, y = nodes(n)
        a, _, profile = layered(x)
        u = profile * y * (1 - y)
        errors.append(
            float(
                (
                    solve_darcy(
                        a[None], y * (1 - y) + 2 * a * profile, faces=faces, tolerance=1e-9
                    )[0]
                    - u
                ).norm()
                / u.norm()
            )
        )
    assert np.log(errors[1] / errors[2]) / np.log(3) == pytest.approx(order, abs=0.1)


@pytest.mark.parametrize("kind", ["piecewise", "lognormal"])
@pytest.mark.parametrize("n", [20, 60, 105])
def test_agreement_with_a_sparse_direct_solver(n: int, kind: str) -> None:
    a = media(n, kind, range(1))
    matrix = RedBlack(*transmissibilities(a)).dense()[0].numpy() if n == 20 else None
    u = solve_darcy(a)
    sparse = spsolve(five_point(a[0]), np.full((n - 1) ** 2, 1 / n**2)).reshape(n - 1, n - 1)
    if matrix is not None:
        np.testing.assert_allclose(five_point(a[0]).toarray(), matrix, rtol=1e-12)
    assert np.linalg.norm(u[0, 1:-1, 1:-1].numpy() - sparse) < 1e-6 * np.linalg.norm(sparse)
    assert residual(a, u, 1.0).norm() < 1.01e-6 * (n - 1) / n**2


def five_point(a: Tensor) -> csc_matrix:
    """Return the matrix of the harmonic means, entry by entry."""
    n, values = a.shape[-1] - 1, a.numpy()
    number = -np.ones((n + 1, n + 1), int)
    number[1:-1, 1:-1] = np.arange((n - 1) ** 2).reshape(n - 1, n - 1)
    rows, columns, entries = [], [], []
    for di, dj in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        here, there = np.s_[1:-1, 1:-1], np.s_[1 + di : n + di, 1 + dj : n + dj]
        t = (2 * values[here] * values[there] / (values[here] + values[there])).ravel()
        p, q = number[here].ravel(), number[there].ravel()
        rows += [p, p[q >= 0]]
        columns += [p, q[q >= 0]]
        entries += [t, -t[q >= 0]]
    return csc_matrix(
        (np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))),
        shape=((n - 1) ** 2,) * 2,
    )


def test_a_constant_coefficient_has_the_series_of_the_square() -> None:
    n, k = 80, torch.arange(1, 400, 2, dtype=torch.float64)
    x, y = nodes(n)
    # u = x (1 - x) / 2 - 4/pi^3 sum over odd k of sin(k pi x) cosh(k pi (y - 1/2)) / (k^3 cosh(k pi
    # / 2))
    ratio = (
        (k * torch.pi * ((y[0] - 0.5).abs()[:, None] - 0.5)).exp()
        + (-k * torch.pi * ((y[0] - 0.5).abs()[:, None] + 0.5)).exp()
    ) / (1 + (-k * torch.pi).exp())
    series = 4 / torch.pi**3 * ((k * torch.pi * x[:, :1]).sin() / k**3) @ ratio.T
    exact = x * (1 - x) / 2 - series
    u = solve_darcy(torch.full((1, n + 1, n + 1), 5.0))[0] * 5
    assert (u - exact).norm() / exact.norm() < 3e-4


@pytest.mark.parametrize("kind", ["piecewise", "lognormal"])
def test_invariants(kind: str) -> None:
    """Positive inside, at most 1/(8 min a), flux through the boundary = source inside,
    reciprocal: the operator is symmetric.
    """
    n = 60
    a = media(n, kind)
    u = solve_darcy(a, tolerance=1e-8)
    assert u[:, 1:-1, 1:-1].min() > 0
    assert u[:, [0, -1]].abs().max() == 0
    assert u[:, :, [0, -1]].abs().max() == 0
    assert (u.amax((1, 2)) < 1 / (8 * a.amin((1, 2)))).all()
    x, y = fluxes(a, u)
    outward = (x[:, -1] - x[:, 0])[:, 1:-1].sum(1) + (y[..., -1] - y[..., 0])[:, 1:-1].sum(1)
    torch.testing.assert_close(
        outward, torch.full_like(outward, (n - 1) ** 2 / n**2), rtol=1e-7, atol=0
    )
    sources = torch.randn(
        2, 3, n + 1, n + 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    v, w = (solve_darcy(a, f, tolerance=1e-10) for f in sources)
    inside = np.s_[:, 1:-1, 1:-1]
    torch.testing.assert_close(
        (sources[1] * v)[inside].sum((1, 2)),
        (sources[0] * w)[inside].sum((1, 2)),
        rtol=1e-7,
        atol=1e-9,
    )


def test_mirrors_and_the_swap_of_the_axes_are_symmetries() -> None:
    a = media(40, "piecewise")
    u = solve_darcy(a, tolerance=1e-10)
    for move in (lambda t: t.mT, lambda t: t.flip(1), lambda t: t.flip(2)):
        torch.testing.assert_close(
            solve_darcy(move(a), tolerance=1e-10), move(u), rtol=1e-7, atol=1e-11
        )


def test_a_multiple_of_the_coefficient_divides_the_solution() -> None:
    a = media(40, "lognormal")
    torch.testing.assert_close(solve_darcy(1000 * a) * 1000, solve_darcy(a), rtol=1e-6, atol=1e-9)


def test_a_sample_does_not_depend_on_its_batch() -> None:
    a = torch.cat((media(60, "piecewise"), media(60, "lognormal"), torch.ones(1, 61, 61)))
    together = solve_darcy(a)
    for i in range(len(a)):
        torch.testing.assert_close(solve_darcy(a[i : i + 1])[0], together[i], rtol=1e-9, atol=1e-13)


def test_the_mesh_is_refined_to_one_solution() -> None:
    """A two-phase medium: first order, by the interfaces that run between the nodes."""
    solutions = [
        solve_darcy(media(n, "piecewise", range(4)))[:, :: n // 50, :: n // 50]
        for n in (50, 100, 200, 400)
    ]
    steps = [float((a - b).norm() / b.norm()) for a, b in pairwise(solutions)]
    assert steps[0] > 1.5 * steps[1] > 2 * steps[2]
    assert steps[2] < 5e-3


def test_the_iterations_do_not_grow_with_the_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("neurop.physics.solvers.darcy.MOST_ITERATIONS", 11)
    for n in (30, 105, 210, 420):
        for kind in ("piecewise", "lognormal"):
            assert solve_darcy(media(n, kind, range(1))).isfinite().all()


def test_no_source_and_the_smallest_grids() -> None:
    assert solve_darcy(media(12, "piecewise"), 0.0).abs().max() == 0
    f = torch.tensor([0.0, 1.0])[:, None, None]
    u = solve_darcy(torch.ones(2, 17, 17), f)
    assert u[0].abs().max() == 0
    assert u[1].max() == pytest.approx(0.07367, rel=1e-2)
    torch.testing.assert_close(
        solve_darcy(torch.ones(1, 3, 3))[0, 1, 1], torch.tensor(1 / 16).double()
    )


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_a_coefficient_that_is_none_is_one_line(bad: float) -> None:
    a = torch.ones(2, 9, 9)
    a[1, 3, 3] = bad
    with pytest.raises(InputError) as error:
        solve_darcy(a)
    assert error.value.key == "coefficient"


def test_wrong_words_and_missed_tolerances_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    a = media(20, "piecewise")
    with raises_input("faces", "geometric", "arithmetic, harmonic"):
        solve_darcy(a, faces="geometric")  # type: ignore[arg-type]
    monkeypatch.setattr("neurop.physics.solvers.darcy.MOST_ITERATIONS", 2)
    with raises_input("tolerance", 1e-6, "use less contrast"):
        solve_darcy(a)
