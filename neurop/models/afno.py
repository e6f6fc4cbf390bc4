"""Adaptive Fourier neural operator (Guibas et al., ICLR 2022, arXiv:2111.13587)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor, nn

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.layers import Coordinates
from neurop.layers.tokens.block import TokenBlock
from neurop.layers.tokens.head import PatchHead
from neurop.layers.tokens.mode_mlp import PADDING, ModeMLP
from neurop.layers.tokens.patches import Patches
from neurop.models.arguments import at_least_one, check_input, grid_and_modes
from neurop.models.operator import GridOperator
from neurop.spectral import below_nyquist, linear, one_per_axis, padded_bases


class AFNO(GridOperator):
    r"""Adaptive Fourier neural operator, the network of FourCastNet, in any number of dimensions.

    .. math:: u = Q\,(B_L \circ \dots \circ B_1)\,P\,[a_t, x_t], \qquad
       B:\; v \leftarrow v + N v + F N v,\quad v \leftarrow v + \mathrm{MLP}(N' v)

    with :math:`a_t` the coefficients of the input in local polynomials on patch t
    (:class:`neurop.layers.tokens.patches.Patches`), :math:`x_t` the coordinates of its centre, P a
    linear map to the channels of a token, F a filter by one complex perceptron for all modes of the
    tokens (:class:`neurop.layers.tokens.mode_mlp.ModeMLP`) and Q a linear map from a token to
    polynomials on its patch. The cost per token does not grow with their number but for the
    transforms, whose matrices are small.

    Patches are parts of the domain, not numbers of points: one network takes every grid. Its output
    is one function, a polynomial on each patch, that jumps from patch to patch; another grid of
    the same input changes it by the error of the integrals on the patches, which falls with the
    square of the spacing. Unlike the paper there is no learnt table of positions, which is of one
    grid; along a periodic axis the network without coordinates commutes with shifts by a patch.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Grid of the fields; a periodic box of ``len(modes)`` dimensions by default.
    modes
        Number m of frequencies \|k\| < m of the tokens: one for all axes or one per axis.
    width
        Channels of a token.
    depth
        Number of blocks.
    tokens
        Number of patches: one for all axes or one per axis; twice the modes by default, which
        resolves them.
    patch
        Number of polynomials per axis of a patch. With as many points per patch nothing of a field
        is lost.
    blocks
        Number of blocks of the complex matrices, a divisor of `width`.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If a number is below 1, `modes` or `tokens` do not fit the domain, the tokens do not resolve
        the modes, or `blocks` does not divide `width`; in a call, if the input does not fit.

    Examples
    --------
    >>> import torch
    >>> model = AFNO(1, 1, modes=(4, 4), width=8, depth=2)
    >>> model(torch.zeros(2, 1, 16, 20)).shape
    torch.Size([2, 1, 16, 20])
    """

    citation = (
        "Guibas et al., Adaptive Fourier Neural Operators: Efficient Token Mixers for "
        "Transformers, ICLR 2022, arXiv:2111.13587"
    )
    one_grid = "patches whose number of points depends on the grid"
    modes: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        modes: int | Sequence[int] = 8,
        width: int = 32,
        depth: int = 4,
        tokens: int | Sequence[int] | None = None,
        patch: int = 4,
        blocks: int = 4,
    ) -> None:
        super().__init__()
        self.domain, self.modes = grid_and_modes(domain, modes)
        one_per_axis(self.domain.axes, self.modes)
        at_least_one(width=width, depth=depth, patch=patch, modes=min(self.modes))
        counts = [2 * m for m in self.modes] if tokens is None else tokens
        _, self.tokens = grid_and_modes(self.domain, counts)
        self.patches = Patches(self.domain, self.tokens, patch)
        centres = Grid(tuple(replace(axis, layout="cells") for axis in self.domain.axes))
        self.bases = padded_bases(centres.axes, self.modes, PADDING)
        resolved = below_nyquist(self.bases, centres.axes, self.tokens)
        for n, m, most in zip(self.tokens, self.modes, resolved, strict=True):
            if m > most:
                raise InputError.of("tokens", n, f"they resolve {most} modes, not {m}; give more")
        self.coordinates = Coordinates(centres)
        per_token = in_channels * patch**self.domain.dimensions
        self.in_channels = in_channels
        self.embed = nn.Linear(per_token + self.coordinates.channels, width)
        self.blocks = nn.ModuleList(
            TokenBlock(width, ModeMLP(width, blocks, self.modes, centres.axes))
            for _ in range(depth)
        )
        self.head = PatchHead(width, out_channels, self.patches)

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        check_input(x, self.in_channels, len(self.modes))
        tokens = self.coordinates(self.patches(x.movedim(1, -1)).flatten(-2))
        v = linear(tokens, self.embed.weight, self.embed.bias)
        for block in self.blocks:
            v = block(v)
        return self.head(v, x.shape[2:]).movedim(-1, 1)

    def resolved(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of the model's modes that a grid of `shape` points resolves."""
        return tuple(map(min, self.modes, self.nyquist(shape)))

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes below the Nyquist frequency of a grid, per axis."""
        return below_nyquist(self.bases, self.domain.axes, shape)
