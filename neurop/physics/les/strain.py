"""Strain of a two-dimensional flow, and the curl of the divergence of a stress.

A symmetric tensor without trace has two components, ``(T11, T12)`` along the axis before the grid,
since T22 = -T11. Half spectra have the layout of :func:`torch.fft.rfft2`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurop.physics.operators import invert, laplacian_symbol, wavenumbers

UNIT = (1.0, 1.0)


def strain_symbol(
    shape: Sequence[int],
    lengths: Sequence[float] = UNIT,
    dtype: torch.dtype = torch.float64,
    device: torch.device | None = None,
) -> Tensor:
    r"""Return the symbol that maps the stream function to the strain, ``(2, *half grid)``.

    .. math:: \hat S_{11} = -k_x k_y\,\hat\psi, \qquad
              \hat S_{12} = \tfrac12 (k_x^2 - k_y^2)\,\hat\psi

    Examples
    --------
    >>> strain_symbol((4, 4), (6.283185307179586,) * 2)[:, 1, 1].tolist()  # kx = ky = 1
    [-1.0, 0.0]
    """
    kx, ky = wavenumbers(shape, lengths, dtype, device)
    return torch.stack([-kx * ky, (kx**2 - ky**2) / 2])


def strain_rate(vorticity: Tensor, lengths: Sequence[float] = UNIT) -> Tensor:
    r"""Return the strain of the flow of a vorticity ``(..., x, y)``, as ``(..., 2, x, y)``.

    .. math:: S_{11} = \partial_x u, \qquad S_{12} = \tfrac12(\partial_y u + \partial_x v)

    with the velocity of :func:`neurop.physics.operators.velocity`.

    Examples
    --------
    >>> y = torch.arange(8, dtype=torch.float64) / 8 * 2 * torch.pi
    >>> lengths = (2 * torch.pi, 2 * torch.pi)
    >>> s = strain_rate(-y.cos().expand(8, 8), lengths)  # u = sin y
    >>> bool(torch.allclose(s[1], y.cos() / 2)), bool(s[0].abs().max() < 1e-12)
    (True, True)
    """
    shape = vorticity.shape[-2:]
    place = vorticity.dtype, vorticity.device
    symbol = -invert(laplacian_symbol(shape, lengths, *place)) * strain_symbol(
        shape, lengths, *place
    )
    return torch.fft.irfft2(symbol * torch.fft.rfft2(vorticity).unsqueeze(-3), s=shape)


def magnitude(strain: Tensor) -> Tensor:
    r"""Return :math:`|S| = (2 S_{ij} S_{ij})^{1/2}` of a strain ``(..., 2, x, y)``.

    Its gradient is 0 where the strain is.
    """
    # Ten times as fast as torch.linalg.vector_norm over an axis that is not the last.
    square = 4 * strain.square().sum(-3)
    moving = square > 0
    return torch.where(moving, torch.where(moving, square, 1.0).sqrt(), 0.0)


def curl_of_divergence(stress: Tensor, lengths: Sequence[float] = UNIT) -> Tensor:
    r"""Return the vorticity tendency of the force :math:`f_i = \partial_j T_{ij}`.

    .. math:: \partial_x f_2 - \partial_y f_1
              = (\partial_x^2 - \partial_y^2)\,T_{12} - 2\,\partial_x\partial_y\,T_{11}

    Of :math:`T = 2\nu S` with a constant viscosity it is :math:`\nu\Delta\omega`.

    Parameters
    ----------
    stress
        Symmetric tensor T without trace, ``(..., 2, x, y)``.
    lengths
        Sides of the periodic box.

    Returns
    -------
    Tensor
        ``(..., x, y)``.

    Examples
    --------
    >>> x = torch.arange(8, dtype=torch.float64) / 8 * 2 * torch.pi
    >>> w, lengths = x.sin()[:, None] * x.cos(), (2 * torch.pi, 2 * torch.pi)
    >>> bool(torch.allclose(curl_of_divergence(2 * strain_rate(w, lengths), lengths), -2 * w))
    True
    """
    shape = stress.shape[-2:]
    symbol = strain_symbol(shape, lengths, stress.dtype, stress.device)
    return torch.fft.irfft2(-2 * (symbol * torch.fft.rfft2(stress)).sum(-3), s=shape)


def dissipation(stress: Tensor, strain: Tensor) -> Tensor:
    r"""Return :math:`-\langle\tau_{ij} S_{ij}\rangle`, the rate at which a stress takes energy.

    Parameters
    ----------
    stress, strain
        Tensors :math:`\tau` and S without trace, ``(..., 2, x, y)``.

    Returns
    -------
    Tensor
        ``(...)``, per area and time; below 0 the stress gives energy to the flow (backscatter).
    """
    return -2 * (stress * strain).sum(-3).mean((-2, -1))
