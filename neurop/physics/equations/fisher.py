"""Fisher's equation of reaction and diffusion."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from neurop.physics.derivatives.derivatives import Derivatives
from neurop.physics.equations.equation import Equation


class Fisher(Equation):
    r"""Fisher's equation :math:`u_t - \nu u_{xx} = \rho\, u (1 - u)` of a concentration.

    Parameters
    ----------
    viscosity
        Diffusion constant :math:`\nu`; a parameter ``viscosity`` of the samples replaces it.
    rate
        Rate :math:`\rho` of the reaction; a parameter ``rate`` of the samples replaces it.
    """

    unknowns = ("concentration",)

    def __init__(self, viscosity: float, rate: float) -> None:
        self.viscosity, self.rate = viscosity, rate

    def residual(
        self, u: Mapping[str, Tensor], d: Derivatives, a: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the residual of the balance of the substance."""
        v = u["concentration"]
        nu, rho = a.get("viscosity", self.viscosity), a.get("rate", self.rate)
        growth = rho * (d(v) - d(d.product(v, v)))
        return {"balance": d(v, "t") - nu * d(v, "x", "x") - growth}
