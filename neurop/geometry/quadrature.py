"""Quadrature of points that are not uniform: Legendre-Gauss latitudes, Clenshaw-Curtis."""

from __future__ import annotations

import operator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def gauss_legendre(n: int) -> tuple[Array, Array, Array]:
    r"""Return n latitudes at the roots of the Legendre polynomial :math:`P_n`, and their weights.

    Returns
    -------
    points
        Angles from the first pole as fractions of the half circle, :math:`\theta_j/\pi` with
        :math:`P_n(\cos\theta_j) = 0`, in ascending order.
    area
        Weights of :math:`\tfrac12\int_0^\pi f \sin\theta\,\mathrm{d}\theta`, exact where f is a
        polynomial in :math:`\cos\theta` of degree 2n - 1 at most.
    angle
        Weights of :math:`\tfrac1\pi\int_0^\pi f\,\mathrm{d}\theta`, exact for :math:`\cos k\theta`
        with k < n.

    Examples
    --------
    >>> points, area, angle = gauss_legendre(4)
    >>> points.round(4)
    array([0.1698, 0.3896, 0.6104, 0.8302])
    >>> area.round(4), angle.round(4)
    (array([0.1739, 0.3261, 0.3261, 0.1739]), array([0.3071, 0.1929, 0.1929, 0.3071]))

    References
    ----------
    Abramowitz and Stegun, Handbook of Mathematical Functions, 25.4.29.
    """
    # In a compiled graph the rule is a constant, so the size may not be symbolic.
    points, area, angle = _rule(operator.index(n))
    return points, area, angle


def clenshaw_curtis(n: int) -> Array:
    r"""Return the weights of the mean over [0, 1] at n Chebyshev-Gauss-Lobatto points.

    With :math:`x_j = (1 - \cos\theta_j)/2`, :math:`\theta_j = \pi j/N`, N = n - 1,

    .. math:: w_j = \frac{g_j}{N} \sum_{k=0}^{\lfloor N/2 \rfloor} b_k\,
       \frac{\cos 2 k \theta_j}{1 - 4 k^2}

    where g is 1/2 at both ends, else 1, and b is 1 for 2k = 0 and 2k = N, else 2. The weights are
    positive and of sum 1; the rule integrates the polynomial that interpolates the n values.

    Examples
    --------
    >>> clenshaw_curtis(3).round(6)  # Simpson
    array([0.166667, 0.666667, 0.166667])

    References
    ----------
    Clenshaw and Curtis, A method for numerical integration on an automatic computer, Numerische
    Mathematik 2, 1960; Waldvogel, BIT 46, 2006, equation 2.4.
    """
    last = operator.index(n) - 1
    k = np.arange(last // 2 + 1)
    b = np.where((k == 0) | (2 * k == last), 1.0, 2.0) / (1.0 - 4.0 * k**2)
    weights = np.cos(2 * np.pi / last * (np.outer(np.arange(n), k) % last)) @ b / last
    weights[[0, -1]] *= 0.5
    return np.asarray(weights, np.float64)


def _rule(n: int) -> tuple[Array, ...]:
    return tuple(values.copy() for values in _cached(n))


# The attribute that torch.compiler.assume_constant_result sets; the function would import the
# compiler.
_rule._dynamo_marked_constant = True  # type: ignore[attr-defined]


@lru_cache(maxsize=64)
def _cached(n: int) -> tuple[Array, Array, Array]:
    # Imported here: it takes longer than all other imports of a saved surrogate, which seldom
    # needs it.
    from scipy.special import roots_legendre

    nodes, weights = roots_legendre(n)
    points = np.arccos(-nodes) / np.pi
    mean = np.zeros(n)
    mean[0] = 1.0
    angle = np.linalg.solve(np.cos(np.pi * np.outer(np.arange(n), points)), mean)
    return points, weights / 2, np.asarray(angle, np.float64)
