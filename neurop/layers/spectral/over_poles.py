"""Fields on the sphere continued over the poles: the double Fourier sphere.

Sources: Merilees, The pseudospectral approximation applied to the shallow water equations on a
sphere, Atmosphere 11 (1973) 13-20; as a layer McCabe et al., TMLR 2023, arXiv:2306.10619.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.layers.local.boundary_padding import opposite
from neurop.spectral import constant_tensor


def torus(domain: Grid) -> Grid:
    """Return the doubly periodic grid on which fields of a sphere continue over the poles.

    Raises
    ------
    InputError
        If the domain is not a full sphere of uniform latitudes.

    Examples
    --------
    >>> [axis.length for axis in torus(Grid.latlon()).axes]
    [-360.0, 360.0]
    """
    if not isinstance(domain, Sphere) or not domain.is_whole:
        raise InputError.of("domain", ", ".join(domain.names), "give a full sphere")
    latitude, longitude = domain.axes
    if latitude.layout not in ("ends", "cells"):
        remedy = "latitudes that continue over the poles are uniform, 'ends' or 'cells'; use sfno"
        raise InputError.of("layout", latitude.layout, remedy)
    around = Axis(
        "latitude",
        "periodic",
        latitude.start,
        2 * latitude.length,
        latitude.unit,
        "cells" if latitude.layout == "cells" else "left",
    )
    return Grid((around, longitude))


def torus_shape(domain: Grid, shape: Sequence[int]) -> tuple[int, int]:
    """Return the number of points of the continued fields: each pole is one row.

    Examples
    --------
    >>> torus_shape(Grid.latlon(), (19, 36)), torus_shape(Grid.latlon(poles=False), (18, 36))
    ((36, 36), (36, 36))
    """
    rows, columns = shape
    return 2 * rows - (2 if domain.axes[0].layout == "ends" else 0), columns


def over_poles(x: Tensor, domain: Grid, signs: Tensor | float = 1.0) -> Tensor:
    r"""Return fields continued over the poles, along the meridians opposite.

    .. math:: f(\theta, \lambda) = s\,f(2\pi - \theta,\ \lambda + \pi), \qquad
       \pi < \theta < 2\pi

    for the colatitude. A smooth field continues smoothly, with s = 1 for a scalar and s = -1 for
    both components of a wind, east and north, which turn around where a meridian crosses a pole. On
    a grid with the poles both meridians have a value there, whose mean is taken. An odd number of
    longitudes has no meridian opposite: the two nearest are averaged.

    Parameters
    ----------
    x
        Fields ``(batch, latitude, longitude, channels)``.
    domain
        Their grid, with or without the poles.
    signs
        Sign s, of all channels or of each.

    Returns
    -------
    Tensor
        ``(batch, rows, longitude, channels)`` with the rows of :func:`torus_shape`.

    Examples
    --------
    >>> x = torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1).expand(1, 3, 4, 1)
    >>> over_poles(x, Grid.latlon(poles=False))[0, :, 0, 0].tolist()
    [1.0, 2.0, 3.0, 3.0, 2.0, 1.0]
    >>> over_poles(x, Grid.latlon(), -1.0)[0, :, 0, 0].tolist()  # no wind has one value at a pole
    [0.0, 2.0, 0.0, -2.0]
    """
    turned = signs * opposite(x, 2).flip(1)
    if domain.axes[0].layout == "cells":
        return torch.cat([x, turned], 1)
    rows = x.shape[1]
    poles = [0.5 * (x.narrow(1, i, 1) + turned.narrow(1, rows - 1 - i, 1)) for i in (0, rows - 1)]
    inner = x.narrow(1, 1, rows - 2)
    return torch.cat([poles[0], inner, poles[1], turned.narrow(1, 1, rows - 2)], 1)


@constant_tensor(maxsize=64)
def zonal_cutoff(domain: Sphere, latitudes: int, modes: int, kept: int) -> NDArray[np.float64]:
    r"""Return 1 for the waves along a circle of latitude that it has room for, else 0.

    .. math:: |k| \le (m - 1) \cos\varphi

    A wave has the length of the shortest one at the equator, or more; at a pole k = 0 alone is
    left, so that the field has one value there.

    Parameters
    ----------
    domain
        Sphere.
    latitudes
        Number of its latitudes.
    modes, kept
        Number m of frequencies along the longitude, and of those that are kept.

    Returns
    -------
    ndarray
        ``(latitudes, 2 kept - 1, 1)``, cosines before sines.
    """
    k = np.concatenate([np.arange(kept), np.arange(1, kept)])
    limit = (modes - 1) * np.cos(domain.latitudes(latitudes)) + 1e-9
    return (k <= limit[:, None]).astype(np.float64)[..., None]
