from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from states import distance

from neurop.physics.shallow_states import jet_states, mountains, random_states, zonal_bands
from neurop.physics.solvers.shallow_water import GRAVITY, RADIUS, ShallowWaterEquations


def test_a_balanced_jet_is_steady_but_for_hyperdiffusion() -> None:
    water = ShallowWaterEquations(42, diffusion_time=math.inf)
    (jet,) = jet_states(water, [0], 80.0, 0.0)
    wind = water.harmonics.wind(jet[None, 1:])
    assert wind[0, 0].max() == pytest.approx(80, abs=2.5)  # T42 resolves the jet to this
    assert distance(water.advance(jet[None], 600.0, 12), jet[None])[:2].max() < 1e-11
    damped = ShallowWaterEquations(42)
    assert distance(damped.advance(jet[None], 600.0, 12), jet[None])[:2].max() < 0.02
    bump = jet_states(water, range(3), 80.0, 120.0)
    assert (bump[:, 1:] == jet[1:]).all()
    heights = water.harmonics.values(bump - jet)[:, 0] / GRAVITY
    assert ((heights.amax((1, 2)) > 40) & (heights.amax((1, 2)) < 180)).all()
    assert torch.pdist(heights.flatten(1)).min() > 100


def test_water_at_rest_over_mountains_stays_at_rest() -> None:
    ground = mountains(ShallowWaterEquations(21), 2000.0, seed=3)
    water = ShallowWaterEquations(21, ground=ground)
    tall = water.harmonics.values(ground) / GRAVITY
    assert 900 < tall.max() < 4000
    assert tall.min() > -60  # what the truncation leaves between them
    start = torch.zeros(1, 3, 22, 22, dtype=torch.complex128)
    start[0, 0] = -ground
    start[0, 0, 0, 0] = 0
    assert water.tendency(start).abs().max() < 1e-20
    assert (water.advance(start, 600.0, 12) - start)[:, 1:].abs().max() < 1e-17
    assert (random_states(water, [0], 1e-9, 1e-9) - start).abs().max() < 1e-6


@pytest.mark.parametrize(("speed", "least", "most"), [(80.0, 4.0, 20.0), (8.0, 0.5, 1.2)])
def test_eddies_grow_on_bands_that_are_strong_enough(
    speed: float, least: float, most: float
) -> None:
    """U n^2 against 2 Omega a = 929 m/s: 5120 and 512."""
    water = ShallowWaterEquations(15)
    start = zonal_bands(water, speed, 8)[None] + random_states(water, range(1), 1e-4, 1e-2)
    eddies = [
        state[0, 1, :, 1:].abs().square().sum().sqrt().item()
        for state in (start, water.advance(start, 600.0, 288))
    ]
    assert least < eddies[1] / eddies[0] < most


def test_random_states_follow_their_law() -> None:
    water = ShallowWaterEquations(20)
    states = random_states(water, range(30), 0.3, 50.0, seed=4)
    std = water.harmonics.values(states).std((0, 2, 3))
    vorticity = 0.3 * math.sqrt(GRAVITY * 1e4) / RADIUS
    np.testing.assert_allclose(std, [50 * GRAVITY, vorticity, vorticity], rtol=0.05)
    assert (states[:, :, 0] == 0).all()
    assert (states[..., 0].imag == 0).all()
    assert (torch.tril(states) == states).all()
    power = states[:, 0].abs().square().mean(0)
    degree, order = torch.meshgrid(torch.arange(21), torch.arange(21), indexing="ij")
    zonal, others = power[1:, 0].mean().item(), power[(order > 0) & (order <= degree)].mean().item()
    assert zonal == pytest.approx(others, rel=0.15)  # isotropic
    torch.testing.assert_close(random_states(water, [7], 0.3, 50.0, seed=4)[0], states[7])
    assert distance(random_states(water, [7], 0.3, 50.0, seed=5), states[7:8]).min() > 1
