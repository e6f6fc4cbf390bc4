"""What a sharp spectral filter removes from a resolved flow: the stress that a closure models."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.physics.les.strain import UNIT
from neurop.physics.operators import dealias_mask, truncate, velocity


def filter_width(shape: Sequence[int], lengths: Sequence[float] = UNIT) -> float:
    r"""Return the width :math:`\Delta = \pi/k_c` of :func:`sharp_filter`.

    .. math:: k_c = \frac{2\pi}{L}\,\frac{N}{3}, \qquad \Delta = \frac{3L}{2N},

    the geometric mean over the axes: 1.5 times the distance of the points.

    Examples
    --------
    >>> filter_width((32, 32))
    0.046875
    """
    widths = [1.5 * length / n for n, length in zip(shape, lengths, strict=True)]
    return math.prod(widths) ** (1 / len(widths))


def sharp_filter(u: Tensor, shape: tuple[int, int]) -> Tensor:
    r"""Return fields ``(..., x, y)`` on a grid of N points per axis, ``(..., *shape)``.

    The result has the modes :math:`|k_i| < N_i/3`, which the solver on that grid advects.

    Examples
    --------
    >>> x = torch.arange(12, dtype=torch.float64) / 12 * 2 * torch.pi
    >>> u = (x.cos() + (2 * x).cos())[:, None].expand(12, 12)
    >>> [round(abs(float(v)), 6) for v in sharp_filter(u, (4, 4))[:, 0]]  # cos x alone
    [1.0, 0.0, 1.0, 0.0]
    """
    own = (u.shape[-2], u.shape[-1])
    hat = truncate(torch.fft.rfft2(u, norm="forward"), own, shape) * dealias_mask(shape, u.device)
    return torch.fft.irfft2(hat, s=shape, norm="forward")


def subfilter_stress(
    vorticity: Tensor, shape: tuple[int, int], lengths: Sequence[float] = UNIT
) -> Tensor:
    r"""Return the exact stress of the filtered equation on a coarser grid, without its trace.

    .. math:: \tau_{ij} = \overline{u_i u_j} - \overline{\bar u_i \bar u_j}

    with :func:`sharp_filter` as the bar, so that

    .. math:: \overline{-u\cdot\nabla\omega} = \overline{-\bar u\cdot\nabla\bar\omega}
              + \mathrm{curl}\,\mathrm{div}(-\tau)

    holds to rounding for the advection of :mod:`neurop.physics.solvers.vorticity` on either grid.

    Parameters
    ----------
    vorticity
        Vorticity of the resolved flow, ``(..., x, y)``; its modes from N/3 on are left out, as in
        the solver.
    shape
        Grid of the model, with at most as many points per axis.
    lengths
        Sides of the periodic box.

    Returns
    -------
    Tensor
        :math:`(\tau_{11} - \tau_{22})/2` and :math:`\tau_{12}`, ``(..., 2, *shape)``.

    Raises
    ------
    InputError
        If the model's grid has more points than that of `vorticity`.

    References
    ----------
    A. Leonard, Adv. Geophys. 18A (1974) 237, for filtered equations and their stress.
    """
    own = (vorticity.shape[-2], vorticity.shape[-1])
    if any(n > m for n, m in zip(shape, own, strict=True)):
        raise InputError.of("shape", shape, f"use at most the {own} points of the resolved flow")
    resolved = _products(sharp_filter(vorticity, own), lengths)
    modelled = _products(sharp_filter(vorticity, shape), lengths)
    return sharp_filter(resolved, shape) - sharp_filter(modelled, shape)


def _products(vorticity: Tensor, lengths: Sequence[float]) -> Tensor:
    """Return the part of u_i u_j without trace, ``(..., 2, x, y)``."""
    u, v = velocity(vorticity, lengths).unbind(-3)
    return torch.stack([(u - v) * (u + v) / 2, u * v], -3)
