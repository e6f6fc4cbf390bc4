"""Per-mode channel mixing of tensor-product bases of any kinds."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurop.spectral.bases import Basis, Fourier
from neurop.spectral.fused import mix_packed
from neurop.spectral.mixing import from_signed, mix, restrict, signed_sizes, to_signed


def weight_sizes(bases: Sequence[Basis]) -> tuple[tuple[int, ...], int]:
    """Return the leading sizes of the weight of :func:`mix_modes`, and the parts of a number.

    Examples
    --------
    >>> from neurop.spectral.bases import Cosine
    >>> weight_sizes([Fourier(4), Cosine(3), Fourier(5)]), weight_sizes([Cosine(3)])
    (((3, 7, 5), 2), ((3,), 1))
    """
    periodic = [basis.modes for basis in bases if isinstance(basis, Fourier)]
    others = [basis.modes for basis in bases if not isinstance(basis, Fourier)]
    return (*others, *(signed_sizes(periodic) if periodic else ())), 2 if periodic else 1


def mix_modes(c: Tensor, weight: Tensor, bases: Sequence[Basis], kept: Sequence[int]) -> Tensor:
    r"""Multiply each mode's channels by its matrix, :math:`y_{bko} = \sum_i c_{bki} R_{kio}`.

    The matrix is complex for each signed frequency of the Fourier axes, so that along them it is a
    convolution, and another for each function of the other axes; real without Fourier axes.

    Parameters
    ----------
    c
        Coefficients ``(batch, *sizes, in)`` of the `kept` modes, of Fourier axes packed as for
        :func:`neurop.spectral.mix_packed`.
    weight
        ``(*sizes, in, 2, out)`` with the sizes of :func:`weight_sizes`: first the axes of other
        functions than waves, then the Fourier axes. Without Fourier axes ``(*sizes, in, out)``.
    bases
        Basis of each axis, with the modes of the weight.
    kept
        Number of retained modes per axis, those of the coefficients.

    Returns
    -------
    Tensor
        ``(batch, *sizes, out)``.
    """
    periodic = [axis for axis, basis in enumerate(bases, start=1) if isinstance(basis, Fourier)]
    others = [axis for axis in range(1, len(bases) + 1) if axis not in periodic]
    modes = [bases[axis - 1].modes for axis in periodic]
    if not others:
        return mix_packed(c, weight, modes, kept)
    for dim, axis in enumerate(others):
        if kept[axis - 1] < weight.shape[dim]:
            weight = weight.narrow(dim, 0, kept[axis - 1])
    if not periodic:
        rows = torch.bmm(c.flatten(1, -2).transpose(0, 1), weight.flatten(0, -3))
        return rows.transpose(0, 1).reshape(*c.shape[:-1], weight.shape[-1])
    # The modes of the other axes are additional rows for the change to signed frequencies, and
    # additional modes for the product.
    order, here = (0, *others, *periodic, c.dim() - 1), [kept[axis - 1] for axis in periodic]
    if here != modes:
        fronts, backs = range(len(others)), range(len(periodic), len(bases))
        weight = restrict(weight.movedim([*fronts], [*backs]), modes, here)
        weight = weight.movedim([*backs], [*fronts])
    turned = c.permute(order)
    rows = to_signed(turned.flatten(0, len(others)), here)
    mixed = mix(rows.unflatten(1, turned.shape[: len(others) + 1]), weight)
    back = from_signed(mixed.flatten(1, len(others) + 1), here)
    back = back.reshape(*turned.shape[:-1], weight.shape[-1])
    return back.permute([order.index(axis) for axis in range(c.dim())])
