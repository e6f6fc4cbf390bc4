"""Convergence under refinement: closed forms, and of networks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from raising import raises_input
from torch import Tensor

from neurop import Field, FieldSet, Grid, Surrogate, evaluate, models
from neurop.errors import InputError
from neurop.evaluation.protocols.convergence import Convergence
from neurop.fields.condition import Condition
from neurop.geometry.axis import Axis

Make = Callable[..., Any]


def slope(x: Tensor) -> Tensor:
    """Return central differences, of order 2."""
    return (x.roll(-1, -1) - x.roll(1, -1)) * x.shape[-1]


@pytest.mark.parametrize(
    ("call", "order", "last"),
    [
        # d/dx of sin(2 pi x) is multiplied by sinc(2 pi h): about 1 - (2 pi h)^2 / 6.
        (slope, 2.0, (2 * math.pi / 32) ** 2 / 6),
        # The difference without the spacing: half as large on the next grid, so d = 1.
        (lambda x: slope(x) / x.shape[-1], 0.0, 7 / 8),
        # A kernel of two points converges to a pointwise map, with order 1.
        (lambda x: x + x.roll(1, -1), 1.0, math.pi / 32),
    ],
)
def test_orders_in_closed_form(
    analytic: Make, travelling: Make, call: Any, order: float, last: float
) -> None:
    data = travelling(32, wavenumbers=(1,))
    found = evaluate(analytic(call, data), data, "convergence")
    assert float(found.order) == pytest.approx(order, abs=0.05)
    assert float(found.distance) == pytest.approx(last, rel=0.15)
    assert found.grid.values.tolist() == ["32", "64", "128"]
    assert float(found.from_first[0]) == pytest.approx(float(found.difference[0]), rel=1.01)
    orders = np.log2(found.difference.values[:-1] / found.difference.values[1:])
    np.testing.assert_allclose(found.observed_order[:-1], orders)


def test_a_pointwise_map_differs_nowhere(analytic: Make, travelling: Make) -> None:
    data = travelling(32)
    found = evaluate(analytic(lambda x: x**3 + 1, data), data, "convergence", doublings=2)
    assert float(found.largest.max()) < 1e-12
    assert found.sizes == {"grid": 2}


@pytest.mark.parametrize("layout", ["ends", "cells"])
def test_walls_and_conditions(layout: Any) -> None:
    """A condition is resampled with the state; grids of both layouts."""
    grid = Grid((Axis("x", "neumann", layout=layout),))
    x = grid.axes[0].points(17)
    states = np.cos(np.pi * x * np.arange(1, 4)[:, None])[None, :, None]
    known = (Condition(Field("depth"), "static", np.cos(2 * np.pi * x)[None, None, None]),)
    data = FieldSet(states, (Field("u"),), grid, conditions=known)
    torch.manual_seed(0)
    surrogate = Surrogate.of(data, models.FNO.spec(modes=4, width=4, depth=1)).double()
    found = Convergence(doublings=2)(surrogate, data)
    assert float(found.order) > 0.85
    assert 0 < float(found.distance) < 0.1


def test_networks(travelling: Make) -> None:
    """FNO is one operator; a network of small kernels is another one on each grid."""
    data = travelling(32, wavenumbers=(1,))
    distance = {}
    for model, more in (("fno", {"modes": 4, "depth": 1}), ("unet", {"levels": 1})):
        torch.manual_seed(0)
        spec: Any = {"name": model, "arguments": {"width": 8, **more}}
        found = Convergence()(Surrogate.of(data, spec).double(), data)
        distance[model] = float(found.distance)
    assert distance["fno"] < 1e-3
    assert distance["unet"] > 10 * distance["fno"]


def test_what_cannot_be_checked(analytic: Make, travelling: Make) -> None:
    with raises_input("doublings", 1):
        Convergence(doublings=1)
    with raises_input("samples", 0):
        Convergence(samples=0)
    data = travelling(8)
    mask = Condition(Field("sea"), "mask", np.ones((1, 1, 1, 8), bool))
    data = FieldSet(data.values, data.fields, data.grid, conditions=(mask,))
    with raises_input("conditions", ["sea"]):
        Convergence()(Surrogate.of(data, "fno"), data)


def test_a_grid_that_does_not_fit_into_memory(analytic: Make, travelling: Make) -> None:
    data = travelling(32, wavenumbers=(1,))
    with pytest.raises(InputError, match=r"protocol\.doublings=40: .* GB are free; use fewer"):
        Convergence(doublings=40)(analytic(slope, data), data)
