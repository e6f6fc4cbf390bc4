"""The residual of polynomials in time: exact derivatives, exact products, the norm of coefficients.

The identities of neural spectral methods (Du et al. 2024).
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.polynomial import Polynomial
from numpy.polynomial.legendre import leggauss
from raising import raises_input
from torch import Tensor

from neurop.constraints.initial_value import InitialValue
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import FNO
from neurop.objectives.pino import Pino
from neurop.objectives.predicted_fields import PredictedFields, predicted
from neurop.objectives.residual import Residual
from neurop.physics.derivatives.on_grid import GridDerivatives
from neurop.physics.equations.equation import Equation
from neurop.physics.equations.fisher import Fisher
from neurop.spectral.chebyshev import Chebyshev
from neurop.surrogate import Surrogate
from neurop.training.fit import fit

RNG = np.random.default_rng(0)
X = np.arange(16) / 16
RATE = 2.0


class Heat(Equation):
    """u_t = u_xx / (2 pi)^2, times the rate; a wave decays as exp(-rate t)."""

    unknowns = ("u",)

    def residual(self, u: object, d: object, a: object) -> dict[str, Tensor]:
        v = u["u"]  # type: ignore[index]
        nu = RATE / (2 * math.pi) ** 2
        return {"heat": d(v, "t") - nu * d(v, "x", "x")}  # type: ignore[operator]


def grid(length: float = 1.0) -> Grid:
    return Grid((Axis("x"), Axis("t", "open", 0.0, length, layout="chebyshev")))


def data(u: np.ndarray, given: int = 1, on: Grid | None = None) -> FieldSet:
    """Return a map from the first time of solutions ``(sample, x, t)`` to all."""
    values = u[:, None, None]
    start = np.repeat(np.repeat(values[..., :1], given, 2), u.shape[-1], -1)
    names = tuple(Field(f"u_{i}") for i in range(given))
    return FieldSet(start, names, on or grid(), values, (Field("u"),), source="solutions")


def loss(u: np.ndarray, equation: Equation | None = None) -> float:
    """Return the loss of a surrogate that predicts u."""
    made = data(u)
    s = Surrogate.of(made, "fno").double()
    s.forward = lambda x, grid=None, given=None: torch.as_tensor(made.targets)[:, 0]  # type: ignore[method-assign, misc]
    terms = Residual(equation or Heat())(s, {"input": torch.as_tensor(made.values)}, RNG)
    return float(next(iter(terms.values())))


def decay(n: int, factor: float = 1.0) -> np.ndarray:
    """Return the solution of the heat equation at n times."""
    t = grid().axes[1].points(n)
    return (np.sin(2 * np.pi * X[:, None] + 0.3) * np.exp(-factor * RATE * t))[None]


def test_the_exact_solution_of_the_heat_equation_has_no_residual() -> None:
    assert loss(decay(16)) < 1e-10
    # exp(-2.2 t) instead of exp(-2 t): R = -0.2 u, and that of persistence is 2 u_0.
    exact = 0.1 * math.sqrt((1 - math.exp(-4.4)) / 4.4)
    assert loss(decay(16, 1.1)) == pytest.approx(exact, rel=1e-9)


def test_the_residual_falls_exponentially_with_the_times() -> None:
    found = [loss(decay(n)) for n in (4, 6, 8, 10)]
    assert all(50 * after < before for before, after in pairwise(found))


def test_the_norm_is_that_of_the_coefficients_under_their_gram_matrix_and_of_the_integral() -> None:
    """Of random polynomials; the sum of squares of coefficients is no norm of the function."""
    n, length = 8, 1.5
    window = PredictedFields(torch.as_tensor(RNG.normal(size=(3, 1, 16, n))), grid(length), 1)
    u = window.values[:, 0].numpy()
    objective = Residual(Heat())
    found = objective._squares(window.resolved(), {}, ["u"])["heat"]
    # R in coefficients: c' - nu c_xx, with the engine's u = sum_k n_k c_k T_k.
    basis, axis = Chebyshev(n), grid(length).axes[1]
    c = u @ basis.analysis(axis, n).T
    k = 2 * np.pi * np.fft.rfftfreq(16, 1 / 16)
    k[-1] = 0  # the Nyquist mode has no derivative
    xx = np.fft.irfft(-(k**2)[:, None] * np.fft.rfft(c, axis=1), 16, axis=1)
    nu = RATE / (2 * math.pi) ** 2
    r = (c @ basis.derivative_matrix().T / length - nu * xx) * basis.norms()
    j, i = np.indices((n, n))
    even = (i + j) % 2 == 0
    gram = (
        np.where(even, 1 / (1 - (i + j) ** 2.0 + ~even) + 1 / (1 - (i - j) ** 2.0 + ~even), 0) / 2
    )
    exact = np.einsum("bxi,ij,bxj->b", r, gram, r) / 16
    np.testing.assert_allclose(found.numpy(), exact, rtol=1e-10)
    # The same by Gauss-Legendre quadrature of the function.
    nodes, weights = leggauss(20)
    at = r @ basis.functions((1 + nodes) / 2).T
    np.testing.assert_allclose(found.numpy(), (at**2 @ weights).mean(1) / 2, rtol=1e-10)
    assert np.abs((r**2).sum((1, 2)) / 16 / exact - 1).min() > 0.05


def test_products_are_exact_at_twice_the_times() -> None:
    """Fisher's residual of a polynomial of degree 5 at 6 times, in closed form."""
    poly = Polynomial(RNG.normal(size=6))
    t = grid().axes[1].points(6)
    u = torch.as_tensor(np.broadcast_to(poly(t), (1, 1, 16, 6)).copy())
    window = PredictedFields(u, grid(), 1).resolved()
    fine = grid().axes[1].points(11)
    assert window.values.shape == (1, 1, 16, 11)
    v = {"concentration": window.values[:, 0]}
    found = Fisher(0.1, 3.0).residual(v, GridDerivatives(window.grid), {})["balance"]
    exact = poly.deriv() - 3.0 * poly * (1 - poly)
    np.testing.assert_allclose(found[0, 5].numpy(), exact(fine), atol=1e-11)
    # Of degree 10, it is determined by its values there, and vanishes only if all of them do.
    again = Chebyshev(11).analysis(grid().axes[1], 11) @ found[0, 5].numpy() * Chebyshev(11).norms()
    dense = np.linspace(0, 1, 40)
    np.testing.assert_allclose(Chebyshev(11).functions(dense) @ again, exact(dense), atol=1e-10)


