r"""Associated Legendre functions and integrals over latitude, for every layout from pole to pole.

The angle :math:`\theta` runs from 0 at the first end of the axis to :math:`\pi` at the other.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.geometry.axis import Axis, Layout
from neurop.geometry.quadrature import gauss_legendre

Array = NDArray[np.float64]


def legendre(degrees: int, orders: int, angles: Array) -> Array:
    r"""Return the associated Legendre functions of orthonormal spherical harmonics.

    .. math:: \bar P_l^m(\theta) = \sqrt{\frac{2l+1}{4\pi}\frac{(l-m)!}{(l+m)!}}\,\sin^m\theta\,
              \frac{\mathrm{d}^m P_l(x)}{\mathrm{d}x^m}\Big|_{x=\cos\theta}, \qquad
              2\pi\int_0^\pi \bar P_l^m \bar P_{l'}^m \sin\theta\,\mathrm{d}\theta = \delta_{ll'}

    They do not contain the Condon-Shortley phase. The recursion over the degree at fixed order is
    stable in float64 up to about degree 1500, where the first terms of the highest orders
    underflow.

    Parameters
    ----------
    degrees, orders
        Numbers of degrees l < degrees and of orders m < orders; the functions are 0 where l < m.
    angles
        Angles :math:`\theta`, shape ``(points,)``.

    Returns
    -------
    ndarray
        ``(orders, degrees, points)``.

    Examples
    --------
    >>> p = legendre(3, 2, np.array([0.0, np.pi / 2])) * np.sqrt(4 * np.pi)
    >>> p[0].round(4)  # 1, sqrt(3) cos, sqrt(5) (3 cos^2 - 1) / 2
    array([[ 1.    ,  1.    ],
           [ 1.7321,  0.    ],
           [ 2.2361, -1.118 ]])

    References
    ----------
    Holmes and Featherstone, Journal of Geodesy 76 (2002) 279, equations 11 to 13.
    """
    x, sine = np.cos(angles), np.sin(angles)
    p = np.zeros((orders, degrees, len(angles)))
    p[0, 0] = math.sqrt(0.25 / math.pi)
    for m in range(1, min(orders, degrees)):
        p[m, m] = math.sqrt(1 + 0.5 / m) * sine * p[m - 1, m - 1]
    for degree in range(1, degrees):
        rows = slice(min(degree, orders))
        order = np.arange(min(degree, orders))[:, None]
        step = x * p[rows, degree - 1]
        if degree > 1:
            step -= (
                np.sqrt(((degree - 1) ** 2 - order**2) / (4 * (degree - 1) ** 2 - 1))
                * p[rows, degree - 2]
            )
        p[rows, degree] = np.sqrt((4 * degree**2 - 1) / (degree**2 - order**2)) * step
    return p


def legendre_gradient(degrees: int, orders: int, angles: Array) -> tuple[Array, Array]:
    r"""Return :math:`\mathrm{d}\bar P_l^m / \mathrm{d}\theta`, :math:`m \bar P_l^m / \sin\theta`.

    .. math:: \sin\theta\,\mathrm{d}\bar P_l^m/\mathrm{d}\theta = l\cos\theta\,\bar P_l^m -
       \sqrt{(2l+1)(l^2-m^2)/(2l-1)}\,\bar P_{l-1}^m

    Parameters and shapes are those of :func:`legendre`, with no angle at a pole.
    """
    p, sine = legendre(degrees, orders, angles), np.sin(angles)
    m, degree = np.arange(orders)[:, None, None], np.arange(degrees)[:, None]
    slope = degree * np.cos(angles) * p
    below = np.sqrt(
        (2 * degree[1:] + 1) * np.maximum(degree[1:] ** 2 - m**2, 0) / (2 * degree[1:] - 1)
    )
    slope[:, 1:] -= below * p[:, :-1]
    return slope / sine, m * p / sine


def degrees_resolved(layout: Layout, n: int) -> int:
    """Return the number of degrees that n latitudes resolve: n, or n - 1 if one is a pole.

    Examples
    --------
    >>> degrees_resolved("gauss", 64), degrees_resolved("ends", 73)
    (64, 72)
    """
    return max(n - (layout in ("ends", "left")), 1)


def latitude_weights(layout: Layout, n: int) -> Array:
    r"""Return the weights, of sum 1, of :math:`\tfrac12\int_0^\pi f \sin\theta\,\mathrm{d}\theta`.

    They are exact for polynomials in :math:`\cos\theta` of degree 2n - 1 (``gauss``: Gauss), n - 1
    (``ends``: Clenshaw and Curtis; ``cells``: Fejer's first rule) or n - 2 (``left``).

    Examples
    --------
    >>> latitude_weights("ends", 3).round(6)  # Simpson
    array([0.166667, 0.666667, 0.166667])
    """
    area = gauss_legendre(n)[1]
    return area if layout == "gauss" else np.asarray(area @ _to_gauss(layout, n, odd=False))


def latitude_analysis(layout: Layout, n: int, degrees: int, orders: int) -> Array:
    r"""Return the matrices of :math:`2\pi\int_0^\pi f \bar P_l^m \sin\theta\,\mathrm{d}\theta`.

    The values at n latitudes are interpolated by cosines (even m) or sines (odd m) of the latitude,
    whose span contains the spherical harmonics, and the interpolant is integrated exactly. So the
    integrals of every field of the resolved degrees are exact (:func:`degrees_resolved`);
    quadrature weights at equidistant points are exact for half as many degrees (Driscoll and Healy,
    1994).

    Parameters
    ----------
    layout, n
        Layout and number of the latitudes.
    degrees, orders
        Numbers of degrees and orders, as for :func:`legendre`.

    Returns
    -------
    ndarray
        ``(orders, degrees, n)``.

    References
    ----------
    Swarztrauber, On the spectral approximation of discrete scalar and vector functions on the
    sphere, SIAM J. Numer. Anal. 16 (1979) 934.
    """
    points, area, _ = gauss_legendre(n)
    found = 4 * math.pi * area * legendre(degrees, orders, np.pi * points)
    if layout != "gauss":
        for odd in range(min(orders, 2)):
            found[odd::2] = found[odd::2] @ _to_gauss(layout, n, bool(odd))
    return found


def check_sphere(latitude: Axis, longitude: Axis) -> None:
    """Raise InputError unless the axes extend from pole to pole and around the sphere."""
    for axis, extent in ((latitude, 180.0), (longitude, 360.0)):
        degrees = abs(np.rad2deg(axis.length) if axis.unit.startswith("rad") else axis.length)
        if abs(degrees - extent) > 1e-3:
            raise InputError(
                f"{axis.name} spans {degrees:g} degrees; spherical harmonics need {extent:g}, use "
                "a planar model such as fno",
                "axis",
                axis.name,
            )


def _to_gauss(layout: Layout, n: int, odd: bool) -> Array:
    """Return the matrix of trigonometric interpolation from n latitudes to n Gauss latitudes."""
    points = Axis("latitude", "open", layout=layout).points(n)
    # Sines vanish at a pole that is among the points; for every other pole, one cosine fewer can be
    # distinguished from the others.
    first, last = (
        (1, n - (layout == "left") - 2 * (layout == "ends"))
        if odd
        else (0, n - 1 - (layout == "left"))
    )
    waves, function = np.pi * np.arange(first, max(last, first) + 1), np.sin if odd else np.cos
    known, wanted = (function(np.outer(at, waves)) for at in (points, gauss_legendre(n)[0]))
    return np.asarray(wanted @ np.linalg.pinv(known))
