"""One stage: a small dense network whose first layer has the frequencies of its target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from neurop.errors import InputError


class Stage(nn.Module):
    r"""Dense network from a point to a number, in float64.

    .. math::

        N(x) = w_d \cdot \tanh(W_{d-1} \cdots \sigma(\kappa \odot W_0 \hat x + b_0) \cdots) + b_d

    with :math:`\hat x` the point scaled to [-1, 1] on every axis. Weights are drawn from a normal
    distribution of variance 2/(fan in + fan out) that is cut at two standard deviations; biases
    are 0. With :math:`\sigma = \sin` the first layer starts with angular frequencies of standard
    deviation :math:`\kappa \sqrt{2 / (d + width)}`.

    Parameters
    ----------
    domain
        Lower and upper bound of every axis.
    width, depth
        Units of a hidden layer, number of hidden layers.
    kappa
        Factor of the first layer, one per axis.
    activation
        That of the first layer; the others have ``tanh``.
    seed
        Of the initial weights.

    Shape
    -----
    Input ``(..., axes)``, output ``(...)``.

    Raises
    ------
    InputError
        If a bound is not above the other, or width, depth or the number of factors do not fit.

    Examples
    --------
    >>> stage = Stage(((-1, 1),), width=4, depth=2)
    >>> stage(torch.zeros(3, 1, dtype=torch.float64)).tolist()
    [0.0, 0.0, 0.0]

    References
    ----------
    Wang, Lai: Multi-stage neural networks: function approximator of machine precision. Journal of
    Computational Physics 504 (2024), 112865. arXiv:2307.08934.
    """

    lower: Tensor
    upper: Tensor
    factors: Tensor

    def __init__(
        self,
        domain: Sequence[Sequence[float]],
        width: int = 20,
        depth: int = 3,
        kappa: Sequence[float] | None = None,
        activation: Literal["tanh", "sin"] = "tanh",
        seed: int = 0,
    ) -> None:
        super().__init__()
        bounds = torch.tensor(domain, dtype=torch.float64).reshape(-1, 2)
        factors = torch.ones(len(bounds)) if kappa is None else torch.tensor(kappa)
        if not (len(bounds) and bounds.isfinite().all() and (bounds[:, 1] > bounds[:, 0]).all()):
            remedy = "need a lower and a greater upper bound of every axis"
            raise InputError.of("domain", tuple(domain), remedy)
        if width < 1 or depth < 1:
            raise InputError.of("width, depth", (width, depth), "need 1 or more of both")
        if factors.shape != bounds[:, 0].shape:
            raise InputError.of("kappa", kappa, f"need one factor for each of {len(bounds)} axes")
        self.first = torch.tanh if activation == "tanh" else torch.sin
        self.register_buffer("lower", bounds[:, 0].clone(), persistent=False)
        self.register_buffer("upper", bounds[:, 1].clone(), persistent=False)
        self.register_buffer("factors", factors.double(), persistent=False)
        sizes = [len(bounds), *[width] * depth, 1]
        layers = [nn.Linear(a, b, dtype=torch.float64) for a, b in pairwise(sizes)]
        random = torch.Generator().manual_seed(seed)
        for layer in layers:
            std = math.sqrt(2 / sum(layer.weight.shape))
            nn.init.trunc_normal_(layer.weight, 0, std, -2 * std, 2 * std, generator=random)
            nn.init.zeros_(layer.bias)
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return the values at points."""
        h = (2 * x - self.lower - self.upper) / (self.upper - self.lower)
        h = self.first(self.layers[0](self.factors * h))
        for layer in self.layers[1:-1]:
            h = torch.tanh(layer(h))
        return self.layers[-1](h).squeeze(-1)
