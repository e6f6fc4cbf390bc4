r"""Pointwise linear maps of fields to functions of a group of rotations and reflections, and back.

A field has a sign, the :math:`\chi` of a reflection: 1 of a scalar, -1 of a pseudoscalar, such as
the vorticity. That of a rotation is 1. Layouts as in :mod:`neurop.layers.equivariant.linear`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from neurop.layers.equivariant.linear import Equivariant, Group, uniform
from neurop.spectral import constant_tensor


class LiftToGroup(Equivariant):
    r"""Map of fields to functions of the group, :math:`v_g = W \chi(g)\, a + b`.

    Parameters
    ----------
    signs
        Sign of each field.
    out_channels
        Number of channels per element of the group.
    group
        Its elements.

    Shape
    -----
    ``(..., fields) -> (..., |G| * out_channels)``. Parameters ``kernel`` ``(out, fields)`` and
    ``offset`` ``(out,)``.

    Examples
    --------
    >>> import torch
    >>> from neurop.geometry.signed_permutation import symmetries
    >>> LiftToGroup([1, -1], 3, symmetries(2))(torch.zeros(5, 2)).shape
    torch.Size([5, 24])
    """

    def __init__(self, signs: Sequence[int], out_channels: int, group: Group) -> None:
        super().__init__()
        self.signs = characters(group, signs)
        self.kernel = uniform(len(signs), out_channels, len(signs))
        self.offset = uniform(len(signs), out_channels)

    @property
    def weight(self) -> Tensor:
        """Weight of all channels, ``(|G| * out, fields)``."""
        signs = _tensor(self.signs, self.kernel.dtype, self.kernel.device)
        return (signs[:, None] * self.kernel).flatten(0, 1)

    @property
    def bias(self) -> Tensor:
        """Bias of all output channels: the same for all elements."""
        return self.offset.repeat(len(self.signs))


class SumOverGroup(Equivariant):
    r"""Map of functions of the group to fields, :math:`u = \sum_g \chi(g)\, W v_g`.

    It has no bias, which a pseudoscalar field cannot have.

    Parameters
    ----------
    in_channels
        Number of channels per element of the group.
    signs
        Sign of each field.
    group
        Its elements.

    Shape
    -----
    ``(..., |G| * in_channels) -> (..., fields)``. Parameter ``kernel`` ``(fields, in)``.

    Examples
    --------
    >>> import torch
    >>> from neurop.geometry.signed_permutation import symmetries
    >>> SumOverGroup(3, [-1], symmetries(2))(torch.zeros(5, 24)).shape
    torch.Size([5, 1])
    """

    rows = "kernel"
    """Name of the parameter that has a row for each field (:mod:`neurop.inference.last_layer`)."""

    def __init__(self, in_channels: int, signs: Sequence[int], group: Group) -> None:
        super().__init__()
        # Of equal signs one, which applies to any number of rows.
        self.signs = characters(group, signs if len(set(signs)) > 1 else signs[:1])
        self.kernel = uniform(len(group) * in_channels, len(signs), in_channels)

    @property
    def weight(self) -> Tensor:
        """Weight of all channels, ``(fields, |G| * in)``."""
        signs = _tensor(self.signs, self.kernel.dtype, self.kernel.device)
        return (signs.T[..., None] * self.kernel[:, None]).flatten(1)

    @property
    def bias(self) -> Tensor:
        """Zeros."""
        return self.kernel.new_zeros(len(self.kernel))


def characters(group: Group, signs: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Return the signs of all fields, one row for each element of a group."""
    return tuple(tuple(s if g.determinant < 0 else 1 for s in signs) for g in group)


@constant_tensor(maxsize=64)
def _tensor(signs: tuple[tuple[int, ...], ...]) -> NDArray[np.float64]:
    return np.array(signs, np.float64)