def test_the_initial_field_takes_the_place_of_the_prediction() -> None:
    made = data(decay(9))
    s = Surrogate.of(made, "fno").double()
    batch = {"input": torch.as_tensor(made.values)}
    found = predicted(s, batch)
    assert (found.known, found.grid) == (1, grid())
    assert torch.equal(found.values[..., 0], torch.as_tensor(decay(9)[..., 0])[:, None])
    assert torch.equal(found.values[..., 1:], s(batch["input"][:, 0])[..., 1:])
    persistent = found.persistent().values
    assert torch.equal(persistent, found.values[..., :1].expand_as(persistent))
    held = Surrogate.of(made, "fno", constraints=[InitialValue()]).double()
    assert torch.equal(predicted(held, batch).values, held(batch["input"][:, 0]))


def test_a_series_of_waves_in_time_is_taken_as_it_is() -> None:
    """The wave u = sin(2 pi (x - t)) in a periodic time: u_t + u_x = 0 to rounding."""

    class Transport(Heat):
        def residual(self, u: object, d: object, a: object) -> dict[str, Tensor]:
            return {"transport": d(u["u"], "t") + d(u["u"], "x")}  # type: ignore[index,operator]

    wave = np.sin(2 * np.pi * (X[:, None] - np.arange(9) / 9))[None]
    made = data(wave, on=Grid((Axis("x"), Axis("t", "periodic"))))
    s = Surrogate.of(made, "fno").double()
    s.forward = lambda x, grid=None, given=None: torch.as_tensor(made.targets)[:, 0]  # type: ignore[method-assign, misc]
    objective = Residual(Transport())
    objective.check(s)
    assert objective(s, {"input": torch.as_tensor(made.values)}, RNG)["transport"] < 1e-12


def test_static_fields_of_the_equation_are_the_same_at_all_times() -> None:
    """The equation u_t = a(x) on a grid of more times than the data have."""

    class Source(Heat):
        def residual(self, u: object, d: object, a: object) -> dict[str, Tensor]:
            return {"source": d(u["u"], "t") - d(a["a"])}  # type: ignore[index,operator]

    a = np.cos(2 * np.pi * X)
    u = a[:, None] * grid().axes[1].points(5)[None, None] + np.sin(2 * np.pi * X)[:, None]
    static = np.broadcast_to(a[:, None], (1, 1, 1, 16, 5)).copy()
    made = replace(data(u), conditions=(Condition(Field("a"), "static", static),))
    s = Surrogate.of(made, "fno").double()
    s.forward = lambda x, grid=None, given=None: torch.as_tensor(made.targets)[:, 0]  # type: ignore[method-assign, misc]
    batch = {"input": torch.as_tensor(made.values), "given": torch.as_tensor(static)}
    assert Residual(Source())(s, batch, RNG)["source"] < 1e-12


@pytest.mark.slow
def test_a_training_reads_no_target_and_begins_with_its_input() -> None:
    """In single precision; the loss falls, and is of the precision of the data."""
    u = np.concatenate([decay(7) * size for size in (0.5, 1.0, 1.5, 2.0)]).astype(np.float32)
    made, weights = data(u), []
    for factor in (1.0, 5.0):
        other = replace(made, targets=factor * np.asarray(made.targets))
        torch.manual_seed(0)
        spec = FNO.spec(modes=4, width=4, depth=1)
        s = Surrogate.of(made, spec, constraints=[InitialValue()])
        batch = {"input": torch.as_tensor(made.values), "target": torch.as_tensor(made.targets)}
        objective = Residual(Heat())
        before = objective(s, batch, RNG)["heat"]
        assert before.dtype == torch.float32
        fit(s, {"train": other, "val": made}, objective, epochs=40, batch_size=2)
        assert objective(s, batch, RNG)["heat"] < 0.8 * before
        assert torch.equal(s(batch["input"][:, 0])[..., 0], batch["input"][:, 0, ..., 0])
        weights.append(torch.cat([p.detach().flatten() for p in s.net.parameters()]))
        both = Pino(equation=Heat())(s, batch, RNG)
        assert both["equation"].dtype == both["data"].dtype == torch.float32
    assert torch.equal(*weights)


def test_times_that_do_not_begin_with_the_input_frames_are_refused() -> None:
    two = Surrogate.of(data(decay(9), given=2), "fno")
    with raises_input("given", 2):
        Residual(Heat()).check(two)
