"""Spectral calculus on periodic boxes: derivatives, inverse Laplacian, velocity, dealiasing.

All functions act on the trailing axes, one per entry of `lengths`, of real tensors ``(...,
*grid)``; a half spectrum has the layout of :func:`torch.fft.rfftn`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor


def wavenumbers(
    shape: Sequence[int],
    lengths: Sequence[float],
    dtype: torch.dtype = torch.float64,
    device: torch.device | str | None = None,
) -> list[Tensor]:
    r"""Return the angular wavenumbers :math:`2\pi k_i/L_i` per axis.

    They broadcast over the half spectrum of `shape`. The Nyquist wavenumber of an even axis is 0:
    the odd derivative of :math:`\cos(\pi N x)` vanishes on the grid.

    Examples
    --------
    >>> kx, ky = wavenumbers((4, 6), (1.0, 1.0))
    >>> tuple(kx.shape), tuple(ky.shape), [round(float(k / 6.283185), 3) for k in kx.flatten()]
    ((4, 1), (1, 4), [0.0, 1.0, 0.0, -1.0])
    """
    found = zip(_frequencies(shape), shape, lengths, strict=True)
    return [
        torch.where(2 * k.abs() == n, 0.0, 2.0 * torch.pi * k / length).to(device, dtype)
        for k, n, length in found
    ]


def laplacian_symbol(
    shape: Sequence[int],
    lengths: Sequence[float],
    dtype: torch.dtype = torch.float64,
    device: torch.device | str | None = None,
) -> Tensor:
    r"""Return :math:`-|k|^2` over the half spectrum of `shape`, Nyquist wavenumbers included.

    Examples
    --------
    >>> laplacian_symbol((4,), (6.283185307179586,)).tolist()
    [-0.0, -1.0, -4.0]
    """
    total = torch.zeros((), dtype=torch.float64)
    for k, length in zip(_frequencies(shape), lengths, strict=True):
        total = total + (2.0 * torch.pi * k / length).square()
    return -total.to(device, dtype)


def dealias_mask(
    shape: Sequence[int], device: torch.device | str | None = None, degree: int = 2
) -> Tensor:
    r"""Return the mask of the modes :math:`|k_i| < N_i/(d + 1)`, free of aliases in products of d.

    Examples
    --------
    >>> dealias_mask((12,)).tolist()
    [True, True, True, True, False, False, False]
    """
    mask = torch.ones((), dtype=torch.bool)
    for k, n in zip(_frequencies(shape), shape, strict=True):
        mask = mask & ((degree + 1) * k.abs() < n)
    return mask.to(device)


def truncate(hat: Tensor, shape: Sequence[int], to: Sequence[int]) -> Tensor:
    r"""Return the half spectrum of a grid `shape` N on a grid `to` M, :math:`|k| < \min(N, M)/2`.

    The coefficients are copied, so transform with ``norm="forward"``, where they do not depend on
    the grid.

    Examples
    --------
    >>> hat = torch.fft.rfft(torch.cos(2 * torch.pi * torch.arange(12) / 12), norm="forward")
    >>> v = torch.fft.irfft(truncate(hat, (12,), (4,)), n=4, norm="forward")
    >>> [abs(round(float(x), 6)) for x in v]
    [1.0, 0.0, 1.0, 0.0]
    """
    limits = [(min(n, m) - 1) // 2 for n, m in zip(shape, to, strict=True)]
    out = hat.new_zeros(*hat.shape[: -len(to)], *to[:-1], to[-1] // 2 + 1)
    for signs in product((0, 1), repeat=len(to) - 1):
        # Per axis but the last, the low end 0 ... m and the high end -m ... -1 of the spectrum.
        ends = [
            slice(-limit, None) if sign and limit else slice(0, 0 if sign else limit + 1)
            for sign, limit in zip(signs, limits, strict=False)
        ]
        block = (..., *ends, slice(0, limits[-1] + 1))
        out[block] = hat[block]
    return out


def gradient(u: Tensor, lengths: Sequence[float]) -> Tensor:
    r"""Return :math:`\partial u/\partial x_i` of ``(..., *grid)``, as ``(..., axes, *grid)``.

    Examples
    --------
    >>> x = torch.arange(8) / 8
    >>> du = gradient(torch.sin(2 * torch.pi * x), [1.0])
    >>> bool(torch.allclose(du[0], 2 * torch.pi * torch.cos(2 * torch.pi * x), atol=1e-5))
    True
    """
    hat, k = _forward(u, lengths)
    return torch.stack([_backward(1j * ki * hat, u, lengths) for ki in k], dim=-1 - len(lengths))


def laplacian(u: Tensor, lengths: Sequence[float]) -> Tensor:
    r"""Return :math:`\Delta u`, of the shape of `u`."""
    hat, _ = _forward(u, lengths)
    return _backward(hat * _symbol(u, lengths), u, lengths)


def inverse_laplacian(u: Tensor, lengths: Sequence[float]) -> Tensor:
    r"""Return the zero-mean :math:`\psi` with :math:`\Delta\psi = u - \langle u\rangle`."""
    hat, _ = _forward(u, lengths)
    return _backward(hat * invert(_symbol(u, lengths)), u, lengths)


def velocity(vorticity: Tensor, lengths: Sequence[float] = (1.0, 1.0)) -> Tensor:
    r"""Return the zero-mean velocity of a vorticity ``(..., x, y)``, as ``(..., 2, x, y)``.

    :math:`(u, v) = (\partial_y\psi, -\partial_x\psi)` with :math:`-\Delta\psi = \omega = \partial_x
    v - \partial_y u`; the mean vorticity has no effect.
    """
    slope = gradient(-inverse_laplacian(vorticity, lengths), lengths)
    return torch.stack([slope[..., 1, :, :], -slope[..., 0, :, :]], dim=-3)


def invert(symbol: Tensor) -> Tensor:
    """Return 1/symbol, and 0 where the symbol is 0 (the mean)."""
    return torch.where(symbol == 0, 0.0, 1.0 / torch.where(symbol == 0, 1.0, symbol))


def _frequencies(shape: Sequence[int]) -> list[Tensor]:
    """Return the integer frequencies per axis; the sign of the Nyquist frequency is arbitrary."""
    found = [torch.fft.fftfreq(n, 1.0 / n, dtype=torch.float64) for n in shape]
    found[-1] = found[-1][: shape[-1] // 2 + 1]
    return [
        k.reshape([-1 if other == axis else 1 for other in range(len(shape))])
        for axis, k in enumerate(found)
    ]


def _axes(lengths: Sequence[float]) -> tuple[int, ...]:
    return tuple(range(-len(lengths), 0))


def _forward(u: Tensor, lengths: Sequence[float]) -> tuple[Tensor, list[Tensor]]:
    shape = u.shape[-len(lengths) :]
    return torch.fft.rfftn(u, dim=_axes(lengths)), wavenumbers(shape, lengths, u.dtype, u.device)


def _backward(hat: Tensor, like: Tensor, lengths: Sequence[float]) -> Tensor:
    return torch.fft.irfftn(hat, s=like.shape[-len(lengths) :], dim=_axes(lengths))


def _symbol(u: Tensor, lengths: Sequence[float]) -> Tensor:
    return laplacian_symbol(u.shape[-len(lengths) :], lengths, u.dtype, u.device)
