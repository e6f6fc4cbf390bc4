"""Attention with the weights of the points."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor, nn

from neurop.convert.scale import Scale
from neurop.errors import InputError


class IntegralAttention(nn.Module):
    r"""Attention between the points of a grid as an integral.

    .. math:: y_i = \frac{\sum_j w_j\, e^{q_i \cdot k_j}\, v_j}{\sum_j w_j\, e^{q_i \cdot k_j}}

    with the weights of :meth:`neurop.convert.scale.Scale.weights`. Equal weights cancel: on the
    training grid and on every periodic one it is the trained layer, bit for bit.

    Parameters
    ----------
    module
        The trained attention, whose tokens are the points in the order of the flattened grid.
    scale
        Grids of the network.
    """

    def __init__(self, module: nn.MultiheadAttention, scale: Scale) -> None:
        super().__init__()
        self.module, self.scale = module, scale

    def forward(self, query: Tensor, key: Tensor, value: Tensor, **more: Any) -> Any:
        """Return what the trained layer returns.

        Raises
        ------
        InputError
            If there is a mask, and the weights of the points are not equal.
        """
        tokens = key.shape[1 if self.module.batch_first and key.dim() == 3 else 0]
        if tokens != math.prod(self.scale.present) or not self.scale.weighted:
            return self.module(query, key, value, **more)
        if more.get("attn_mask") is not None:
            remedy = "weights of the points take its place on this grid; leave it out"
            raise InputError.of("attn_mask", tuple(more["attn_mask"].shape), remedy)
        weights = self.scale.weights().flatten()
        return weighted_attention(self.module, query, key, value, weights, **more)


def weighted_attention(
    module: nn.MultiheadAttention,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    weights: Tensor,
    **more: Any,
) -> Any:
    """Return the attention to tokens of some weights, ``(tokens,)``, all above 0.

    Examples
    --------
    >>> import torch
    >>> attention = nn.MultiheadAttention(4, 2, batch_first=True)
    >>> x = torch.randn(1, 3, 4)
    >>> twice = x.repeat_interleave(torch.tensor([1, 1, 2]), 1)  # the last token twice
    >>> once = weighted_attention(attention, x, x, x, torch.tensor([1.0, 1.0, 2.0]))[0]
    >>> torch.allclose(once, attention(x, twice, twice)[0], atol=1e-6)
    True
    """
    at = 1 if module.batch_first and query.dim() == 3 else 0
    mask = weights.log().to(query).expand(query.shape[at], -1)
    return module(query, key, value, attn_mask=mask, **more)
