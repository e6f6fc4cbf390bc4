"""The Kuramoto-Sivashinsky equation."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from neurop.physics.derivatives.derivatives import Derivatives
from neurop.physics.equations.equation import Equation


class KuramotoSivashinsky(Equation):
    r"""Kuramoto-Sivashinsky equation :math:`u_t + (u^2/2)_x + u_{xx} + u_{xxxx} = 0`."""

    unknowns = ("velocity",)

    def residual(
        self, u: Mapping[str, Tensor], d: Derivatives, a: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the residual of the balance of momentum."""
        v = u["velocity"]
        linear = d(v, "x", "x") + d(v, "x", "x", "x", "x")
        return {"momentum": d(v, "t") + d(d.product(v, v), "x") / 2 + linear}
