"""The errors of the noise that a stage finds in states, and of its size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from raising import raises_input
from small import evolution, surrogate
from torch import Tensor

from neurop import FieldSet
from neurop.models.thermalized import Thermalized
from neurop.objectives.thermalizing import Thermalizing
from neurop.problems import Evolution
from neurop.refinement import thermalizer
from neurop.transforms.transform import Batch


class Exact(torch.nn.Module):
    """Stands for a stage that knows the state, and is off by some number in both estimates."""

    def __init__(self, state: Tensor, off: float) -> None:
        super().__init__()
        self.state, self.off = state, off

    def forward(self, x: Tensor) -> Tensor:
        noise = x - self.state + self.off
        return torch.cat([noise, torch.full_like(noise[:, :1], self.off)], dim=1)


def batch_of(data: FieldSet) -> Batch:
    u = torch.as_tensor(data.values, dtype=torch.float64)
    return {"input": u[:, :1], "target": u[:, 1:3]}


@torch.no_grad()
@pytest.mark.parametrize("increments", [True, False])
def test_both_terms(increments: bool) -> None:
    """With noise of size 1, whose logarithm is 0, both are the square of what the stage is off."""
    data = evolution()
    s = thermalizer(
        surrogate(data, problem=Evolution(increments=increments)), data, levels=(1.0, 0.9, 0.8)
    ).double()
    assert isinstance(s.net, Thermalized)
    s.net.levels = (1.0, 1.0, 4.0)
    batch = batch_of(data)
    for off in (0.0, 0.5):
        s.net.stage = Exact(s.input_norm(batch["target"][:, 0]), off)  # type: ignore[assignment]
        found = Thermalizing()(s, batch, np.random.default_rng(0))
        assert float(found["noise"]) == pytest.approx(off**2, abs=1e-14)
        assert float(found["size"]) == pytest.approx(off**2, abs=1e-14)
        total = Thermalizing().scores(s, batch, np.random.default_rng(0))["thermalizing"]
        assert float(total) == pytest.approx(2 * off**2, abs=1e-14)


@torch.no_grad()
def test_the_sizes_are_uniform_in_the_logarithm() -> None:
    """The mean square of a constant's distance from a uniform variable, and noise of variance 1."""
    data = evolution(samples=1000)
    s = thermalizer(surrogate(data), data, levels=(0.5, 0.05, 0.02)).double()
    assert isinstance(s.net, Thermalized)

    class Nothing(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.new_zeros(len(x), x.shape[1] + 1, *x.shape[2:])

    s.net.stage = Nothing()  # type: ignore[assignment]
    found = Thermalizing()(s, batch_of(data), np.random.default_rng(0))
    least, most = np.log(0.005), np.log(0.5)
    expected = (most**3 - least**3) / 3 / (most - least)
    assert float(found["size"]) == pytest.approx(expected, rel=0.08)
    assert float(found["noise"]) == pytest.approx(1, abs=0.03)


def test_gradients_reach_the_stage_alone() -> None:
    data = evolution()
    s = thermalizer(surrogate(data), data).double()
    terms = Thermalizing()(s, batch_of(data), np.random.default_rng(0))
    torch.stack(list(terms.values())).sum().backward()
    moved = {name.split(".")[1] for name, p in s.named_parameters() if p.grad is not None}
    assert moved == {"stage"}


def test_another_surrogate_is_refused() -> None:
    with raises_input("objective", "Thermalizing", "neurop refine method=thermalizer"):
        Thermalizing().check(surrogate(evolution()))
