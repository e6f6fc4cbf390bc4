"""The residual of a surrogate, its shrinkage, and a stage that starts at zero."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from raising import raises_input
from small import Scale, evolution, mapping, surrogate
from torch import nn

from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.geometry.grid import Grid
from neurop.models import REGISTRY, create
from neurop.problems import Evolution, LeadTimes
from neurop.refinement.stage import residual_rms, squares_left, start_at_zero, training_set
from neurop.registry import Spec


class Nothing(nn.Module):
    """Stands for a network of two outputs, both 0."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(x[:, :1]).expand(-1, 2, *x.shape[2:])


def test_the_residual_of_a_known_network() -> None:
    data = evolution(frames=4)
    s = surrogate(data, problem=Evolution(increments=False))
    s.net = Scale(2, 0.0)  # type: ignore[assignment]
    mean = s.output_norm.mean.numpy()
    expected = np.sqrt(np.square(data.values[:, 1:] - mean).mean((0, 1, 3, 4)))
    np.testing.assert_allclose(residual_rms(s, data, batch_size=2), expected, rtol=1e-5)
    assert not s.net.training


def test_the_residual_of_a_map_and_of_increments() -> None:
    data = mapping()
    s = surrogate(data)
    s.net = Nothing()  # type: ignore[assignment]
    assert data.targets is not None
    off = data.targets - s.output_norm.mean.numpy()
    np.testing.assert_allclose(
        residual_rms(s, data), np.sqrt(np.square(off).mean((0, 1, 3, 4))), rtol=1e-5
    )
    data = evolution(frames=4)
    s = surrogate(data)
    s.net = Scale(2, 0.0)  # type: ignore[assignment]
    off = np.diff(data.values, axis=1) - s.output_norm.mean.numpy()
    np.testing.assert_allclose(
        residual_rms(s, data), np.sqrt(np.square(off).mean((0, 1, 3, 4))), rtol=1e-4
    )


def test_the_residual_is_that_of_the_domain() -> None:
    data = evolution(frames=3)
    inside = np.zeros((1, 1, 1, 9, 8))
    inside[..., 3:, :] = 1
    masked = replace(data, conditions=(Condition(Field("ocean"), "mask", inside),))
    s = surrogate(masked, problem=Evolution(increments=False))
    s.net = Scale(2, 0.0)  # type: ignore[assignment]
    s.output_norm.mean.zero_()
    expected = np.sqrt(np.square(data.values[:, 1:, :, 3:]).mean((0, 1, 3, 4)))
    np.testing.assert_allclose(residual_rms(s, masked), expected, rtol=1e-5)


def test_all_lead_times_count() -> None:
    data = evolution(frames=6)
    s = surrogate(data, problem=LeadTimes(leads=(1, 2)))
    s.net = Scale(2, 0.0)  # type: ignore[assignment]
    s.output_norm.mean.zero_()
    pairs = [
        data.values[:, i + lead] - data.values[:, i] for lead in (1, 2) for i in range(6 - lead)
    ]
    expected = np.sqrt(np.square(np.stack(pairs)).mean((0, 1, 3, 4)))
    np.testing.assert_allclose(residual_rms(s, data), expected, rtol=1e-4)


def test_shrinkage() -> None:
    """A correction s of size a that is orthogonal to what it leaves: |r - s|² = |r|² - a²."""
    rng = np.random.default_rng(0)
    s, rest = rng.standard_normal((2, 1000))
    rest -= s * (rest @ s) / (s @ s)
    ratio = np.linalg.norm(s) / np.linalg.norm(s + rest)
    left = np.linalg.norm(rest) ** 2 / np.linalg.norm(s + rest) ** 2
    assert squares_left(ratio, 1.0) == pytest.approx(left)
    assert squares_left(3.0, 2.0) == squares_left(1.0, 0.0) == 0


SEVERAL = {"boosted", "denoised", "mono", "thermalized"}


@torch.no_grad()
@pytest.mark.parametrize("name", sorted({*REGISTRY.table} - SEVERAL))
def test_a_stage_of_every_model_starts_at_zero(name: str) -> None:
    domain = Grid.latlon() if name == "sfno" else Grid.periodic(2)
    takes = REGISTRY.get(name).__init__.__annotations__
    small = {"width": 4, "depth": 1} | ({} if "unet" in name else {"modes": 3})
    spec = Spec(name, {key: value for key, value in small.items() if key in takes})
    net, x = create(spec, 4, 2, domain), torch.randn(2, 4, 16, 16)
    assert net(x).abs().max() > 0
    start_at_zero(net, 2, name)
    assert torch.equal(net(x), torch.zeros(2, 2, 16, 16))


def test_a_network_without_a_last_layer() -> None:
    # A mixture has one per expert.
    for net in (nn.Sequential(nn.Conv1d(1, 3, 1)), create("mono", 1, 2, Grid.periodic(1))):
        with raises_input("model", "mine", "it has no last linear layer, which starts at 0"):
            start_at_zero(net, 2, "mine")


def test_what_data_are() -> None:
    data = evolution()
    assert training_set(data) is training_set({"train": data}) is data
    with raises_input("data", "int"):
        training_set(3)  # type: ignore[arg-type]
    with raises_input("data", "dict"):
        training_set({"val": data})
