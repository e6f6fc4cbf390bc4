import math

import numpy as np
import pytest
import torch

from neurop.geometry.grid import Grid
from neurop.physics.invariants import INVARIANTS
from neurop.physics.operators import gradient
from neurop.physics.random_fields.periodic import random_field
from neurop.physics.solvers.shallow_water import RADIUS, Planet
from neurop.physics.solvers.vorticity import solve_vorticity
from neurop.physics.sphere_invariants import SPHERE_INVARIANTS

TAU = 2 * math.pi


@pytest.mark.parametrize("shape", [(8, 8), (9, 12), (64, 64)])
def test_values_of_a_vortex_array(shape: tuple[int, int]) -> None:
    """Vorticity 2 K cos Kx cos Ky + c has energy 1/4 (unit velocities), enstrophy K^2/2 + c^2/2,
    mean c.
    """
    x, y = (torch.arange(n, dtype=torch.float64) / n for n in shape)
    w = (2 * TAU * torch.cos(TAU * x)[:, None] * torch.cos(TAU * y) + 1.5).expand(2, 3, *shape)
    expected = {"energy": 0.25, "enstrophy": TAU**2 / 2 + 1.125, "mean": 1.5}
    assert set(INVARIANTS) == set(expected)
    for name, value in expected.items():
        got = INVARIANTS[name](w)
        assert got.shape == (2, 3)
        torch.testing.assert_close(
            got, torch.full((2, 3), value, dtype=torch.float64), rtol=1e-12, atol=1e-13
        )


@pytest.mark.parametrize("name", ["energy", "enstrophy"])
def test_inviscid_unforced_flow_conserves(name: str) -> None:
    start = random_field(range(2), (32, 32), alpha=2.5, tau=7.0, sigma=40.0)
    # Only modes below N/3 take part in the advection; the others stand still without viscosity.
    kept = solve_vorticity(
        start, torch.zeros(32, 32, dtype=torch.float64), 0.0, 0.02, 50, 1, (22, 22)
    )
    before, after = INVARIANTS[name](kept).unbind(1)
    change = (kept[:, 1] - kept[:, 0]).square().mean((-2, -1)).sqrt() / kept[:, 0].square().mean(
        (-2, -1)
    ).sqrt()
    assert (change > 0.1).all()
    torch.testing.assert_close(after, before, rtol=1e-7, atol=0)


def test_viscous_unforced_flow_obeys_the_balances() -> None:
    r"""dE/dt = -2 nu Z and dZ/dt = -nu <|grad omega|^2>, by a centred difference over three
    frames.
    """
    nu, dt = 2e-3, 1e-2
    start = random_field(range(2), (32, 32), alpha=2.5, tau=7.0, sigma=40.0)
    frames = solve_vorticity(start, torch.zeros(32, 32, dtype=torch.float64), nu, dt / 2, 2, 42)[
        :, 40:
    ]
    e, z = (INVARIANTS[name](frames) for name in ("energy", "enstrophy"))
    palinstrophy = gradient(frames[:, 1], (1.0, 1.0)).square().sum(1).mean((-2, -1))
    torch.testing.assert_close((e[:, 2] - e[:, 0]) / (2 * dt), -2 * nu * z[:, 1], rtol=1e-4, atol=0)
    torch.testing.assert_close(
        (z[:, 2] - z[:, 0]) / (2 * dt), -nu * palinstrophy, rtol=1e-3, atol=0
    )


def test_forcing_does_the_work_it_should() -> None:
    r"""From rest, omega = f (1 - exp(-8 pi^2 nu t))/(8 pi^2 nu): f is an eigenfunction and does
    not advect itself.
    """
    n, nu = 16, 1e-2
    x = torch.arange(n, dtype=torch.float64) / n
    phase = TAU * (x[:, None] + x)
    f = 0.1 * (phase.sin() + phase.cos())
    frames = solve_vorticity(torch.zeros(1, n, n, dtype=torch.float64), f, nu, 0.1, 10, 3)
    rate = 2 * TAU**2 * nu
    for frame in range(4):
        torch.testing.assert_close(
            frames[0, frame], f * (-math.expm1(-rate * frame) / rate), atol=1e-12, rtol=0
        )


def test_invariants_of_known_flows() -> None:
    """Solid rotation u0 cos(latitude): mean of u^2 is 2 u0^2 / 3; the vorticity doubles the
    Coriolis parameter where u0 = a Omega.
    """
    grid, planet = Grid.latlon(gauss=True), Planet()
    for north_first in (True, False):
        grid = Grid.latlon(north_first, gauss=True)
        sine = torch.from_numpy(np.sin(np.deg2rad(grid.coordinates((12, 24))["latitude"])))[
            :, None
        ].expand(12, 24)
        u0 = 10.0
        state = torch.stack([3.0 + 0 * sine, 2 * u0 / RADIUS * sine, 0 * sine])
        got = {name: integral(state, grid).item() for name, integral in SPHERE_INVARIANTS.items()}
        phi = planet.geopotential + 3
        assert got["mass"] == pytest.approx(phi, rel=1e-14)
        assert got["energy"] == pytest.approx(0.5 * (phi * 2 / 3 * u0**2 + 9), rel=1e-12)
        absolute = 2 * u0 / RADIUS + 2 * planet.rotation
        assert got["potential_enstrophy"] == pytest.approx(0.5 * absolute**2 / 3 / phi, rel=1e-12)
