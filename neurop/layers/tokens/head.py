"""From tokens to fields."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurop.layers.tokens.patches import Patches


class PatchHead(nn.Module):
    r"""Fields of which each patch is a linear function of its token, without bias.

    .. math:: u_o(x) = \sum_b \sum_i W_{obi}\, v_{ti}\, \varphi_b\bigl((x - x_t) / h\bigr)

    with the polynomials of :class:`neurop.layers.tokens.patches.Patches`.

    Parameters
    ----------
    width, out_channels
        Number of channels of the tokens and of the fields.
    patches
        Patches of the domain.

    Shape
    -----
    ``(batch, *tokens, width) -> (batch, *shape, out_channels)``. Parameter ``weight``:
    ``(out_channels, functions^d, width)``.

    Examples
    --------
    >>> from neurop.geometry.grid import Grid
    >>> head = PatchHead(4, 3, Patches(Grid.periodic(2), (4, 4), 2))
    >>> head(torch.zeros(1, 4, 4, 4), (9, 8)).shape
    torch.Size([1, 9, 8, 3])
    """

    def __init__(self, width: int, out_channels: int, patches: Patches) -> None:
        super().__init__()
        self.patches = patches
        functions = patches.functions ** len(patches.tokens)
        # The mean square of a field is the sum of the squares of its coefficients.
        weight = torch.randn(out_channels, functions, width) / math.sqrt(functions * width)
        self.weight = nn.Parameter(weight)

    def forward(self, v: Tensor, shape: Sequence[int]) -> Tensor:
        """Return the fields at the points of a grid of `shape`."""
        c = v @ self.weight.flatten(0, 1).t()
        rows = self.weight.shape[:2]
        return self.patches.fields(c.unflatten(-1, rows).transpose(-1, -2), shape)
