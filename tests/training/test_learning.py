"""What a few seconds of training reach where the solution is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from small import FIELDS

from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.geometry.grid import Grid
from neurop.problems import Evolution

from .conftest import fit

WIDE = {"modes": 4, "width": 16, "depth": 1}


def heat(samples: int, seed: int) -> FieldSet:
    """Return solutions of the heat equation: the wave k decays by exp(-k^2/20) per frame."""
    rng, x = np.random.default_rng(seed), np.arange(16) / 16
    u = np.zeros((samples, 4, 1, 16))
    for k in (1, 2, 3):
        phases = 2 * np.pi * (k * x + rng.uniform(size=(samples, 1)))
        u[:, :, 0] += (
            rng.normal(size=(samples, 1, 1))
            * np.cos(phases)[:, None]
            * np.exp(-(k**2) * np.arange(4)[:, None] / 20)
        )
    return FieldSet(
        u, FIELDS[:1], Grid.periodic(1), times=Times(np.arange(4.0), "s"), source="heat"
    )


def relative(p: np.ndarray, y: np.ndarray) -> float:
    axes = tuple(range(1, y.ndim))
    return float((np.sqrt(((p - y) ** 2).sum(axes)) / np.sqrt((y**2).sum(axes))).mean())


@pytest.mark.parametrize("steps", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_the_heat_equation_is_learnt(steps: int) -> None:
    train, val, test = heat(64, 0), heat(16, 1), heat(16, 2)
    problem = Evolution(unroll=steps)
    s = fit(train, val, 30 if steps == 1 else 60, problem=problem, arguments=WIDE).surrogate
    made = s.trajectory(torch.from_numpy(test.values[:, :1]).float(), 3).detach().numpy()
    assert relative(made, test.values[:, 1:]) < 0.005
    assert relative(test.values[:, :1], test.values[:, 1:]) > 0.2


def test_a_map_to_other_fields_is_trained() -> None:
    def pairs(samples: int, seed: int) -> FieldSet:
        # From the first frame to itself a quarter of the domain further, and to the last frame.
        u = heat(samples, seed)
        targets = np.concatenate([np.roll(u.values[:, :1], 4, -1), u.values[:, 3:]], 2)
        return replace(u, values=u.values[:, :1], targets=targets, target_fields=FIELDS, times=None)

    test = pairs(16, 2)
    s = fit(pairs(64, 0), pairs(16, 1), 40, arguments=WIDE).surrogate
    assert (
        relative(
            s(torch.from_numpy(test.values[:, 0]).float()).detach().numpy(), test.targets[:, 0]
        )
        < 0.03
    )
