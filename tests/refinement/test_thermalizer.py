"""A thermalizing stage on top of a trained surrogate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from raising import raises_input
from small import evolution, mapping, surrogate

import neurop
from neurop import Field, FieldSet, Grid, models
from neurop.models.thermalized import Thermalized
from neurop.objectives.thermalizing import Thermalizing
from neurop.problems import Evolution
from neurop.refinement import thermalizer
from neurop.registry import Spec


@torch.no_grad()
@pytest.mark.parametrize("increments", [True, False])
@pytest.mark.parametrize("history", [1, 2])
def test_the_state_is_the_normalised_prediction(increments: bool, history: int) -> None:
    data = evolution()
    problem = Evolution(increments=increments, history=history)
    base = surrogate(data, problem=problem).double().eval()
    s = thermalizer(base, data, Spec("unet", {"width": 4, "levels": 1})).double().eval()
    assert isinstance(s.net, Thermalized)
    x = torch.as_tensor(data.values[:, :history]).flatten(1, 2).double()
    z = s.input_norm(x)
    torch.testing.assert_close(s.net.state(z, s.net.base(z)), s.input_norm(base(x)))
    s.net.levels = (0.5, np.inf, 0.02)
    torch.testing.assert_close(s(x), base(x))
    s.net.levels = (0.5, 0.0, 0.02)
    assert not torch.allclose(s(x), base(x))


@torch.no_grad()
def test_it_returns_through_a_folder(tmp_path: Path) -> None:
    data = evolution()
    s = thermalizer(surrogate(data), data, levels=(0.5, 1e-6, 1e-7)).eval()
    s.save(tmp_path)
    x = torch.as_tensor(data.values[:, 0], dtype=torch.float32)
    assert torch.equal(neurop.load(tmp_path)(x), s(x))


def test_a_map_is_refused() -> None:
    data = mapping()
    with raises_input("surrogate", "fno", "is a map; refine a surrogate of an evolution"):
        thermalizer(surrogate(data), data)


def test_it_takes_no_second_time_its_own_kind() -> None:
    data = evolution()
    s = thermalizer(surrogate(data), data)
    with raises_input("model", "thermalized", "choose a network for the stage by model="):
        thermalizer(s, data)


@pytest.mark.slow
def test_it_removes_noise_from_waves() -> None:
    """States are waves of one shape at any place: noise on them is found, and mostly removed."""
    rng = np.random.default_rng(0)
    phase = rng.uniform(0, 2 * np.pi, (200, 1, 1, 1))
    x = 2 * np.pi * np.arange(32) / 32
    time = 0.1 * np.arange(6)[:, None, None]
    waves = np.cos(x + phase + time) + 0.5 * np.cos(3 * (x + phase + time))
    data = FieldSet(waves, (Field("u"),), Grid.periodic(1))
    torch.manual_seed(0)
    base = neurop.Surrogate.of(data, models.FNO.spec(modes=4, width=4, depth=1))
    stage = models.FNO.spec(modes=16, width=24, depth=2)
    made = thermalizer(base, data, stage, steps=4)
    s = neurop.fit(made, data, objective=Thermalizing(), epochs=30)
    assert isinstance(s.net, Thermalized)
    clean = s.input_norm(torch.as_tensor(waves[:50, 0], dtype=torch.float32))
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
    none = clean[:, :0]
    with torch.no_grad():
        for size in (0.05, 0.2):
            _, found = s.net.noise_in(clean + size * noise, none)
            assert abs(float(found.mean()) - np.log(size)) < 0.25
        assert float(s.net.noise_in(clean, none)[1].exp().mean()) < 0.03
        noisy = clean + 0.2 * noise
        estimate, sizes = s.net.noise_in(noisy, none)
        left = noisy - sizes.exp().view(-1, 1, 1) * estimate - clean
        assert float(left.square().mean().sqrt()) < 0.1
