r"""Chebyshev polynomials as the basis of an axis.

With :math:`x = (1 + \cos a)/2` they are cosines of the angle a, so the sums and integrals of
:mod:`neurop.spectral.bases` are those of the angle: :math:`n_k = 1 / \langle T_k^2 \rangle` with
the mean over a in :math:`[0, \pi]`, which weighs the ends of the axis by :math:`1/\sqrt{x(1-x)}`.

Source: Trefethen, Spectral Methods in MATLAB, SIAM 2000, chapters 6 and 8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neurop.errors import InputError
from neurop.geometry.axis import Axis
from neurop.spectral.bases import Array, Basis


@dataclass(frozen=True)
class Chebyshev(Basis):
    r"""Polynomials :math:`T_k(2 x - 1) = \cos(k \arccos(2 x - 1))`, k = 0 .. m-1.

    n Chebyshev-Gauss-Lobatto points (layout ``chebyshev``) resolve n of them. The coefficients from
    these points are those of the polynomial of degree n - 1 that interpolates the n values, so that
    synthesis inverts analysis to rounding and polynomials are exact. The error falls with n as
    :math:`\rho^{-n}` for a function that is analytic in the ellipse with foci at both ends and
    semi-axes of sum :math:`\rho/2`. Truncation to m < n modes is near to the best polynomial, but
    no orthogonal projection in :math:`\mathrm{d}x`, under which the polynomials are not orthogonal.

    Examples
    --------
    >>> Chebyshev(3).functions(np.array([0.0, 0.5, 1.0])).round(6).tolist()
    [[1.0, -1.0, 1.0], [1.0, 0.0, -1.0], [1.0, 1.0, 1.0]]
    """

    @property
    def size(self) -> int:
        """Number of functions, m."""
        return self.modes

    def resolved(self, spacing: float) -> int:
        """Return the number of points n whose largest distance, sin(pi / (2 (n-1))), is `spacing`.

        The size is rounded down; it is 0 for a distance above that of two points.
        """
        return math.floor(1 + 0.5 * math.pi / math.asin(spacing) + 1e-6) if spacing <= 1 else 0

    def functions(self, points: Array) -> Array:
        """Return the polynomials at `points`, which are cut to the domain [0, 1]."""
        angle = np.arccos(np.clip(2 * np.asarray(points, np.float64) - 1, -1, 1))
        return np.cos(angle[:, None] * np.arange(self.modes))

    def norms(self) -> Array:
        """Return 1 for the constant and 2 for the rest, as means over the angle."""
        n = np.full(self.modes, 2.0)
        n[0] = 1.0
        return n

    def waves(self) -> tuple[Array, Array]:
        r"""Return the degrees, as frequencies in :math:`\arccos(2 x - 1)`; the phases are 0."""
        return np.arange(self.modes, dtype=np.float64), np.zeros(self.modes)

    def analysis(self, axis: Axis, n: int) -> Array:
        r"""Return the first coefficients of the interpolating polynomial, ``(size, n)``.

        .. math:: c_k = \frac{1}{n-1} \sum_j{}'' f(x_j)\, T_k(2 x_j - 1)

        with both ends halved in the sum (DCT-I), and :math:`c_{n-1}` halved.

        Raises
        ------
        InputError
            If the layout of the axis is not ``chebyshev``.
        """
        self.check_layout(axis)
        j, k = np.arange(n), np.arange(self.modes)[:, None]
        # T_k at point j is cos(k (pi - pi j/(n-1))); whole multiples of it keep the rounding small.
        values = np.cos(math.pi / (n - 1) * (k * (n - 1 - j) % (2 * (n - 1)))) / (n - 1)
        return values * np.where((j == 0) | (j == n - 1), 0.5, 1.0) * np.where(k == n - 1, 0.5, 1.0)

    @staticmethod
    def check_layout(axis: Axis) -> None:
        """Raise InputError unless the layout of an axis is ``chebyshev``."""
        if axis.layout != "chebyshev":
            remedy = f"axis {axis.name}: Chebyshev coefficients need points of layout 'chebyshev'"
            raise InputError.of("layout", axis.layout, remedy)

    def derivative_matrix(self) -> Array:
        r"""Return the matrix from coefficients to those of the derivative in x, ``(size, size)``.

        .. math:: c'_{k-1} = c'_{k+1} + 4 k\, c_k

        with the engine's coefficients :math:`f = \sum_k n_k c_k T_k` and x the fraction of the
        domain: divide by the length of the axis for the derivative in its unit. Exact for the m
        polynomials; rounding grows as :math:`m^2` per derivative, so use float64.

        Examples
        --------
        >>> c = np.array([0.5, 0.25])  # x = 1/2 + T_1 / 2
        >>> Chebyshev(2).derivative_matrix() @ c
        array([1., 0.])
        """
        row, column = np.indices((self.modes, self.modes))
        return np.where((column > row) & ((column - row) % 2 == 1), 4.0 * column, 0.0)

    def collocation_derivative(self) -> Array:
        """Return the matrix from values at m points of layout ``chebyshev`` to those of d/dx there.

        It is synthesis times :meth:`derivative_matrix` times analysis, ``(m, m)``.

        Raises
        ------
        InputError
            If there is only one mode.

        Examples
        --------
        >>> Chebyshev(3).collocation_derivative() @ np.array([0.0, 0.25, 1.0])  # of x squared
        array([0., 1., 2.])
        """
        axis = Axis("x", "open", layout="chebyshev")
        synthesis = self.functions(axis.points(self.modes)) * self.norms()
        return synthesis @ self.derivative_matrix() @ self.analysis(axis, self.modes)
