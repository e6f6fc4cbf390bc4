"""Steady Darcy flow."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from neurop.physics.derivatives.derivatives import Derivatives
from neurop.physics.equations.equation import Equation


class Darcy(Equation):
    r"""Darcy flow :math:`-\nabla\cdot(a \nabla u) = f` in a medium of permeability a.

    Parameters
    ----------
    source
        Source f, constant in space.
    """

    unknowns = ("pressure",)

    def __init__(self, source: float = 1.0) -> None:
        self.source = source

    def residual(
        self, u: Mapping[str, Tensor], d: Derivatives, a: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the residual of the balance of mass."""
        flux = d.diffusion(a["permeability"], u["pressure"], "x", "y")
        return {"mass": -flux - d(torch.full_like(u["pressure"], self.source))}
