"""Data and an equation: the objective of physics-informed neural operators."""

from __future__ import annotations

from collections.abc import Callable

from neurop.geometry.grid import Grid
from neurop.objectives.combined import Combined
from neurop.objectives.regression import Regression
from neurop.objectives.residual import Residual
from neurop.physics.derivatives.derivatives import Derivatives
from neurop.physics.equations.equation import Equation


class Pino(Combined):
    r"""Relative L2 error of the samples with targets, and the residual of an equation on all.

    .. math:: L = \frac{\lVert p - y \rVert}{\lVert y \rVert} + w\, L_R

    with :math:`L_R` of :class:`neurop.objectives.residual.Residual`. The number of samples with
    targets is ``labels`` of the loader.

    Parameters
    ----------
    weight
        Weight w of the residual, 0 or more. Both terms are relative: 1 for a prediction that knows
        nothing.
    gradient
        Factor of the relative error of the gradient in the data term.
    equation, order, derivatives
        As of the residual.

    Raises
    ------
    InputError
        As the parts do.

    Examples
    --------
    >>> Pino(weight=0.1).weights
    {'data': 1.0, 'equation': 0.1}

    References
    ----------
    Li et al., Physics-informed neural operator for learning partial differential equations, 2021,
    arXiv:2111.03794.
    """

    def __init__(
        self,
        weight: float = 1.0,
        gradient: float = 0.0,
        equation: Equation | None = None,
        order: float = 0.0,
        derivatives: Callable[[Grid], Derivatives] | None = None,
    ) -> None:
        parts = {"data": Regression(gradient), "equation": Residual(equation, order, derivatives)}
        super().__init__(parts, {"equation": weight})
