from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from states import distance
from torch import Tensor

from neurop.geometry.grid import Grid
from neurop.physics.harmonics import synthesize
from neurop.physics.shallow_states import balanced, random_states, zonal_bands
from neurop.physics.solvers.shallow_water import GRAVITY, RADIUS, Planet, ShallowWaterEquations
from neurop.physics.sphere_invariants import SPHERE_INVARIANTS

NEVER = math.inf


def still(truncation: int, samples: int = 1) -> Tensor:
    return torch.zeros(samples, 3, truncation + 1, truncation + 1, dtype=torch.complex128)


def grids(water: ShallowWaterEquations, state: Tensor) -> Tensor:
    """Return the fields on the Gauss points of the solver."""
    return water.harmonics.values(state)


@pytest.mark.parametrize(("degree", "order"), [(1, 0), (3, 2), (10, 10)])
def test_linear_gravity_waves_have_the_exact_frequency(degree: int, order: int) -> None:
    """At rest without rotation geopotential and divergence oscillate at sqrt(gh l(l+1)) / a,
    whatever the step.
    """
    water = ShallowWaterEquations(10, Planet(rotation=0.0), diffusion_time=NEVER)
    start = still(10)
    start[0, 0, degree, order] = 1e-6
    omega = math.sqrt(GRAVITY * 1e4 * degree * (degree + 1)) / 6.37122e6
    now = water.advance(start, 3000.0, 10)
    phase = omega * 30000.0
    assert now[0, 0, degree, order].item() == pytest.approx(1e-6 * math.cos(phase), abs=1e-15)
    expected = 1e-6 * degree * (degree + 1) / (6.37122e6**2 * omega) * math.sin(phase)
    assert now[0, 2, degree, order].item() == pytest.approx(expected, rel=1e-6)
    now[0, ::2, degree, order] = 0
    assert now[0, 0].abs().max() < 1e-15
    assert now[0, 1].abs().max() < 1e-24


def test_planetary_waves_drift_westward_at_the_speed_of_rossby_and_haurwitz() -> None:
    """In a deep layer, where the flow has no divergence, one harmonic of degree l turns at -2
    Omega / l(l+1), however strong.
    """
    planet = Planet(geopotential=GRAVITY * 1e8)
    water = ShallowWaterEquations(10, planet, diffusion_time=NEVER)
    start = still(10)
    start[0, 1, 5, 4] = 1e-5
    now = water.advance(start, 900.0, 48)
    angle = 4 * 2 * planet.rotation / 30 * 900 * 48
    assert angle > 0.8
    assert abs(now[0, 1, 5, 4].item() / (1e-5 * np.exp(1j * angle)) - 1) < 5e-5
    now[0, 1, 5, 4] = 0
    assert now[0, 1].abs().max() < 1e-9


@pytest.mark.parametrize("speed", [2 * math.pi * RADIUS / (12 * 86400), -20.0])
def test_solid_rotation_is_steady(speed: float) -> None:
    """Williamson et al., test case 2: u = u0 cos(latitude), gh = gh0 - (a Omega u0 + u0^2 / 2)
    sin(latitude)^2, for a day.
    """
    drop = RADIUS * 7.292e-5 * speed + speed**2 / 2
    planet = Planet(geopotential=2.94e4 - drop / 3)
    water = ShallowWaterEquations(10, planet, diffusion_time=NEVER)
    sine = water.harmonics.latitude.sin()[:, None]
    start = balanced(
        water, speed * water.harmonics.latitude.cos()[:, None].expand(water.harmonics.shape)
    )[None]
    height, vorticity, _ = grids(water, start)[0]
    torch.testing.assert_close(
        height, (drop * (1 / 3 - sine**2)).expand_as(height), atol=1e-8, rtol=0
    )
    torch.testing.assert_close(
        vorticity, (2 * speed / RADIUS * sine).expand_as(vorticity), atol=5e-19, rtol=0
    )
    assert distance(water.advance(start, 1200.0, 72), start)[:2].max() < 1e-12
    damped = ShallowWaterEquations(10, planet)
    assert distance(damped.advance(start, 1200.0, 36), start)[:2].max() < 2e-6


