"""Rotating shallow water on the sphere, in spherical harmonics."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from neurop.physics.harmonics import Harmonics
from neurop.physics.solvers.steppers import ETDRK4

GRAVITY = 9.80616
RADIUS = 6.37122e6
ROTATION = 7.292e-5


@dataclass(frozen=True)
class Planet:
    """A rotating sphere with a layer of water: the Earth and 10 km by default.

    Parameters
    ----------
    radius
        Radius a [m].
    rotation
        Angular velocity [s-1].
    geopotential
        Mean of the layer's geopotential, gravity times depth [m2 s-2].
    """

    radius: float = RADIUS
    rotation: float = ROTATION
    geopotential: float = GRAVITY * 1e4

    def wave_frequency(self, degree: int) -> float:
        r"""Return the frequency of gravity waves at rest, :math:`\sqrt{\Phi\,l(l+1)}/a` [s-1]."""
        return math.sqrt(self.geopotential * degree * (degree + 1)) / self.radius


class ShallowWaterEquations:
    r"""The shallow-water equations in vorticity-divergence form, truncated at a degree.

    .. math:: \partial_t\zeta &= -\nabla\cdot((\zeta + f)\,u) - \nu\zeta \\
              \partial_t\delta &= k\cdot\nabla\times((\zeta + f)\,u)
                - \Delta(\varphi + \varphi_s + \tfrac12|u|^2) - \nu\delta \\
              \partial_t\varphi &= -\nabla\cdot(\varphi\,u)

    and, if the flow is forced, an additional :math:`-(X - X_*)/T` for each of the three fields X,
    with the geopotential :math:`\varphi` of the water's depth, :math:`\varphi_s` of the topography
    and the hyperdiffusion :math:`\nu = \tau^{-1}\,(l(l+1)/L(L+1))^4`. The products are formed on
    enough Legendre-Gauss points that quadratic terms are free of aliases. A state consists of the
    coefficients of :math:`(\varphi - \Phi, \zeta, \delta)`, shape ``(sample, 3, l, m)``.

    Gravity waves are solved exactly: with :math:`\kappa = \sqrt{l(l+1)/\Phi}/a` the variables
    :math:`\delta \pm i\kappa\varphi` oscillate with the frequency :math:`\mp\kappa\Phi`, and ETDRK4
    integrates the remaining terms with fourth order in time.

    Parameters
    ----------
    truncation
        Largest degree and order L.
    planet
        Radius, rotation, mean depth.
    ground
        Geopotential of the topography [m2 s-2]: coefficients ``(l, m)``; None for a smooth sphere.
    diffusion_time
        Time :math:`\tau` [s] in which the smallest scale decays by e.
    target, relaxation_time
        State :math:`X_*` to which the forcing relaxes, coefficients ``(3, l, m)``, or None for a
        flow without forcing; and the relaxation time T [s].
    device
        Device of the computation, in float64.

    Examples
    --------
    >>> water = ShallowWaterEquations(10)
    >>> still = torch.zeros(1, 3, 11, 11, dtype=torch.complex128)
    >>> bool((water.advance(still, 600.0, 2) == 0).all())
    True

    References
    ----------
    Williamson et al., J. Comput. Phys. 102 (1992) 211; torch_harmonics.examples.ShallowWaterSolver,
    whose equations and hyperdiffusion these are; Cox and Matthews, J. Comput. Phys. 176 (2002) 430.
    """

    def __init__(
        self,
        truncation: int,
        planet: Planet | None = None,
        ground: Tensor | None = None,
        diffusion_time: float = 7200.0,
        target: Tensor | None = None,
        relaxation_time: float = 864000.0,
        device: torch.device | None = None,
    ) -> None:
        self.truncation, self.planet = truncation, planet or Planet()
        self.harmonics = Harmonics(truncation, self.planet.radius, device)
        laplacian = self.harmonics.laplacian
        self.coriolis = 2 * self.planet.rotation * self.harmonics.latitude.sin()[:, None]
        self.ground = (
            torch.zeros_like(laplacian).expand(-1, truncation + 1)
            if ground is None
            else ground.to(laplacian.device)
        )
        self.target, self.relaxation_time = target, relaxation_time
        self.damping = (laplacian / laplacian[-1]) ** 4 / diffusion_time
        # The mean does not oscillate; any factor except 0 represents it in the two variables.
        self._kappa = torch.where(
            laplacian == 0, 1.0, (-laplacian / self.planet.geopotential).sqrt()
        )
        turning = (-laplacian * self.planet.geopotential).sqrt()
        # The half of the damping that is equal for both waves is integrated exactly; the other half
        # is part of the nonlinear terms.
        waves = torch.complex(-self.damping / 2, -turning)
        self._linear = torch.stack([waves, torch.complex(-self.damping, 0 * turning), waves.conj()])

    def over(self, ground: Tensor) -> ShallowWaterEquations:
        """Return the equations over another topography, coefficients ``(l, m)``."""
        other = copy(self)
        other.ground = ground
        return other

    def relaxed(self, target: Tensor, relaxation_time: float) -> ShallowWaterEquations:
        """Return the equations with a relaxation to a state, coefficients ``(3, l, m)``."""
        other = copy(self)
        other.target, other.relaxation_time = target, relaxation_time
        return other

    def advance(self, state: Tensor, dt: float, steps: int) -> Tensor:
        """Return the state `steps` steps of `dt` seconds later."""
        stepper = ETDRK4(self._linear, self._rest, dt, state.dtype)
        return self._fields(stepper.advance(self._waves(state), steps))

    def tendency(self, state: Tensor) -> Tensor:
        """Return the time derivative of a state."""
        slow = self.slow(state)
        geopotential, vorticity, divergence = state.unbind(1)
        return slow + torch.stack(
            [
                -self.planet.geopotential * divergence,
                -self.damping * vorticity,
                -self.harmonics.laplacian * geopotential - self.damping * divergence,
            ],
            1,
        )

    def slow(self, state: Tensor) -> Tensor:
        """Return the time derivative without gravity waves at rest and damping."""
        wind = self.harmonics.wind(state[:, 1:])
        geopotential, vorticity = self.harmonics.values(state[:, :2]).unbind(1)
        fluxes = torch.stack(
            [wind * geopotential[:, None], wind * (vorticity + self.coriolis)[:, None]], 1
        )
        curl, outflow = self.harmonics.curl_and_divergence(fluxes).unbind(2)
        pressure = self.harmonics.coefficients(wind.square().sum(1) / 2) + self.ground
        flow = torch.stack(
            [-outflow[:, 0], -outflow[:, 1], curl[:, 1] - self.harmonics.laplacian * pressure], 1
        )
        return flow if self.target is None else flow + (self.target - state) / self.relaxation_time

    def _rest(self, waves: Tensor) -> Tensor:
        rest = self._waves(self.slow(self._fields(waves)))
        coupling = -self.damping / 2 * waves[:, ::2].flip(1)
        rest[:, ::2] += coupling
        return rest

    def _waves(self, state: Tensor) -> Tensor:
        geopotential, vorticity, divergence = state.unbind(1)
        turned = 1j * self._kappa * geopotential
        return torch.stack([divergence + turned, vorticity, divergence - turned], 1)

    def _fields(self, waves: Tensor) -> Tensor:
        first, vorticity, second = waves.unbind(1)
        return torch.stack(
            [(first - second) / (2j * self._kappa), vorticity, (first + second) / 2], 1
        )
