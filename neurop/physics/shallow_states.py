"""Initial states and topography for the shallow-water equations on the sphere."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor

from neurop.physics.solvers.shallow_water import GRAVITY, ShallowWaterEquations


def random_states(
    water: ShallowWaterEquations, samples: Iterable[int], mach: float, height: float, seed: int = 0
) -> Tensor:
    r"""Draw states of white noise in geopotential, vorticity and divergence, up to truncation L.

    The coefficients of degree 1 and more are independent normal numbers, complex for m > 0, real
    for m = 0, with :math:`E|c_l^m|^2 = 4\pi\sigma^2/(L+1)^2`, which makes the fields isotropic with
    a deviation of about :math:`\sigma` at each point: :math:`\sigma = gh` for the geopotential and
    :math:`\mathrm{Ma}\sqrt\Phi/a` for vorticity and divergence. It is the distribution of
    torch_harmonics.examples.ShallowWaterSolver with the truncation L in place of its fixed limit of
    120 degrees.

    Parameters
    ----------
    water
        Equations, which define truncation, planet and topography; without the noise the surface of
        the water is level.
    samples
        Numbers of the samples; each is determined by the seed and its number.
    mach, height
        Mach number Ma, and height h [m].
    seed
        Seed of the data set.

    Returns
    -------
    Tensor
        ``(len(samples), 3, L + 1, L + 1)``, complex128.
    """
    size, planet = water.truncation + 1, water.planet
    degree, order = np.tril_indices(size)  # degree by degree
    numbers = list(samples)
    states = np.zeros((len(numbers), 3, size, size), np.complex128)
    for row, number in enumerate(numbers):
        noise = ndtri(uniform(seed, number, 6 * len(degree))).reshape(len(degree), 3, 2)
        value = np.where(
            (order == 0)[:, None],
            noise[..., 0],
            (noise[..., 0] + 1j * noise[..., 1]) / math.sqrt(2),
        )
        states[row][:, degree, order] = np.where(degree > 0, value.T, 0)
    sigma = np.array(
        [GRAVITY * height, *[mach * math.sqrt(planet.geopotential) / planet.radius] * 2]
    )
    drawn = torch.from_numpy(states * (math.sqrt(4 * math.pi) / size * sigma)[:, None, None]).to(
        water.ground.device
    )
    drawn[:, 0] -= _uneven(water.ground)
    return drawn


def jet_states(
    water: ShallowWaterEquations, samples: Iterable[int], speed: float, height: float, seed: int = 0
) -> Tensor:
    r"""Return the balanced zonal jet of Galewsky et al., with a different bump in each sample.

    .. math:: u = \tfrac{U}{e_n}\exp\tfrac1{(\theta-\theta_0)(\theta-\theta_1)}\ (\theta_0 < \theta
       < \theta_1), \qquad
              h' = h \cos\theta\; e^{-(\lambda-\lambda_2)^2/\alpha^2 - (\theta-\theta_2)^2/\beta^2}

    with latitude :math:`\theta`, :math:`\theta_0 = \pi/7`, :math:`\theta_1 = \pi/2 - \theta_0`. The
    original bump has :math:`\theta_2 = \pi/4, \alpha = 1/3, \beta = 1/15`; here the centre is
    anywhere along the jet and within 15 degrees of :math:`\pi/4`, both widths are 1 to 2 times and
    the height 0.5 to 1.5 times the original, uniformly.

    Parameters
    ----------
    water
        Equations; the balance includes their topography.
    samples
        Numbers of the samples; each is determined by the seed and its number.
    speed, height
        Speed U [m s-1] of the jet, and height h [m] of the bump; 0 for no bump.
    seed
        Seed of the data set.

    Returns
    -------
    Tensor
        ``(len(samples), 3, L + 1, L + 1)``, complex128.

    References
    ----------
    Galewsky, Scott and Polvani, Tellus A 56 (2004) 429.
    """
    sphere = water.harmonics
    latitude, longitude = sphere.latitude[:, None], sphere.longitude
    south = math.pi / 7
    gap = (latitude - south) * (latitude - (math.pi / 2 - south))
    inside = gap < 0
    jet = torch.where(
        inside,
        speed * torch.exp(1 / torch.where(inside, gap, -1.0) + 4 / (math.pi / 2 - 2 * south) ** 2),
        0.0,
    )
    zonal = balanced(water, jet.expand(sphere.shape))
    states = []
    for number in samples:
        where, north, width, tall = uniform(seed, number, 4)
        apart = torch.remainder(longitude - 2 * math.pi * where + math.pi, 2 * math.pi) - math.pi
        away = latitude - (math.pi / 4 + math.pi / 12 * (2 * north - 1))
        bump = latitude.cos() * torch.exp(
            -((apart * 3 / (1 + width)) ** 2) - (away * 15 / (1 + width)) ** 2
        )
        state = zonal.clone()
        state[0] += sphere.coefficients(GRAVITY * height * (0.5 + tall) * bump)
        states.append(state)
    return torch.stack(states)


def zonal_bands(water: ShallowWaterEquations, speed: float, count: int) -> Tensor:
    r"""Return the balanced state of alternating zonal winds, :math:`u = U\cos(n\theta)\cos\theta`.

    n is even, so the wind is smooth at the poles; the band at the equator is eastward for U > 0.
    Westward bands are barotropically unstable where their curvature exceeds the gradient of the
    Coriolis parameter, about :math:`U n^2 > 2\Omega a` (Kuo, J. Meteor. 6 (1949) 105).

    Parameters
    ----------
    water
        Equations without forcing; the balance includes their topography.
    speed, count
        Speed U [m s-1], and number n of bands.

    Returns
    -------
    Tensor
        ``(3, L + 1, L + 1)``, complex128.
    """
    latitude = water.harmonics.latitude[:, None]
    return balanced(
        water, (speed * (count * latitude).cos() * latitude.cos()).expand(water.harmonics.shape)
    )


def balanced(water: ShallowWaterEquations, eastward: Tensor) -> Tensor:
    r"""Return the steady state of a zonal wind [m s-1] on the grid of `water`, of mean depth.

    .. math:: \Delta(\varphi + \varphi_s + u^2/2) = k\cdot\nabla\times((\zeta + f)\,u)

    in the truncated space.
    """
    sphere = water.harmonics
    vorticity, divergence = sphere.curl_and_divergence(
        torch.stack([eastward, torch.zeros_like(eastward)])
    )
    state = torch.stack([torch.zeros_like(vorticity), vorticity, 0 * divergence])
    forcing = water.slow(state[None])[0, 2]
    state[0] = torch.where(sphere.laplacian == 0, 0.0, forcing / sphere.laplacian)
    return state


def mountains(
    water: ShallowWaterEquations, height: float, seed: int = 0, number: int = 0, count: int = 4
) -> Tensor:
    r"""Return the geopotential of Gaussian mountains as coefficients ``(l, m)``.

    :math:`g\,h_i e^{-d^2/r_i^2}` with the angle d from a centre drawn uniformly on the sphere,
    :math:`r_i` from 0.2 to 0.4 (1300 to 2500 km) and :math:`h_i` from half the `height` [m] to all
    of it. They are determined by the seed and the `number` of the sample.
    """
    sphere = water.harmonics
    sine, cosine = sphere.latitude.sin()[:, None], sphere.latitude.cos()[:, None]
    ground = torch.zeros(sphere.shape, dtype=torch.float64, device=sine.device)
    for height_i, radius, north, east in uniform(seed, number, 4 * count, stream=1).reshape(
        count, 4
    ):
        up = 2 * north - 1
        angle = (
            sine * up
            + cosine * math.sqrt(1 - up**2) * (sphere.longitude - 2 * math.pi * east).cos()
        )
        distance = angle.clamp(-1, 1).arccos()
        ground += (
            GRAVITY
            * height
            * (0.5 + 0.5 * height_i)
            * torch.exp(-((distance / (0.2 + 0.2 * radius)) ** 2))
        )
    return sphere.coefficients(ground)


def uniform(seed: int, number: int, count: int, stream: int = 0) -> NDArray[np.float64]:
    """Return numbers in (0, 1) from raw generator bits, which NumPy does not change by version."""
    raw = np.random.PCG64(np.random.SeedSequence([seed, number, stream])).random_raw(count)
    return np.asarray(((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53)


def _uneven(ground: Tensor) -> Tensor:
    """Return the topography without its mean, so that the mean depth of the water is unchanged."""
    uneven = ground.clone()
    uneven[0, 0] = 0
    return uneven
