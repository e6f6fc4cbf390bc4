from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from raising import raises_input

from neurop import evaluate
from neurop.card import Card
from neurop.errors import InputError
from neurop.evaluation.resolutions import finer_sets, shape_at
from neurop.fields import Field, FieldSet
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.problems import Map
from neurop.registry import Spec
from neurop.source import Source

Make = Callable[..., Any]
BOX = Grid(tuple(Axis(name, "dirichlet", layout="ends") for name in "xy"))


def membrane(points: int) -> FieldSet:
    """Sines that vanish on the walls, mapped to their double; both ends of an axis are points."""
    s = np.sin(np.pi * np.linspace(0, 1, points))
    values = (np.arange(1, 4)[:, None, None] * s[:, None] * s)[:, None, None]
    field = (Field("u", "m"),)
    return FieldSet(values, field, BOX, targets=2 * values, target_fields=field)


class Membranes(Source):
    """A data set with 9, 17 and, where `finest` says so, 33 points per side."""

    name = "membranes"

    def __init__(self, finest: int = 33) -> None:
        self.finest = finest

    def splits(self) -> dict[str, FieldSet]:
        return {"train": membrane(9), "test": membrane(9)}

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        if shape not in [(n, n) for n in (9, 17, 33) if n <= self.finest]:
            raise InputError(f"no {shape[0]} points")
        return membrane(shape[0])


def card(data: FieldSet) -> Card:
    return Card.of(data, Spec("analytic"), Map())


def test_a_resolution_keeps_the_proportion_of_the_training_grid() -> None:
    values = np.zeros((1, 1, 1, 73, 144))
    fields = (Field("msl", "Pa"),)
    earth = FieldSet(values, fields, Grid.latlon(), targets=values, target_fields=fields)
    times = Grid((Axis("t", "open", layout="chebyshev"), Axis("x")))
    plane = FieldSet(values[..., :8], fields, times, targets=values[..., :8], target_fields=fields)
    assert [shape_at(n, card(plane)) for n in (73, 145)] == [(73, 8), (145, 16)]
    assert [shape_at(n, card(earth)) for n in (73, 145, 37)] == [(73, 144), (145, 288), (37, 72)]


def test_finer_sets_halve_the_intervals_and_report_what_is_missing() -> None:
    missing: dict[int, str] = {}
    assert list(finer_sets(Membranes(), card(membrane(9)))) == [9, 17, 33]
    assert list(finer_sets(Membranes(17), card(membrane(9)), missing.__setitem__)) == [9, 17]
    assert missing == {33: "no 33 points"}
    with raises_input("resolution", (9, 9)):
        finer_sets(Membranes(9), card(membrane(9)))


def test_superres_of_a_data_set_takes_the_grids_that_hold_both_ends(analytic: Make) -> None:
    found = evaluate(analytic(lambda x: 2.5 * x, membrane(9)), Membranes(), "superres")
    assert found.resolution.values.tolist() == [9, 17, 33]
    # The error is a quarter of the truth at every resolution, all of it inside the band.
    np.testing.assert_allclose(found.relative_l2, 0.25, rtol=1e-12)
    np.testing.assert_allclose(found.relative_l2_beyond_band, 0, atol=1e-12)


def test_fields_stand_for_their_own_resolution(analytic: Make) -> None:
    surrogate = analytic(lambda x: 2.5 * x, membrane(9))
    found = evaluate(surrogate, membrane(17), "superres")
    assert found.resolution.values.tolist() == [17]
    with raises_input("data", "dict"):
        evaluate(surrogate, {9: membrane(9)})


def test_score_and_rollout_by_name(analytic: Make, travelling: Make) -> None:
    moved = analytic(lambda x: torch.roll(x, 2, -1), travelling())  # 2 of 32 points are 1/16
    still = analytic(lambda x: x, travelling())
    np.testing.assert_allclose(evaluate(moved, travelling()).relative_l2, 0, atol=1e-12)
    run = evaluate(still, travelling(), "rollout")
    assert run.sizes["step"] == 8
    # Persistence: the mean over k of 2 |sin(pi k s / 16)| after s steps.
    expected = np.mean([2 * np.abs(np.sin(np.pi * k * np.arange(1, 9) / 16)) for k in (1, 2, 3)], 0)
    np.testing.assert_allclose(run.relative_l2, expected, atol=1e-12)
    assert evaluate(still, travelling(), "rollout", steps=3).sizes["step"] == 3
