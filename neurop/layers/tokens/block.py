"""The block of an adaptive Fourier neural operator."""

from __future__ import annotations

from torch import Tensor, nn

from neurop.layers.channel_mlp import ChannelMLP


class TokenBlock(nn.Module):
    r"""Mixing of the tokens, then an MLP of their channels, both on normalised channels.

    .. math:: v \leftarrow v + N v + F N v, \qquad v \leftarrow v + \mathrm{MLP}(N' v)

    with layer normalisation N over the channels of each token. The filter F of the paper adds its
    own input, hence the second term.

    Source: Guibas et al., ICLR 2022, arXiv:2111.13587; Pathak et al., FourCastNet, 2022,
    arXiv:2202.11214.

    Parameters
    ----------
    width
        Number of channels.
    mixing
        F, a module from ``(batch, *tokens, width)`` to the same.
    expansion
        Hidden channels of the MLP, as a multiple of `width`.

    Shape
    -----
    ``(batch, *tokens, width)`` to the same.

    Examples
    --------
    >>> import torch
    >>> TokenBlock(4, nn.Identity())(torch.zeros(1, 8, 8, 4)).shape
    torch.Size([1, 8, 8, 4])
    """

    def __init__(self, width: int, mixing: nn.Module, expansion: int = 4) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.mixing = mixing
        self.mlp = ChannelMLP(width, expansion * width, width)

    def forward(self, v: Tensor) -> Tensor:
        """Return the tokens after the block."""
        normal = self.norms[0](v)
        v = v + normal + self.mixing(normal)
        y: Tensor = v + self.mlp(self.norms[1](v))
        return y
