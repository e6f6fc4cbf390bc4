"""Ensembles compared with targets: the score, and the spread that its minimum has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from contracts.objective import HISTORY, UNROLL, ObjectiveContract
from small import ARGUMENTS, evolution, mapping, surrogate
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.noise_input import NoiseInput
from neurop.metrics.crps import crps_at_points
from neurop.objectives import REGISTRY
from neurop.objectives.crps import Crps
from neurop.objectives.regression import Regression
from neurop.problems import Evolution
from neurop.registry import Spec
from neurop.surrogate import Surrogate
from neurop.training.fit import fit
from neurop.transforms.transform import Batch


def noisy(data: FieldSet, objective: Crps, **how: Any) -> Surrogate:
    torch.manual_seed(0)
    return Surrogate.of(data, Spec("fno", ARGUMENTS), noise=objective.noise(data), **how).double()


class TestCrps(ObjectiveContract):
    def make(self) -> Crps:
        return Crps(members=3, noise_channels=2)

    def surrogate(self) -> Surrogate:  # type: ignore[override]
        return noisy(evolution(), self.make(), problem=Evolution(HISTORY, UNROLL))

    def batch(self, s: Surrogate, exact: bool = False) -> Batch:
        if exact:  # only where all members are the truth
            with torch.no_grad():
                s.net.lift.weight[:, HISTORY * 2 : HISTORY * 2 + 2] = 0
        return super().batch(s, exact)


class TestFairOnly(TestCrps):
    def make(self) -> Crps:
        return Crps(members=2, alpha=1.0, noise_channels=2, noise_correlation=0.5)


def test_it_is_registered() -> None:
    assert REGISTRY.get("crps") is Crps


def test_it_is_the_mean_score_in_units_of_the_scale() -> None:
    objective, data = Crps(members=3, noise_channels=2), evolution()
    s = noisy(data, objective, problem=Evolution(2, 2))
    x = torch.from_numpy(data.values)
    batch = {"input": x[:, :2], "target": x[:, 2:4]}
    found = objective(s, batch, np.random.default_rng(5))["crps"].item()
    seed = int(np.random.default_rng(5).integers(2**32))
    rows = s.member(seed).trajectory(torch.cat([x[:, :2]] * 3), 2).unflatten(0, (3, len(x)))
    scale = s.scale.view(-1, 1, 1)
    expected = crps_at_points(rows / scale, x[:, 2:4] / scale, 0.95).mean().item()
    assert found == pytest.approx(expected, rel=1e-12)
    fair = objective.scores(s, batch, np.random.default_rng(5))["fair_crps"].item()
    assert fair == pytest.approx(crps_at_points(rows / scale, x[:, 2:4] / scale).mean().item())


def test_cells_outside_a_mask_count_nothing() -> None:
    inside = np.ones((1, 1, 1, 9, 8))
    inside[..., :3, :] = 0
    data = evolution()
    mask = Condition(Field("mask"), "mask", inside)
    data = FieldSet(data.values, data.fields, data.grid, times=data.times, conditions=(mask,))
    objective = Crps(members=2, noise_channels=1)
    s = noisy(data, objective)
    x = torch.from_numpy(np.asarray(data.values))
    given = torch.from_numpy(inside[:, :, 0]).expand(len(x), 1, 1, 9, 8).double()
    batch = {"input": x[:, :1], "target": x[:, 1:2], "given": given}
    rng = np.random.default_rng
    first = objective(s, batch, rng(0))["crps"].item()
    target = batch["target"].clone()
    target[..., :3, :] += 100
    assert objective(s, batch | {"target": target}, rng(0))["crps"].item() == first


def test_noise_that_a_training_grid_resolves() -> None:
    data = evolution((9, 8))
    assert Crps().noise(data) == NoiseInput(4, 4, 0.0)
    assert Crps(noise_modes=2).noise(data).modes == 2
    with pytest.raises(InputError) as wrong:
        Crps(noise_modes=5).noise(data)
    assert (wrong.value.key, wrong.value.value) == ("noise_modes", 5)


@pytest.mark.parametrize(("alpha", "ratio"), [(0.0, 0.626), (0.95, 0.988), (1.0, 1.0)])
def test_its_minimum_has_the_spread_of_a_random_map(alpha: float, ratio: float) -> None:
    """Targets are inputs and normal noise, the network is w x + s z; four members.

    The best s over the deviation of the truth is below 1 unless the score is fair.
    """
    rng, train, deviation = np.random.default_rng(0), mapping((8,)), 0.5
    a = rng.standard_normal((1500, 1, 1, 8))
    u = np.concatenate([a + deviation * rng.standard_normal(a.shape)] * 2, axis=2)
    data = FieldSet(a, train.fields, train.grid, u, train.target_fields)
    objective = Crps(members=4, alpha=alpha, noise_channels=1)
    s = noisy(data, objective)
    for norm in (s.input_norm, s.output_norm):
        norm.mean.zero_(), norm.std.fill_(1)

    class Line(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = nn.Parameter(torch.tensor([0.5, 0.2], dtype=torch.float64))

        def forward(self, x: Tensor) -> Tensor:
            return (self.weights.view(1, 2, 1) * x).sum(1, keepdim=True).expand(-1, 2, -1)

    s.net = Line()  # type: ignore[assignment]
    batch = {"input": torch.from_numpy(a), "target": torch.from_numpy(u)}
    optimizer = torch.optim.Adam(s.net.parameters(), lr=0.07)
    late = []
    for step in range(60):
        optimizer.zero_grad()
        objective(s, batch, np.random.default_rng(step))["crps"].backward()
        optimizer.step()
        late.append(s.net.weights.detach().clone())
    w, found = torch.stack(late[-25:]).mean(0).tolist()
    assert w == pytest.approx(1, abs=0.02)
    assert found / deviation == pytest.approx(ratio, abs=0.02)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"members": 1}, "members"),
        ({"alpha": 1.1}, "alpha"),
        ({"noise_channels": 0}, "noise_channels"),
        ({"noise_modes": 0}, "noise_modes"),
        ({"noise_correlation": 1.0}, "noise_correlation"),
    ],
)
def test_wrong_settings(values: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError) as wrong:
        Crps(**values)
    assert (wrong.value.key, wrong.value.value) == (key, values[key])


def test_surrogate_and_objective_must_agree_on_noise() -> None:
    data = evolution()
    with pytest.raises(InputError) as wrong:
        fit(surrogate(data), data, Crps())
    assert wrong.value.key == "noise"
    with pytest.raises(InputError) as wrong:
        fit(noisy(data, Crps()), data, Regression())
    assert wrong.value.key == "objective"
