r"""Pointwise linear maps of fields to functions of a group of rotations and reflections, and back.

A field has a sign, the :math:`\chi` of a reflection: 1 of a scalar, -1 of a pseudoscalar, such as
the vorticity. That of a rotation is 1. Layouts as in :mod:`neurop.layers.equivariant.linear`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from neurop.layers.equivariant.linear import Equivariant, Group, uniform


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
    >>> from neurop.geometry.signed_permutation import symmetries
    >>> LiftToGroup([1, -1], 3, symmetries(2))(torch.zeros(5, 2)).shape
    torch.Size([5, 24])
    """

    signs: Tensor

    def __init__(self, signs: Sequence[int], out_channels: int, group: Group) -> None:
        super().__init__()
        self.register_buffer("signs", characters(group, signs), persistent=False)
        self.kernel = uniform(len(signs), out_channels, len(signs))
        self.offset = uniform(len(signs), out_channels)

    @property
    def weight(self) -> Tensor:
        """Weight of all channels, ``(|G| * out, fields)``."""
        return (self.signs[:, None] * self.kernel).flatten(0, 1)

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
    >>> from neurop.geometry.signed_permutation import symmetries
    >>> SumOverGroup(3, [-1], symmetries(2))(torch.zeros(5, 24)).shape
    torch.Size([5, 1])
    """

    signs: Tensor

    def __init__(self, in_channels: int, signs: Sequence[int], group: Group) -> None:
        super().__init__()
        self.register_buffer("signs", characters(group, signs), persistent=False)
        self.kernel = uniform(len(group) * in_channels, len(signs), in_channels)

    @property
    def weight(self) -> Tensor:
        """Weight of all channels, ``(fields, |G| * in)``."""
        return (self.signs.T[..., None] * self.kernel[:, None]).flatten(1)

    @property
    def bias(self) -> Tensor:
        """Zeros."""
        return self.kernel.new_zeros(len(self.kernel))


def characters(group: Group, signs: Sequence[int]) -> Tensor:
    """Return the sign of each field for each element of a group, ``(|G|, fields)``."""
    return torch.tensor([[float(s if g.determinant < 0 else 1) for s in signs] for g in group])
