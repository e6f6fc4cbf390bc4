"""Spectral generator neural operator (Li et al., 2026, arXiv:2602.18801)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from neurop.geometry.grid import Grid
from neurop.layers import ChannelMLP, Coordinates, SpectralConv
from neurop.layers.conditioning.conditioning import Conditioning, Kind
from neurop.layers.conditioning.film import FiLM
from neurop.layers.filters.generator import Generator
from neurop.layers.spectral.generator_block import GeneratorBlock
from neurop.models.arguments import at_least_one, check_input, grid_and_modes
from neurop.models.operator import GridOperator
from neurop.spectral import linear


class SGNO(GridOperator):
    r"""Fourier neural operator whose blocks are steps of an exponential time integrator.

    .. math:: u = Q\,(B_L \circ \dots \circ B_1)\,P\,[a, x], \qquad
       B v = \mathrm{GELU}\bigl(G(v, \alpha\,\mathrm{MLP}(v)) + \beta\,(W v + b)\bigr)

    with a the input, x its coordinates, P and Q pointwise maps of the channels, and G the step
    :math:`e^{\lambda}\hat v + s\,\varphi_1(\lambda)\,R\,\hat g` of each mode and channel, with a
    learnt rate :math:`\lambda < 0` (:class:`neurop.layers.filters.generator.Generator`). The last
    block has no activation. The paper predicts the change of a state, as an
    :class:`neurop.problems.Evolution` does by default.

    The name promises more than the bound: the modes of v decay, but the forcing and the pointwise
    path are free, so a rollout may still grow. The paper's equations are periodic; an axis with
    walls is padded with zeros, as in an FNO.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Grid of the fields; a periodic box of ``len(modes)`` dimensions by default.
    modes
        Number m of frequencies \|k\| < m: one for all axes or one per axis.
    width
        Channels of the blocks.
    depth
        Number of blocks.
    mask
        Exponent :math:`\mu` of the mask of the forcing at the largest frequency of an axis; 0 for
        none.
    padding
        Zero padding of axes that are not periodic, as a fraction of the domain.
    conditioning
        How parameters enter: ``channels``, as constant input channels, or ``film``, as for
        :class:`neurop.models.FNO`.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If `width`, `depth` or a number of modes is below 1, `mask` is negative, or `modes` does not
        fit the domain; in a call, if the input does not fit the model.

    Examples
    --------
    >>> import torch
    >>> model = SGNO(1, 1, modes=(4, 4), width=8, depth=2)
    >>> model(torch.zeros(2, 1, 16, 20)).shape
    torch.Size([2, 1, 16, 20])
    """

    citation = (
        "Li et al., Spectral Generator Neural Operator for Stable Long-Horizon PDE Rollouts, 2026, "
        "arXiv:2602.18801"
    )
    modes: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        modes: int | Sequence[int] = 16,
        width: int = 32,
        depth: int = 4,
        mask: float = 0.0,
        padding: float = 0.25,
        conditioning: Kind | Conditioning = "film",
    ) -> None:
        super().__init__()
        at_least_one(width=width, depth=depth)
        domain, self.modes = grid_and_modes(domain, modes)
        self.coordinates = Coordinates(domain)
        self.lift = nn.Linear(in_channels + self.coordinates.channels, width)
        self.blocks = nn.ModuleList()
        for number in range(depth):
            weight = Generator(self.modes, width, mask)
            step = SpectralConv(2 * width, width, self.modes, domain, padding, weight)
            self.blocks.append(GeneratorBlock(width, step, last=number == depth - 1))
        # The softplus of these is 1.
        self.gates = nn.Parameter(torch.full((2,), math.log(math.expm1(1.0))))
        self.project = ChannelMLP(width, 2 * width, out_channels)
        self.conditioning = Conditioning.of(conditioning, in_channels)
        self.films = self.conditioning.films([width] * depth)

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        check_input(x, self.lift.in_features - self.coordinates.channels, len(self.modes))
        fields = self.coordinates(x.movedim(1, -1))
        v = linear(fields, self.lift.weight, self.lift.bias)  # (batch, *grid, width)
        forcing, skip = softplus(self.gates).unbind()
        numbers = self.conditioning.numbers(x)
        for i, block in enumerate(self.blocks):
            if numbers is not None:
                v = cast(FiLM, self.films[i]).channels_last(v, numbers)
            v = block(v, forcing, skip)
        return self.project(v).movedim(-1, 1)

    def resolved(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of the model's modes that a grid of `shape` points resolves."""
        return cast(GeneratorBlock, self.blocks[0]).spectral.retained_modes(shape)

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes below the Nyquist frequency of a grid, per axis."""
        return cast(GeneratorBlock, self.blocks[0]).spectral.nyquist(shape)