def test_a_forced_flow_decays_to_its_target() -> None:
    """Weak vorticity without rotation falls as exp(-t / T); the bands themselves stay."""
    water = ShallowWaterEquations(
        10, Planet(rotation=0.0), diffusion_time=NEVER, target=still(10)[0], relaxation_time=7200.0
    )
    start = still(10)
    start[0, 1, 5, 4] = 1e-12
    now = water.advance(start, 600.0, 12)
    assert now[0, 1, 5, 4].item() == pytest.approx(1e-12 * math.exp(-1), rel=1e-6)
    free = ShallowWaterEquations(21, diffusion_time=NEVER)
    bands = zonal_bands(free, 80.0, 8)
    latitude = free.harmonics.latitude[:, None]
    wind = free.harmonics.wind(bands[None, 1:])[0, 0]
    torch.testing.assert_close(
        wind, (80 * (8 * latitude).cos() * latitude.cos()).expand_as(wind), atol=1e-9, rtol=0
    )
    forced = ShallowWaterEquations(21, diffusion_time=NEVER, target=bands, relaxation_time=7200.0)
    assert distance(forced.advance(bands[None], 600.0, 12), bands[None])[:2].max() < 1e-11
    half = forced.tendency(0.5 * bands[None]) - free.tendency(0.5 * bands[None])
    torch.testing.assert_close(half[0], 0.5 * bands / 7200.0)


@pytest.fixture(scope="module")
def flow() -> tuple[ShallowWaterEquations, Tensor]:
    water = ShallowWaterEquations(15)
    return water, random_states(water, range(2), 0.2, 120.0)


def test_fourth_order_in_time(flow: tuple[ShallowWaterEquations, Tensor]) -> None:
    water, start = flow
    exact = water.advance(start[:1], 150.0, 48)
    errors = [
        distance(water.advance(start[:1], 600.0 * r, 12 // r), exact).max().item() for r in (2, 1)
    ]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(4, abs=0.4)
    assert (
        errors[1] < 1e-4
    )  # at the step that the data set takes for this truncation or a finer one


def test_the_stepper_solves_the_equations_that_tendency_states(
    flow: tuple[ShallowWaterEquations, Tensor],
) -> None:
    water, start = flow
    ahead, back = water.advance(start, 10.0, 1), water.advance(start, -10.0, 1)
    assert distance((ahead - back) / 20.0, water.tendency(start)).max() < 1e-4


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method:DeprecationWarning")
def test_agreement_with_the_solver_of_torch_harmonics(
    flow: tuple[ShallowWaterEquations, Tensor],
) -> None:
    """Its Adams-Bashforth steps and split hyperdiffusion are of low order: the distance falls
    with its step, not with ours.
    """
    ShallowWaterSolver = pytest.importorskip("torch_harmonics.examples").ShallowWaterSolver

    water, start = flow
    ours = water.advance(start[:1], 600.0, 18)
    mean = math.sqrt(4 * math.pi) * water.planet.geopotential
    apart = []
    for dt in (100.0, 50.0):
        solver = ShallowWaterSolver(
            *water.harmonics.shape, dt, lmax=16, mmax=16, grid="legendre-gauss"
        ).double()
        theirs = start[0].clone()
        theirs[0, 0, 0] += mean
        theirs = solver.timestep(theirs, round(10800 / dt))
        theirs[0, 0, 0] -= mean
        apart.append(distance(theirs[None], ours))
    assert apart[1].max() < 6e-3
    assert (apart[1] / apart[0]).max() < 0.6


def test_turning_the_flow_about_the_axis_turns_the_solution(
    flow: tuple[ShallowWaterEquations, Tensor],
) -> None:
    water, start = flow
    turn = torch.exp(-0.7j * torch.arange(16, dtype=torch.float64))
    assert (
        distance(water.advance(start * turn, 600.0, 6), water.advance(start, 600.0, 6) * turn).max()
        < 1e-12
    )


def test_mirroring_north_and_south_mirrors_the_solution(
    flow: tuple[ShallowWaterEquations, Tensor],
) -> None:
    water, start = flow
    degree = torch.arange(16)[:, None]
    mirror = (-1.0) ** (degree + torch.arange(16)) * torch.tensor([1, -1, 1])[:, None, None]
    assert (
        distance(
            water.advance(start * mirror, 600.0, 6), water.advance(start, 600.0, 6) * mirror
        ).max()
        < 1e-12
    )


def test_what_the_flow_keeps(flow: tuple[ShallowWaterEquations, Tensor]) -> None:
    damped, start = flow
    grid, shape = Grid.latlon(gauss=True), damped.harmonics.shape

    def integrals(state: Tensor) -> dict[str, Tensor]:
        return {
            name: integral(synthesize(state, shape, "legendre-gauss"), grid)
            for name, integral in SPHERE_INVARIANTS.items()
        }

    before = integrals(start)
    ideal = integrals(ShallowWaterEquations(15, diffusion_time=NEVER).advance(start, 300.0, 36))
    later = integrals(damped.advance(start, 300.0, 36))
    change = {name: (ideal[name] / before[name] - 1).abs().max().item() for name in before}
    assert change["mass"] < 1e-14
    assert change["energy"] < 1e-4
    assert change["potential_enstrophy"] < 1e-4
    assert (later["mass"] / before["mass"] - 1).abs().max() < 1e-14
    assert (later["energy"] < before["energy"]).all()
    assert (later["energy"] > 0.5 * before["energy"]).all()
