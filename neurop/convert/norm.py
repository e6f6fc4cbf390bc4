"""Normalisation by integrals."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from neurop.convert.scale import Scale


class IntegralNorm(nn.Module):
    r"""Group or instance normalisation whose mean and variance are integrals.

    .. math:: \mu = \langle w\, v \rangle, \qquad \sigma^2 = \langle w\, (v - \mu)^2 \rangle

    over the points and the channels of a group, with the weights of
    :meth:`neurop.convert.scale.Scale.weights`. Where these are equal, on the training grid and on
    every periodic one, it is the trained layer, bit for bit.

    Parameters
    ----------
    module
        :class:`torch.nn.GroupNorm`, or an instance normalisation of each sample's own statistics.
    scale
        Grids of the network.

    Examples
    --------
    >>> import torch
    >>> from neurop import Grid
    >>> from neurop.geometry.axis import Axis
    >>> scale = Scale(Grid((Axis("x", "open", layout="ends"),)), (3,))
    >>> scale.present = (5,)
    >>> norm = IntegralNorm(nn.GroupNorm(1, 1), scale)
    >>> bool((norm(torch.arange(5.0).view(1, 1, 5)) * scale.weights()).sum().abs() < 1e-5)
    True
    """

    def __init__(self, module: nn.Module, scale: Scale) -> None:
        super().__init__()
        self.module: Any = module
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised fields."""
        if tuple(x.shape[2:]) != self.scale.present or not self.scale.weighted:
            y: Tensor = self.module(x)
            return y
        return weighted_norm(self.module, x, self.scale.weights())


def weighted_norm(module: Any, x: Tensor, weights: Tensor) -> Tensor:
    """Return fields ``(batch, channels, *grid)`` after a norm with weights ``(*grid)`` of mean 1.

    Parameters
    ----------
    module
        Normalisation, whose groups, epsilon, scale and shift are used.
    x
        Fields.
    weights
        Weights of the points.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[[0.0, 1.0, 2.0, 2.0]]])  # the last point twice, or once with weight 2
    >>> once = weighted_norm(nn.GroupNorm(1, 1), x[..., :3], torch.tensor([0.75, 0.75, 1.5]))
    >>> torch.allclose(once, nn.GroupNorm(1, 1)(x)[..., :3])
    True
    """
    groups = getattr(module, "num_groups", x.shape[1])
    v, w = x.unflatten(1, (groups, -1)), weights.to(x)
    dims = tuple(range(2, v.dim()))
    centred = v - (v * w).mean(dims, keepdim=True)
    variance = (centred.square() * w).mean(dims, keepdim=True)
    y = (centred / (variance + module.eps).sqrt()).flatten(1, 2)
    if module.weight is None:
        return y
    sizes = (-1, *[1] * weights.dim())
    return y * module.weight.view(sizes) + module.bias.view(sizes)
