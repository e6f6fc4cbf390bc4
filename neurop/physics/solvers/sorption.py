r"""Diffusion with sorption by Freundlich's isotherm, on an interval.

.. math:: R(u)\,\partial_t u = D\,\partial_x^2 u, \qquad
   R(u) = \frac{d}{du}(u + S u^n) = 1 + S\,n\,u^{n-1}, \qquad
   S = \frac{1 - \phi}{\phi}\,\rho_s k,

so that the dissolved and the sorbed substance :math:`u + S u^n` is conserved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline

from neurop.errors import InputError

Array = NDArray[Any]


@dataclass(frozen=True)
class Sorption:
    r"""Freundlich's isotherm in a porous medium.

    Parameters
    ----------
    porosity
        Porosity :math:`\phi`, above 0 and below 1.
    density
        Bulk density :math:`\rho_s > 0`.
    coefficient
        Freundlich's parameter k > 0.
    exponent
        Freundlich's exponent n, above 0 and at most 1; 1 makes R a constant.

    Raises
    ------
    InputError
        For a value out of its bounds.

    Examples
    --------
    >>> Sorption(exponent=1.0).retardation(np.array([0.1, 1.0])).round(3)
    array([3.468, 3.468])
    """

    porosity: float = 0.29
    density: float = 2880.0
    coefficient: float = 3.5e-4
    exponent: float = 0.874

    def __post_init__(self) -> None:
        if not 0 < self.porosity < 1:
            raise InputError.of("porosity", self.porosity, "use a number above 0 and below 1")
        for name in ("density", "coefficient"):
            if not 0 < getattr(self, name) < np.inf:
                raise InputError.of(name, getattr(self, name), "use a finite number above 0")
        if not 0 < self.exponent <= 1:
            raise InputError.of("exponent", self.exponent, "use a number above 0, at most 1")

    @property
    def strength(self) -> float:
        """Factor S of the sorbed substance."""
        return (1 - self.porosity) / self.porosity * self.density * self.coefficient

    def content(self, u: Array) -> Array:
        """Return the dissolved and the sorbed substance of a concentration u >= 0."""
        return np.asarray(u + self.strength * u**self.exponent)

    def retardation(self, u: Array) -> Array:
        """Return R(u) of a concentration u > 0; it is infinite at 0 for an exponent below 1."""
        return np.asarray(1 + self.strength * self.exponent * u ** (self.exponent - 1))


def solve_sorption(
    start: float,
    diffusion: float,
    sorption: Sorption,
    times: Array,
    x: Array,
    cells: int = 256,
    tolerance: float = 1e-8,
) -> Array:
    r"""Integrate the concentration in 0 < x < 1 from a constant and return it at given times.

    The left end has the concentration 1 and the right end is drained,

    .. math:: u(0, t) = 1, \qquad u(1, t) = -D\,\partial_x u(1, t).

    Finite volumes of second order on N and on 2N cells with the edges
    :math:`(1 - \cos\pi j/N)/2`, dense at both ends, where the start jumps, and their Richardson
    extrapolation :math:`(4u_{2N} - u_N)/3`, of fourth order; in time the backward differences of
    LSODA, of orders up to 5, with steps that its error estimate determines. Between the centres the
    fields are a cubic spline. R is singular at u = 0, which a drained end approaches: it is
    computed of u or :math:`10^{-9}` of the start, whichever is larger.

    Parameters
    ----------
    start
        Initial concentration, above 0 and at most 1.
    diffusion
        Diffusion constant D > 0.
    sorption
        Isotherm, which determines R.
    times
        Times in ascending order, the first one 0.
    x
        Points in ascending order, from 0 to 1.
    cells
        Number N of cells.
    tolerance
        Relative tolerance of the integration.

    Returns
    -------
    NDArray
        ``(time, x)``, float64. At the time 0 it is `start`, also at both ends.

    Raises
    ------
    InputError
        For a start out of its bounds, or if the integration fails.

    Examples
    --------
    >>> times = np.array([0.0, 100.0])
    >>> solve_sorption(0.1, 5e-4, Sorption(), times, np.array([0.1, 0.5])).round(4)
    array([[0.1   , 0.1   ],
           [0.5995, 0.1018]])

    References
    ----------
    Petzold, SIAM J. Sci. Stat. Comput. 4 (1983) 136, for LSODA.
    """
    if not 0 < start <= 1:
        raise InputError.of("start", start, "use a number above 0, at most 1; R is singular at 0")
    fine, coarse = (
        _integrated(start, diffusion, sorption, times, x, n, tolerance) for n in (2 * cells, cells)
    )
    return (4 * fine - coarse) / 3


def _integrated(
    start: float,
    diffusion: float,
    sorption: Sorption,
    times: Array,
    x: Array,
    cells: int,
    tolerance: float,
) -> Array:
    """Return the fields on one number of cells, of second order."""
    edges = (1 - np.cos(np.pi * np.arange(cells + 1) / cells)) / 2
    centres, widths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    # Conductances of the faces between two cells, and of the half cells at the ends; on the right
    # in series with the condition, by which the flux is the concentration at the wall.
    inner = diffusion / np.diff(centres)
    left, right = diffusion / centres[0], 1 / ((1 - centres[-1]) / diffusion + 1)
    diagonal = -np.r_[left, inner] - np.r_[inner, right]
    floor = 1e-9 * start

    def gain(u: Array) -> Array:
        """Return the flux into each cell per width."""
        flux = np.r_[left * (1 - u[0]), -inner * np.diff(u), right * u[-1]]
        return np.asarray(-np.diff(flux) / widths)

    def change(_: float, u: Array) -> Array:
        return np.asarray(gain(u) / sorption.retardation(np.maximum(u, floor)))

    def jacobian(_: float, u: Array) -> Array:
        """Return the three diagonals as LSODA stores them."""
        safe = np.maximum(u, floor)
        r = sorption.retardation(safe)
        slope = (sorption.exponent - 1) * (r - 1) / safe * (u > floor)
        bands = np.zeros((3, cells))
        bands[0, 1:] = inner / (widths * r)[:-1]
        bands[1] = diagonal / (widths * r) - gain(u) * slope / r**2
        bands[2, :-1] = inner / (widths * r)[1:]
        return bands

    found = solve_ivp(
        change,
        (times[0], times[-1]),
        np.full(cells, float(start)),
        "LSODA",
        t_eval=times,
        jac=jacobian,
        lband=1,
        uband=1,
        rtol=tolerance,
        atol=tolerance * start,
    )
    if not found.success or not np.isfinite(found.y).all():
        raise InputError.of("start", start, f"the integration failed: {found.message}")
    u = found.y.T
    both = np.c_[np.ones(len(u)), u, right * u[:, -1]]
    values = np.asarray(CubicSpline(np.r_[0, centres, 1], both, axis=1)(x))
    values[np.asarray(times) == 0] = start
    return values
