"""Group-equivariant Fourier neural operator (Helwig et al., ICML 2023, arXiv:2306.05697)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast, get_args

import torch
from torch import Tensor

from neurop.errors import InputError, nearest
from neurop.geometry.grid import Grid
from neurop.geometry.signed_permutation import check_cube, symmetries
from neurop.layers import ChannelMLP, Coordinates, FourierBlock
from neurop.layers.equivariant.block import group_block
from neurop.layers.equivariant.fields import LiftToGroup, SumOverGroup
from neurop.layers.equivariant.linear import GroupLinear
from neurop.models.arguments import at_least_one, check_input, grid_and_modes
from neurop.models.operator import GridOperator

Symmetry = Literal["p4", "p4m"]


class GFNO(GridOperator):
    r"""Fourier neural operator that commutes with quarter turns, and reflections, of a square.

    .. math:: u = Q\,(B_L \circ \dots \circ B_1)\,P\,a,
       \qquad B v = v + \mathrm{MLP}\bigl(\mathrm{GELU}(K v + W v + b)\bigr)

    with the blocks of :class:`neurop.models.FNO`, whose channels are functions of the group: an
    element g moves the field of h to that of g h. Between those, K multiplies mode k by matrices
    that depend on :math:`g^{-1} h` and :math:`g^{-1} k` alone
    (``neurop.layers.equivariant.weight.GroupWeight``), W and the MLP by matrices of
    :math:`g^{-1} h` (:mod:`neurop.layers.equivariant.linear`). So a moved input has the moved
    output, to rounding, on any grid of as many points along both axes. There are no coordinates:
    on a periodic domain the model commutes with translations too, on one with walls the squared
    distance from the centre is an additional input.

    A reflection changes the sign of a pseudoscalar field, such as the vorticity: with `p4m` give it
    the sign -1. Components of vectors are neither; give vorticity and divergence instead. An
    equation with a forcing has the symmetries of its forcing only. Unlike in the paper there is no
    normalisation layer, and a periodic domain has no centre.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Square grid of the fields; a periodic one by default.
    modes
        Number m of frequencies \|k\| < m, the same for both axes.
    width
        Channels of the blocks per element of the group. With :math:`1/\sqrt{|G|}` of the channels
        of an FNO there are about as many parameters, and :math:`|G|` times the products.
    depth
        Number of blocks.
    group
        ``p4``, four rotations; or ``p4m``, four reflections too.
    input_signs, output_signs
        Sign under reflections, of all channels or of each: 1 of scalars, -1 of pseudoscalars. They
        have no effect with ``p4``.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If the domain is not a square, a number is below 1, `modes` differ, or a sign is neither 1
        nor -1; in a call, if the input does not fit the model.

    Examples
    --------
    >>> model = GFNO(1, 1, modes=4, width=3, depth=2, group="p4m", input_signs=-1, output_signs=-1)
    >>> x = torch.randn(1, 1, 16, 16)
    >>> transposed = -x.transpose(2, 3)
    >>> torch.allclose(model(transposed), -model(x).transpose(2, 3), atol=1e-5)
    True
    """

    citation = (
        "Helwig et al., Group Equivariant Fourier Neural Operators for Partial Differential "
        "Equations, ICML 2023, arXiv:2306.05697"
    )
    modes: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        modes: int | Sequence[int] = 12,
        width: int = 12,
        depth: int = 4,
        group: Symmetry = "p4",
        input_signs: int | Sequence[int] = 1,
        output_signs: int | Sequence[int] = 1,
    ) -> None:
        super().__init__()
        at_least_one(width=width, depth=depth)
        self.domain, self.modes = grid_and_modes(domain or Grid.periodic(2), modes)
        check_square(self.domain, self.modes)
        if group not in get_args(Symmetry):
            raise InputError.of("group", group, nearest(group, get_args(Symmetry)))
        elements = [g for g in symmetries(2) if group == "p4m" or g.determinant == 1]
        self.in_channels, self.coordinates = in_channels, Coordinates(self.domain)
        signs = one_per_channel("input_signs", input_signs, in_channels)
        signs += [1] if self.domain.has_boundary else []
        self.lift = LiftToGroup(signs, width, elements)
        self.blocks = torch.nn.ModuleList(
            group_block(self.domain, self.modes[0], width, elements) for _ in range(depth)
        )
        self.project = ChannelMLP(1, 1, 1)
        signs = one_per_channel("output_signs", output_signs, out_channels)
        self.project.add_module("expand", GroupLinear(width, 2 * width, elements))
        self.project.add_module("contract", SumOverGroup(2 * width, signs, elements))

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        check_input(x, self.in_channels, 2)
        fields = x.movedim(1, -1)
        if self.domain.has_boundary:
            fields = self.coordinates(fields)
            given, position = fields.tensor_split([self.in_channels], -1)
            fields = torch.cat([given, position.square().sum(-1, keepdim=True)], -1)
        v = self.lift(fields)  # (batch, *grid, |G| * width)
        spectrum_ahead = None
        for block, next_block in zip(self.blocks, [*self.blocks[1:], None]):
            v, spectrum_ahead = cast(FourierBlock, block).step(v, spectrum_ahead, next_block)
        return self.project(v).movedim(-1, 1)

    def resolved(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of the model's modes that a grid of `shape` points resolves."""
        return cast(FourierBlock, self.blocks[0]).spectral.retained_modes(shape)

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes below the Nyquist frequency of a grid, per axis."""
        return cast(FourierBlock, self.blocks[0]).spectral.nyquist(shape)


def check_square(domain: Grid, modes: Sequence[int]) -> None:
    """Raise InputError unless domain and modes are those of a square."""
    if domain.dimensions != 2:
        names = ", ".join(domain.names)
        raise InputError.of("domain", names, "p4 and p4m are groups of a square; use fno")
    check_cube(domain)
    if len(set(modes)) > 1:
        raise InputError.of("modes", tuple(modes), "give one number for both axes")


def one_per_channel(name: str, signs: int | Sequence[int], channels: int) -> list[int]:
    """Return the sign of each channel; raise InputError for another number, or another sign."""
    each = [signs] * channels if isinstance(signs, int) else [*signs]
    if len(each) != channels:
        raise InputError.of(name, signs, f"give one sign, or one for each of {channels} channels")
    if wrong := [sign for sign in each if sign not in (1, -1)]:
        raise InputError.of(name, wrong[0], "use 1 for a scalar, -1 for a pseudoscalar")
    return each
