"""Local integral kernel on flat grids.

Source: Liu-Schiaffini et al., Neural Operators with Localized Integral and Differential Kernels,
ICML 2024, arXiv:2402.16845; its basis after Ocampo et al., Scalable and Equivariant Spherical CNNs
by Discrete-Continuous Convolutions, ICLR 2023, arXiv:2209.13603.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.layers.local.stencil_conv import StencilConv
from neurop.spectral import constant_tensor
from neurop.spectral.axis_bases import spacing

RINGS = 2
"""Number of basis functions: hat functions of the distance, the first around the point itself."""
SAMPLES = 8
"""Least number of samples of a kernel per radius."""


class IntegralConv(StencilConv):
    r"""Integral over a ball of fixed physical radius, by a learnt isotropic kernel.

    .. math:: (K v)_o(x) = \int_{|z| < r} \sum_i \kappa_{oi}(z)\, v_i(x + z)\,\mathrm{d}z,
       \qquad \kappa_{oi} = \sum_b \theta_{oib}\, \varphi_b, \qquad \int \varphi_b = 1

    with hat functions :math:`\varphi_b` of the distance, at 0 and r/2, of width r/2. The integral
    is that of the multilinear interpolant of the points, so the layer is of second order in the
    spacing, preserves constants exactly at any resolution, and needs no points inside the ball: on
    a grid coarser than the radius the interpolant is smooth over the ball, and the kernel
    approaches a multiple of the identity. Lengths are fractions of each axis, so the ball is an
    ellipsoid where the axes have different lengths.

    Parameters
    ----------
    in_channels, out_channels
        Number of channels.
    domain
        Flat grid of 1 to 3 axes.
    radius
        Radius r, as a fraction of the domain; above 0, at most 0.5.

    Shape
    -----
    ``(batch, in_channels, *grid)`` to ``(batch, out_channels, *grid)``. Parameter ``weight``:
    ``(out_channels, in_channels, 2)``.

    Raises
    ------
    InputError
        If the radius is not between 0 and 0.5, or an input does not fit axes and channels.

    Examples
    --------
    >>> conv = IntegralConv(1, 1, Grid.periodic(2), radius=0.1)
    >>> _ = nn.init.constant_(conv.weight, 0.5)
    >>> [round(conv(torch.ones(1, 1, *n)).mean().item(), 4) for n in ((4, 4), (64, 20))]
    [1.0, 1.0]
    """

    def __init__(
        self, in_channels: int, out_channels: int, domain: Grid, radius: float = 0.015625
    ) -> None:
        super().__init__(in_channels, out_channels, domain)
        self.radius = check_radius(radius)
        self.weight = nn.Parameter(
            torch.randn(out_channels, in_channels, RINGS) / math.sqrt(RINGS * in_channels)
        )

    def stencil(self, shape: Sequence[int], like: Tensor) -> Tensor:
        """Return the stencil ``(out, in, 2 w_1 + 1, ...)`` of a grid of `shape` points."""
        # In a compiled graph the basis is a constant, so the sizes may not be symbolic.
        steps = tuple(spacing(a, operator.index(n)) for a, n in zip(self.domain.axes, shape))
        basis = _basis(steps, self.radius, like.dtype, like.device)
        return torch.tensordot(self.weight.to(like.dtype), basis, 1)


def check_radius(radius: float) -> float:
    """Return a radius; raise InputError unless it is above 0 and at most 0.5."""
    if not 0 < radius <= 0.5:
        remedy = "give a fraction of the domain above 0, at most 0.5"
        raise InputError.of("radius", radius, remedy)
    return radius


def hats(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return hat functions of a distance in radii, ``(RINGS, *shape)``; all are 0 from 1 on.

    Examples
    --------
    >>> hats(np.array([0, 0.25, 0.5, 1.0])).tolist()
    [[1.0, 0.5, 0.0, 0.0], [0.0, 0.5, 1.0, 0.0]]
    """
    nodes = np.arange(RINGS).reshape(-1, *[1] * distance.ndim)
    return np.clip(1 - np.abs(RINGS * distance - nodes), 0.0, None)


@constant_tensor(maxsize=64)
def _basis(steps: tuple[float, ...], radius: float) -> NDArray[np.float64]:
    (basis,) = _stencils(steps, radius)
    return basis


def _stencils(steps: tuple[float, ...], radius: float) -> tuple[NDArray[np.float64]]:
    """Return the integrals of each hat function times the interpolation weight of each point."""
    places, weights = zip(*(_samples(step / radius) for step in steps))
    distance = np.sqrt(sum(z**2 for z in np.meshgrid(*places, indexing="ij")))
    basis = hats(distance)
    basis /= basis.sum(axis=tuple(range(1, basis.ndim)), keepdims=True)
    for weight in weights:  # each product moves the points of one axis to the end
        basis = np.tensordot(basis, weight, (1, 0))
    return (basis,)


def _samples(step: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places from -1 to 1 at which a kernel is sampled, and their interpolation weights.

    Parameters
    ----------
    step
        Spacing of the grid, in radii.

    Returns
    -------
    places, weights
        ``(P,)`` in radii, and ``(P, 2 w + 1)`` for the points -w .. w around the middle.
    """
    parts = math.ceil(SAMPLES * step)
    count = math.floor(parts / step + 1e-9)
    places = np.asarray(np.arange(-count, count + 1) * (step / parts), np.float64)
    width = math.ceil(1 / step - 1e-9)
    nodes = step * np.arange(-width, width + 1)
    return places, np.clip(1 - np.abs(places[:, None] - nodes) / step, 0.0, None)


# The attribute that torch.compiler.assume_constant_result sets; calling it would import the
# compiler with the library.
_stencils._dynamo_marked_constant = True  # type: ignore[attr-defined]
