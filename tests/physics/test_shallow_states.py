from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from states import distance

from neurop.physics.shallow_states import (
    balanced,
    jet_states,
    mountains,
    random_states,
    zonal_bands,
)
from neurop.physics.solvers.shallow_water import GRAVITY, RADIUS, Planet, ShallowWaterEquations


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


def westerly(truncation: int) -> tuple[ShallowWaterEquations, torch.Tensor]:
    """Williamson et al., test case 5: 20 m/s in balance meet a mountain of 2000 m at 30 degrees
    north; here a Gaussian one, which the truncation resolves, in place of their cone.
    """
    planet = Planet(geopotential=GRAVITY * 5960.0)
    water = ShallowWaterEquations(truncation, planet, diffusion_time=math.inf)
    latitude, longitude = water.harmonics.latitude[:, None], water.harmonics.longitude
    zonal = balanced(water, (20.0 * latitude.cos()).expand(water.harmonics.shape))
    away = (
        latitude.sin() / 2 + latitude.cos() * 0.75**0.5 * (longitude - 1.5 * math.pi).cos()
    ).acos()
    ground = water.harmonics.coefficients(GRAVITY * 2000.0 * torch.exp(-((away / 0.35) ** 2)))
    start = zonal[None].clone()
    start[0, 0] -= ground
    start[0, 0, 0, 0] = 0
    return water.over(ground), start


def energy(water: ShallowWaterEquations, state: torch.Tensor) -> float:
    """Return the integral of h |u|^2 / 2 + (h^2 / 2 + h h_s) g, in units of its rest value."""
    wind = water.harmonics.wind(state[:, 1:])[0]
    depth = water.planet.geopotential + water.harmonics.values(state[:, 0])[0]
    ground = water.harmonics.values(water.ground)
    density = depth * (wind.square().sum(0) / 2 + depth / 2 + ground)
    whole = water.harmonics.coefficients(density)[0, 0].real
    return float(whole / water.planet.geopotential**2)


def test_a_westerly_over_a_mountain_keeps_mass_and_energy_and_sheds_waves() -> None:
    water, start = westerly(21)
    later = water.advance(start, 600.0, 144)
    assert abs(later[0, 0, 0, 0] - start[0, 0, 0, 0]) < 1e-9
    assert energy(water, later) == pytest.approx(energy(water, start), rel=2e-7)
    # Without the mountain the flow is steady; its lee wave has a meridional wind of some m/s.
    north = water.harmonics.wind(later[:, 1:])[0, 1].abs()
    assert water.harmonics.wind(start[:, 1:])[0, 1].abs().max() < 1e-9
    assert 3 < north.max() < 30
    latitude, longitude = divmod(int(north.argmax()), north.shape[1])
    assert 10 < math.degrees(float(water.harmonics.latitude[latitude])) < 60
    assert abs(math.degrees(float(water.harmonics.longitude[longitude])) - 270) < 60


def test_over_a_mountain_it_is_of_fourth_order_in_time_and_spectral_in_space() -> None:
    water, start = westerly(21)
    exact = water.advance(start, 200.0, 72)
    errors = [
        distance(water.advance(start, dt, round(14400 / dt)), exact) for dt in (1200.0, 600.0)
    ]
    rate = torch.log2(errors[0] / errors[1])
    assert rate.min() > 3.5
    fine, first = westerly(31)
    reference = fine.advance(first, 600.0, 24)
    apart = []
    for truncation in (8, 12, 16):
        coarse, begin = westerly(truncation)
        made = torch.zeros_like(reference)
        made[..., : truncation + 1, : truncation + 1] = coarse.advance(begin, 600.0, 24)
        apart.append(distance(made, reference)[0].item())
    assert apart[0] > 3 * apart[1] > 9 * apart[2]


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
