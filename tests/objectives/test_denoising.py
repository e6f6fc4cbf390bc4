"""The error of the noise that a stage finds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from raising import raises_input
from small import evolution, surrogate
from torch import Tensor

from neurop import FieldSet, Surrogate
from neurop.models.denoised import Denoised
from neurop.objectives.denoising import Denoising
from neurop.problems import Evolution
from neurop.refinement import denoising
from neurop.transforms.transform import Batch


class Exact(torch.nn.Module):
    """Stands for a stage that knows the target, and takes it from the noisy one."""

    def __init__(self, target: Tensor, sigmas: tuple[float, ...], off: float) -> None:
        super().__init__()
        self.target, self.sigmas, self.off = target, torch.tensor(sigmas, dtype=torch.float64), off

    def forward(self, x: Tensor) -> Tensor:
        number = (x[:, -1].flatten(1)[:, 0] * len(self.sigmas)).round().long()
        sigma = self.sigmas.to(x)[number - 1].view(-1, *[1] * (x.dim() - 1))
        return (x[:, -1 - self.target.shape[1] : -1] - self.target) / sigma + self.off


def batch_of(data: FieldSet) -> Batch:
    u = torch.as_tensor(data.values, dtype=torch.float64)
    return {"input": u[:, :1], "target": u[:, 1:3]}


@torch.no_grad()
@pytest.mark.parametrize("increments", [True, False])
def test_it_is_the_mean_square_error_of_the_noise(increments: bool) -> None:
    """0 for a stage that knows the normalised target, and the square of what it adds."""
    data = evolution()
    base = surrogate(data, problem=Evolution(increments=increments))
    s = denoising(base, data, steps=2, smallest=0.01, largest=0.1).double()
    assert isinstance(s.net, Denoised)
    batch = batch_of(data)
    first = batch["target"][:, 0] - (batch["input"][:, 0] if increments else 0)
    target = s.output_norm(first)
    for off in (0.0, 0.5):
        s.net.stage = Exact(target, s.net.sigmas, off)  # type: ignore[assignment]
        found = Denoising()(s, batch, np.random.default_rng(0))
        assert float(found["denoising"]) == pytest.approx(off**2, abs=1e-14)


@torch.no_grad()
def test_a_stage_that_finds_nothing_has_an_error_of_one() -> None:
    data = evolution(samples=40)
    s = denoising(surrogate(data), data).double()
    assert isinstance(s.net, Denoised)
    s.net.stage = Exact(torch.zeros(1, 2, 1, 1).double(), (1e30,) * 3, 0.0)  # type: ignore[assignment]
    assert float(Denoising()(s, batch_of(data), np.random.default_rng(0))["denoising"]) == (
        pytest.approx(1, abs=0.05)
    )


def test_gradients_reach_the_stage_alone() -> None:
    data = evolution()
    s = denoising(surrogate(data), data).double()
    Denoising()(s, batch_of(data), np.random.default_rng(0))["denoising"].backward()
    moved = {name.split(".")[1] for name, p in s.named_parameters() if p.grad is not None}
    assert moved == {"stage"}


def test_another_surrogate_is_refused() -> None:
    s = surrogate(evolution())
    assert isinstance(s, Surrogate)
    with raises_input("objective", "Denoising", "neurop refine method=denoising"):
        Denoising().check(s)
