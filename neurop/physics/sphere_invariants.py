"""Invariants of shallow water on the rotating Earth.

States are ``(..., 3, latitude, longitude)`` in SI units.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.sphere import Sphere
from neurop.physics.harmonics import Harmonics
from neurop.physics.solvers.shallow_water import Planet

EARTH = Planet()
FIELDS = ("geopotential_anomaly", "vorticity", "divergence")
"""Fields of a state; the first is the geopotential above that of the mean depth of 10 km."""


def mass(state: Tensor, grid: Sphere) -> Tensor:
    r"""Return the mean geopotential :math:`\langle\varphi\rangle` [m2 s-2], gravity times depth.

    Examples
    --------
    >>> round(float(mass(torch.zeros(3, 8, 16, dtype=torch.float64), Sphere.latlon(gauss=True))), 1)
    98061.6
    """
    return EARTH.geopotential + _mean(state[..., 0, :, :], grid)


def energy(state: Tensor, grid: Sphere) -> Tensor:
    r"""Return the available energy over flat ground [m4 s-4].

    :math:`\tfrac12\langle\varphi\,|u|^2 + (\varphi - \Phi)^2\rangle`: gravity times the total
    energy per area, up to a function of the mass.

    Raises
    ------
    InputError
        If the latitudes are not Legendre-Gauss points, the only ones with an exact wind.
    """
    if grid.axes[0].layout != "gauss":
        raise InputError(
            "the energy needs Legendre-Gauss latitudes; these are of layout "
            f"'{grid.axes[0].layout}'; leave the energy out",
            "layout",
            grid.axes[0].layout,
        )
    latitudes, longitudes = state.shape[-2:]
    sphere = _sphere(latitudes, longitudes, state.device)
    flow = state[..., 1:, :, :].double()
    wind = sphere.wind(sphere.coefficients(flow if grid.axes[0].length < 0 else flow.flip(-2)))
    wind = wind if grid.axes[0].length < 0 else wind.flip(-2)
    anomaly = state[..., 0, :, :]
    return 0.5 * _mean(
        (EARTH.geopotential + anomaly) * wind.square().sum(-3) + anomaly.square(), grid
    )


def potential_enstrophy(state: Tensor, grid: Sphere) -> Tensor:
    r"""Return :math:`\tfrac12\langle(\zeta + f)^2/\varphi\rangle` [m-2]."""
    latitude = torch.from_numpy(grid.latitudes(state.shape[-2])).to(state)
    absolute = state[..., 1, :, :] + 2 * EARTH.rotation * latitude.sin()[:, None]
    return 0.5 * _mean(absolute.square() / (EARTH.geopotential + state[..., 0, :, :]), grid)


SPHERE_INVARIANTS: dict[str, Callable[[Tensor, Sphere], Tensor]] = {
    "mass": mass,
    "energy": energy,
    "potential_enstrophy": potential_enstrophy,
}
"""Name to function of a state on the sphere."""


@lru_cache(maxsize=4)
def _sphere(latitudes: int, longitudes: int, device: torch.device) -> Harmonics:
    return Harmonics(
        min(latitudes, (longitudes + 1) // 2) - 1, EARTH.radius, device, (latitudes, longitudes)
    )


def _mean(values: Tensor, grid: Sphere) -> Tensor:
    return (values * grid.measure(values.shape[-2:], values)).mean((-2, -1))
