"""Pointwise multilayer perceptron over channels."""

from __future__ import annotations

from torch import Tensor, nn

from neurop.spectral import mlp


class ChannelMLP(nn.Module):
    r"""Pointwise MLP over the channels: :math:`W_2\,\mathrm{GELU}(W_1 v + b_1) + b_2`.

    Parameters
    ----------
    in_channels, hidden_channels, out_channels
        Number of channels.

    Shape
    -----
    ``(..., in_channels) -> (..., out_channels)``, channels last.

    Examples
    --------
    >>> import torch
    >>> ChannelMLP(2, 8, 3)(torch.zeros(5, 2)).shape
    torch.Size([5, 3])
    """

    def __init__(self, in_channels: int, hidden_channels: int, out_channels: int) -> None:
        super().__init__()
        self.expand = nn.Linear(in_channels, hidden_channels)
        self.contract = nn.Linear(hidden_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the mapped channels."""
        return mlp(x, *self.parts)

    @property
    def parts(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Weight and bias of the first layer, then of the second."""
        return self.expand.weight, self.expand.bias, self.contract.weight, self.contract.bias
