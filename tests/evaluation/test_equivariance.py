"""Errors of equivariance that are known: of maps that keep, or break, a symmetry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from raising import raises_input

from neurop import Field, FieldSet, Grid, Surrogate, evaluate
from neurop.evaluation.protocols.equivariance import Equivariance
from neurop.fields.condition import Condition
from neurop.geometry.axis import Axis
from neurop.problems import Evolution

Make = Callable[..., Any]
N = 8
WALLS = Grid(tuple(Axis(name, "dirichlet", layout="ends") for name in "xy"))


def states(
    grid: Grid | None = None, channels: int = 1, shape: tuple[int, ...] = (N, N)
) -> FieldSet:
    """Return one trajectory of noise: vorticity, then a tracer."""
    values = np.random.default_rng(0).normal(size=(2, 3, channels, *shape))
    names = ("vorticity", "tracer")[:channels]
    return FieldSet(values, tuple(map(Field, names)), grid or Grid.periodic(len(shape)))


def rows(found: Any, name: str) -> dict[str, float]:
    return dict(zip(found.element.values.tolist(), found[name].values.tolist(), strict=True))


@pytest.mark.parametrize("grid", [Grid.periodic(2), WALLS], ids=["periodic", "walls"])
def test_a_pointwise_map_commutes_with_all(analytic: Make, grid: Grid) -> None:
    """An odd function of a pseudoscalar does as well, an even one not."""
    data = states(grid)
    for odd, names, broken in (
        (lambda x: x + x**3, (), 0.0),
        (lambda x: x + x**3, ("vorticity",), 0.0),
        (lambda x: x**2, (), 0.0),
        (lambda x: x**2, ("vorticity",), 2.0),  # |x^2 - (-x^2)| / |x^2|
    ):
        found = Equivariance(names)(analytic(odd, data), data)
        assert float(found.rotations) < 1e-12
        assert float(found.reflections) == pytest.approx(broken, abs=1e-12)


def test_a_shift_turns_with_the_grid(analytic: Make) -> None:
    """A move along x by one point commutes with a reversal of y, and with no half turn."""
    data = states()
    surrogate = analytic(lambda x: x.roll(1, -2), data)
    found = rows(Equivariance()(surrogate, data), "mean")
    x = torch.from_numpy(np.asarray(data.values)[:, :-1, 0].reshape(-1, N, N))
    assert found["(x, y) -> (x, y)"] == 0
    assert found["(x, y) -> (x, -y)"] == 0
    assert found["(x, y) -> (-x, y)"] > 1
    # f(g x) went along +x, g f(x) along -x.
    turned = x.flip((-1, -2)).roll((1, 1), (-1, -2))
    error = (turned.roll(1, -2) - turned.roll(-1, -2)).flatten(1).norm(dim=1)
    expected = float((error / x.flatten(1).norm(dim=1)).mean())
    assert found["(x, y) -> (-x, -y)"] == pytest.approx(expected)


def test_moved_data_have_the_errors_of_the_scores_where_the_map_commutes(analytic: Make) -> None:
    data = states()
    surrogate = analytic(lambda x: 0.5 * x, data)
    found = evaluate(surrogate, data, "equivariance", pseudoscalars=["vorticity"])
    expected = float(evaluate(surrogate, data).relative_l2)
    np.testing.assert_allclose(found.moved, expected, rtol=1e-12)
    assert found.sizes == {"element": 8}
    assert "4 samples or windows" in found.title


def test_each_field_has_its_own_sign(analytic: Make) -> None:
    """A tracer that is made of the square of the vorticity, and the vorticity of their product."""
    data = states(channels=2)

    def mixed(x: torch.Tensor) -> torch.Tensor:
        w, c = x.unbind(1)
        return torch.stack([w * c, w**2], 1)

    surrogate = analytic(mixed, data)
    assert float(Equivariance(["vorticity"])(surrogate, data).reflections) < 1e-12
    # With the sign of neither, or of the tracer: the product is even in all of them, w^2 is not.
    assert float(Equivariance()(surrogate, data).reflections) < 1e-12
    assert float(Equivariance(["tracer"])(surrogate, data).reflections) == pytest.approx(2)


@pytest.mark.parametrize("model", ["gfno", "fno"])
def test_networks_and_their_conditions(model: str) -> None:
    """A fixed field of the domain, such as a forcing, moves with the state."""
    data = states()
    known = np.random.default_rng(1).normal(size=(1, 1, 1, N, N)).astype(np.float32)
    conditions = (Condition(Field("force"), "static", known),)
    data = FieldSet(data.values, data.fields, data.grid, conditions=conditions)
    torch.manual_seed(0)
    spec: Any = {"name": model, "arguments": {"modes": 3, "width": 4, "depth": 1}}
    if model == "gfno":
        spec["arguments"] |= {"group": "p4m", "input_signs": -1, "output_signs": -1}
    surrogate = Surrogate.of(data, spec, Evolution(history=2, increments=False))
    # An offset of the training data is none of a pseudoscalar.
    for norm in (surrogate.input_norm, surrogate.output_norm, surrogate.given_norm):
        assert norm is not None
        norm.mean.zero_()
    found = Equivariance(["vorticity", "force"])(surrogate, data)
    if model == "gfno":
        assert max(float(found.rotations), float(found.reflections)) < 1e-5
        # As a scalar the force breaks the symmetry, except under rotations.
        other = Equivariance(["vorticity"])(surrogate, data)
        assert float(other.rotations) < 1e-5
        assert float(other.reflections) > 1e-3
    else:
        assert float(found["mean"][0]) < 1e-6
        assert float(found["mean"][1:].min()) > 1e-3


def test_other_dimensions(analytic: Make) -> None:
    for shape, elements in (((N,), 2), ((4, 4, 4), 48)):
        data = states(shape=shape)
        found = Equivariance()(analytic(lambda x: x**2, data), data)
        assert found.sizes["element"] == elements
        assert max(float(found.rotations), float(found.reflections)) < 1e-12


def test_what_is_no_square(analytic: Make) -> None:
    for data, key, value in (
        (states(shape=(8, 9)), "shape", (8, 9)),
        (states(Grid((Axis("x"), Axis("y", length=2.0)))), "domain", "x, y"),
    ):
        with raises_input(key, value):
            Equivariance()(analytic(lambda x: x, data), data)
    data = states()
    with raises_input("pseudoscalars", "vorticty", "did you mean 'vorticity'"):
        Equivariance(["vorticty"])(analytic(lambda x: x, data), data)
    with raises_input("protocol", "equivarance", "did you mean 'equivariance'"):
        evaluate(analytic(lambda x: x, data), data, "equivarance")
