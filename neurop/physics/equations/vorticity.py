"""Two-dimensional incompressible flow in vorticity form."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor

from neurop.physics.derivatives.derivatives import Derivatives
from neurop.physics.equations.equation import Equation
from neurop.physics.les.subfilter import sharp_filter
from neurop.physics.operators import inverse_laplacian


class Vorticity(Equation):
    r"""Vorticity equation of incompressible flow on the periodic unit square.

    .. math:: \partial_t\omega + \nabla\cdot(u\,\omega) = \nu\Delta\omega + f + c(\omega), \qquad
       u = (\partial_y\psi, -\partial_x\psi), \qquad -\Delta\psi = \omega

    Parameters
    ----------
    viscosity
        Viscosity :math:`\nu`; a parameter ``viscosity`` of the samples replaces it.
    forcing
        Function from the points per side to the force f of strength 1 on the grid; None for none.
    strength
        Factor of the force; a parameter ``strength`` of the samples replaces it.
    closure
        Function c from vorticities to a term, both ``(..., x, y)``, on a grid that does not resolve
        the flow, such as :class:`neurop.physics.les.smagorinsky.Smagorinsky`; None for none. With
        one the equation is that of the modes below a third of the points, those of the solver, and
        the residual has no others.

    Examples
    --------
    >>> from neurop.physics.les.smagorinsky import Smagorinsky
    >>> from neurop.physics.les.subfilter import filter_width
    >>> Vorticity(1e-4, closure=Smagorinsky(0.05, filter_width((32, 32)))).unknowns
    ('vorticity',)
    """

    unknowns = ("vorticity",)

    def __init__(
        self,
        viscosity: float,
        forcing: Callable[[int], Tensor] | None = None,
        strength: float = 1.0,
        closure: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.viscosity, self.forcing, self.strength = viscosity, forcing, strength
        self.closure = closure

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
        found = d(w, "t") + carried - spread
        if self.forcing is not None:
            force = self.forcing(w.shape[-2]).to(w)[..., None].expand_as(w)
            found = found - a.get("strength", self.strength) * d(force)
        if self.closure is not None:
            found = found - d(self.closure(w.movedim(-1, 1)).movedim(1, -1))
            found = sharp_filter(found.movedim(-1, 1), (w.shape[1], w.shape[2])).movedim(1, -1)
        return {"vorticity": found}
