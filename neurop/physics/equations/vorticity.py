"""Two-dimensional incompressible flow in vorticity form."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from neurop.physics.derivatives.derivatives import Derivatives
from neurop.physics.equations.equation import Equation
from neurop.physics.operators import inverse_laplacian


class Vorticity(Equation):
    r"""Vorticity equation of incompressible flow on the periodic unit square.

    .. math:: \partial_t\omega + \nabla\cdot(u\,\omega) = \nu\Delta\omega + f, \qquad
       u = (\partial_y\psi, -\partial_x\psi), \qquad -\Delta\psi = \omega

    Parameters
    ----------
    viscosity
        Viscosity :math:`\nu`; a parameter ``viscosity`` of the samples replaces it.
    strength
        Strength F of the forcing, 0 for none; a parameter ``strength`` of the samples replaces it.
    wavenumber
        Wavenumber k of the forcing :math:`f = F \sin 2\pi k y`; None for :math:`f = F(\sin
        2\pi(x+y) + \cos 2\pi(x+y))`.
    """

    unknowns = ("vorticity",)

    def __init__(
        self, viscosity: float, strength: float = 0.0, wavenumber: int | None = None
    ) -> None:
        self.viscosity, self.strength, self.wavenumber = viscosity, strength, wavenumber

    def residual(
        self, u: Mapping[str, Tensor], d: Derivatives, a: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the residual of the balance of vorticity."""
        w = u["vorticity"]
        nu = a.get("viscosity", self.viscosity)
        potential = -inverse_laplacian(w.movedim(-1, 1), (1.0, 1.0)).movedim(1, -1)
        along = d.inside
        flow = along(potential, "y"), -along(potential, "x")
        carried = sum(d(d.product(v, w), axis) for v, axis in zip(flow, "xy", strict=True))
        spread = nu * (d(w, "x", "x") + d(w, "y", "y"))
        force = a.get("strength", self.strength) * self._shape(w)
        return {"vorticity": d(w, "t") + carried - spread - d(force)}

    def _shape(self, like: Tensor) -> Tensor:
        n, m = like.shape[-3:-1]
        x = torch.arange(n, dtype=like.dtype, device=like.device)[:, None, None] / n
        y = torch.arange(m, dtype=like.dtype, device=like.device)[:, None] / m
        if self.wavenumber is None:
            phase = 2 * math.pi * (x + y)
            force = phase.sin() + phase.cos()
        else:
            force = (2 * math.pi * self.wavenumber * y).sin()
        return force.expand_as(like)
