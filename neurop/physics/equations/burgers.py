"""The viscous Burgers equation."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from neurop.physics.derivatives.derivatives import Derivatives
from neurop.physics.equations.equation import Equation


class Burgers(Equation):
    r"""Burgers equation :math:`u_t + (u^2/2)_x = \nu u_{xx}` of a velocity.

    Parameters
    ----------
    viscosity
        Viscosity :math:`\nu`; a parameter ``viscosity`` of the samples replaces it.
    """

    unknowns = ("velocity",)

    def __init__(self, viscosity: float) -> None:
        self.viscosity = viscosity

    def residual(
        self, u: Mapping[str, Tensor], d: Derivatives, a: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the residual of the balance of momentum."""
        v = u["velocity"]
        nu = a.get("viscosity", self.viscosity)
        return {"momentum": d(v, "t") + d(d.product(v, v), "x") / 2 - nu * d(v, "x", "x")}
