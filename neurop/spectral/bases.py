r"""Bases of one axis, as explicit sets of real functions on the domain [0, 1].

A basis is sampled anywhere; with quadrature weights :math:`w_j` at points :math:`x_j` its analysis
is :math:`c_k = \sum_j w_j f(x_j) \varphi_k(x_j)` and its synthesis :math:`f(x) = \sum_k n_k c_k
\varphi_k(x)` with :math:`n_k = 1 / \int \varphi_k^2`. On the uniform grids of
:mod:`neurop.geometry.grid` that fit the basis the functions below the Nyquist frequency are
orthogonal in the discrete sum too, so that synthesis inverts analysis to rounding. On
Legendre-Gauss latitudes no weights make them orthogonal; there :math:`c_k` of the cosine and sine
bases is that of the sum of n functions that interpolates the n values, which has the same inverse.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.geometry.axis import Axis

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Basis(ABC):
    """Basis functions of one axis: a hashable value, by which the engine caches its matrices.

    Parameters
    ----------
    modes
        Number of modes, at least 1.

    Raises
    ------
    InputError
        If `modes` is below 1.
    """

    modes: int
    shift: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        if self.modes < 1:
            raise InputError.of("modes", self.modes, "at least 1 mode per axis is needed")

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of real functions."""

    @abstractmethod
    def resolved(self, spacing: float) -> int:
        """Return the number of modes strictly below the Nyquist frequency of points `spacing`."""

    @abstractmethod
    def functions(self, points: Array) -> Array:
        """Return the functions at `points`, shape ``(points, size)``."""

    @abstractmethod
    def norms(self) -> Array:
        r"""Return :math:`1 / \int \varphi_k^2`, shape ``(size,)``."""

    @abstractmethod
    def waves(self) -> tuple[Array, Array]:
        r"""Return :math:`\omega_k` and :math:`\phi_k` of the functions as waves, ``(size,)`` each.

        .. math:: \varphi_k(x) = \cos(\omega_k\, a(x) - \phi_k)

        with a(x) = x + s and the shift s; for polynomials a(x) is an angle.
        """

    def analysis(self, axis: Axis, n: int) -> Array:
        r"""Return :math:`A_{kj} = w_j \varphi_k(x_j)` at the n points of an axis, ``(size, n)``."""
        return (self.functions(axis.points(n)) * axis.weights(n)[:, None]).T


@dataclass(frozen=True)
class Fourier(Basis):
    r"""Real Fourier basis of the frequencies :math:`|k| < m`.

    Functions in the order :math:`1, \cos\theta, \dots, \cos(m-1)\theta, \sin\theta, \dots,
    \sin(m-1)\theta` with :math:`\theta = 2\pi x / \text{period}`.

    Parameters
    ----------
    modes
        Number m of frequencies k >= 0.
    period
        Period in domain lengths. Above 1 the domain is padded with zeros: a convolution wraps
        around only beyond that margin ("fractional padding").

    Raises
    ------
    InputError
        If `modes` or `period` is below 1.

    Examples
    --------
    >>> Fourier(3).size
    5
    """

    period: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.period < 1:
            raise InputError.of(
                "period", self.period, "shorter than the domain; use 1 (periodic) or more (padding)"
            )

    @property
    def size(self) -> int:
        """Number of real functions, 2 m - 1."""
        return 2 * self.modes - 1

    def resolved(self, spacing: float) -> int:
        """Return the number of k >= 0 with k / period < 1 / (2 spacing)."""
        return _below(self.period / (2 * spacing))

    def functions(self, points: Array) -> Array:
        """Return cosines, then sines, at `points`."""
        angle = (
            (2 * math.pi / self.period)
            * np.asarray(points, np.float64)[:, None]
            * np.arange(self.modes)
        )
        return np.concatenate([np.cos(angle), np.sin(angle[:, 1:])], axis=1)

    def norms(self) -> Array:
        """Return 1 for the constant and 2 for the rest, per period."""
        n = np.full(self.size, 2.0 / self.period)
        n[0] = 1.0 / self.period
        return n

    def waves(self) -> tuple[Array, Array]:
        """Return frequencies and phases of cosines, then of sines."""
        k = (2 * math.pi / self.period) * np.arange(self.modes)
        phases = np.repeat([0.0, math.pi / 2], [self.modes, self.modes - 1])
        return np.concatenate([k, k[1:]]), phases


@dataclass(frozen=True)
class Cosine(Basis):
    r"""Functions :math:`\cos \pi k (x + s)`, k = 0 .. m-1: even continuation (Neumann).

    Parameters
    ----------
    modes
        Number m of functions.
    shift
        Shift s of the points of symmetry, to -s and 1 - s. For points j/n without the far end the
        cosines are orthogonal only for s = 1/(2n).

    Examples
    --------
    >>> Cosine(2).functions(np.array([0.0, 0.5, 1.0])).round(6)[:, 1]
    array([ 1.,  0., -1.])
    """

    shift: float = 0.0  # type: ignore[misc]

    @property
    def size(self) -> int:
        """Number of functions, m."""
        return self.modes

    def resolved(self, spacing: float) -> int:
        """Return the number of k >= 0 with k / 2 < 1 / (2 spacing)."""
        return _below(1 / spacing)

    def functions(self, points: Array) -> Array:
        """Return the cosines at `points`."""
        return np.cos(
            math.pi * (np.asarray(points, np.float64)[:, None] + self.shift) * np.arange(self.modes)
        )

    def norms(self) -> Array:
        """Return 1 for the constant and 2 for the rest."""
        n = np.full(self.modes, 2.0)
        n[0] = 1.0
        return n

    def waves(self) -> tuple[Array, Array]:
        """Return the frequencies; the phases are 0."""
        return math.pi * np.arange(self.modes, dtype=np.float64), np.zeros(self.modes)


@dataclass(frozen=True)
class Sine(Basis):
    r"""Functions :math:`\sin \pi k x`, k = 1 .. m: odd continuation (Dirichlet).

    Examples
    --------
    >>> Sine(1).functions(np.array([0.0, 0.5, 1.0])).round(6)[:, 0]
    array([0., 1., 0.])
    """

    @property
    def size(self) -> int:
        """Number of functions, m."""
        return self.modes

    def resolved(self, spacing: float) -> int:
        """Return the number of k >= 1 with k / 2 < 1 / (2 spacing)."""
        return max(_below(1 / spacing) - 1, 0)

    def functions(self, points: Array) -> Array:
        """Return the sines at `points`."""
        return np.sin(
            math.pi * np.asarray(points, np.float64)[:, None] * np.arange(1, self.modes + 1)
        )

    def norms(self) -> Array:
        """Return 2 throughout."""
        return np.full(self.modes, 2.0)

    def waves(self) -> tuple[Array, Array]:
        """Return the frequencies, and the phase of a sine."""
        k = np.arange(1, self.modes + 1, dtype=np.float64)
        return math.pi * k, np.full(self.modes, math.pi / 2)


def _below(limit: float) -> int:
    """Count the integers 0 <= k < limit; the margin absorbs the rounding of a quotient."""
    return max(math.ceil(limit - 1e-9), 0)
