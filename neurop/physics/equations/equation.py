"""The interface of equations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from neurop.physics.derivatives.derivatives import Derivatives


class Equation(ABC):
    r"""A partial differential equation, as its residual R(u) = 0.

    A subclass names the unknown functions and writes the residual with the derivatives that it is
    given, ten lines in all.

    Attributes
    ----------
    unknowns
        Names of the unknown fields.

    Examples
    --------
    >>> class Advection(Equation):
    ...     unknowns = ("u",)
    ...
    ...     def residual(self, u, d, a):
    ...         return {"transport": d(u["u"], "t") + 2.0 * d(u["u"], "x")}
    >>> Advection().unknowns
    ('u',)
    """

    unknowns: ClassVar[tuple[str, ...]]

    @abstractmethod
    def residual(
        self, u: Mapping[str, Tensor], d: Derivatives, a: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Return the residuals by name, which vanish for a solution.

        Parameters
        ----------
        u
            Unknown fields by name, ``(batch, *grid)``, in physical units; time is an axis ``t`` of
            the grid, the last one.
        d
            Derivatives; every term goes through it, also one without a derivative: ``d(u)``.
        a
            Known fields and parameters of the samples by name, which broadcast with the unknowns.
        """
