"""Training is the same in any unit, and fields at rest take part in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from raising import raises_input
from small import evolution, surrogate

from neurop.evaluation import rollout, score
from neurop.fields.fieldset import FieldSet
from neurop.objectives.regression import Regression
from neurop.training.module import TrainingModule

from .conftest import ADAM


def resting() -> FieldSet:
    """Return an evolution whose second field is at rest in the first frames, and one sample in
    all.
    """
    data = evolution()
    values = data.values.copy()
    values[:, :3, 1] = 0.0
    values[0] = 0.0
    return replace(data, values=values)


def learnt(data: FieldSet) -> list[float]:
    """Return the losses of some steps of training, and the scores at the end."""
    module = TrainingModule(surrogate(data), Regression(gradient=0.1), ADAM)
    optimizer = ADAM(module.parameters())
    x = torch.from_numpy(data.values).float()
    batch = {"input": x[:, :1], "target": x[:, 1:4]}
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = module.losses(batch)["relative_l2"]
        loss.backward()
        assert all(p.grad.isfinite().all() for p in module.parameters() if p.grad is not None)
        optimizer.step()
        losses.append(loss.item())
    run, one = rollout(module.surrogate, data, 4), score(module.surrogate, data, leads=[1])
    return [*losses, float(one.relative_l2), float(run.trajectory_relative_l2)]


@pytest.fixture(scope="module")
def usual() -> list[float]:
    return learnt(resting())


@pytest.mark.parametrize("power", [-30, -25, -22, -15, 15, 19, 25, 30])
def test_data_in_another_unit_train_and_score_the_same(power: int, usual: list[float]) -> None:
    data = resting()
    found = learnt(replace(data, values=data.values * 10.0**power))
    np.testing.assert_allclose(found, usual, rtol=2e-3)


def test_fields_at_rest_are_learnt_and_do_not_take_over(usual: list[float]) -> None:
    assert usual[7] < usual[0]
    assert max(usual) < 100


@pytest.mark.parametrize("power", [-37, 37])
def test_what_float32_does_not_hold_is_refused_by_name(power: int) -> None:
    data = evolution()
    with raises_input("field", data.fields[0].name, "unit"):
        surrogate(replace(data, values=data.values * 10.0**power))


def test_a_variation_that_float32_rounds_away_is_refused_by_name() -> None:
    data = evolution()
    values = data.values / data.values.std() + 1e7
    with raises_input("field", data.fields[0].name, "offset"):
        surrogate(replace(data, values=values))
