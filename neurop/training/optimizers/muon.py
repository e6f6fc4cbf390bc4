"""Muon: momentum whose matrices are made orthogonal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.training.optimizers.matrix_optimizer import MatrixOptimizer
from neurop.training.optimizers.orthogonal import orthogonalized

SHARE = 0.2
"""Root mean square of a step, divided by the rate: about that of AdamW."""


class Muon(MatrixOptimizer):
    r"""Momentum, orthogonalised for weights that are matrices; AdamW for the others.

    .. math:: M \leftarrow \mu M + (1 - \mu)\, G, \qquad
       D = 0.2 \sqrt{\max(n, m)}\; \mathrm{polar}\bigl(\mu M + (1 - \mu)\, G\bigr)

    with the gradient G of a matrix of n rows and m columns. All singular values of a step are
    equal, up to the accuracy of :func:`neurop.training.optimizers.orthogonal.orthogonalized`, so
    that a step changes rare directions as much as frequent ones. The factor gives a step the root
    mean square of one of AdamW in long trainings, 0.2 of the rate; short trainings take more.

    A weight of many matrices, such as one per mode, has the step of each of them. A complex matrix
    counts as its real form of 2 n rows and 2 m columns. A matrix whose gradient is 0, such as that
    of a mode which the grid does not resolve, has no step. Which weights are matrices says
    :func:`neurop.training.optimizers.layouts.layouts`; those of first and last layers
    (:func:`neurop.training.optimizers.layouts.ends`) are left to AdamW.

    Sources: Jordan et al., Muon: An optimizer for hidden layers in neural networks, 2024; the
    factor and the weight decay: Liu et al., Muon is scalable for LLM training, 2025,
    arXiv:2502.16982.

    Parameters
    ----------
    params
        Weights.
    lr
        Learning rate.
    momentum
        Decay of the average of the gradient of matrices.
    betas
        Decay of the averages of gradient and squared gradient of the other weights.
    weight_decay
        Decay of the weights per step, times the learning rate.

    Raises
    ------
    InputError
        If a rate or the weight decay is below 0, or a decay of an average is not in [0, 1).

    Examples
    --------
    >>> from neurop.models import FNO
    >>> net = FNO(1, 1, modes=(4, 4), width=8, depth=1)
    >>> optimizer = Muon(net.parameters(), lr=2e-3)
    >>> optimizer.arrange(net)
    >>> net(torch.randn(1, 1, 16, 16)).square().mean().backward()
    >>> optimizer.step()
    >>> for weight in (net.blocks[0].spectral.weight, net.lift.weight):
    ...     print(*optimizer.state[weight])
    momentum_buffer
    step exp_avg exp_avg_sq
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 8e-3,
        momentum: float = 0.95,
        betas: Sequence[float] = (0.9, 0.98),
        weight_decay: float = 1e-5,
    ) -> None:
        if not 0 <= momentum < 1:
            raise InputError.of("momentum", momentum, "give a number of at least 0 and below 1")
        settings = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(params, **settings, betas=tuple(betas))

    def direction(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> Tensor:
        """Return the direction of the step of a weight, and update its state."""
        matrix = None if self.is_end(weight) else self.matrix(weight)
        if matrix is None:
            return self.adam(weight, gradient, group["betas"])
        state, momentum = self.state[weight], group["momentum"]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        average = state["momentum_buffer"].lerp_(gradient, 1 - momentum)
        stack = matrix.stack(gradient.lerp(average, momentum))
        _, parts, rows, columns = stack.shape
        if parts == 2:
            factor = orthogonalized(torch.complex(stack[:, 0], stack[:, 1]))
            factor = torch.stack([factor.real, factor.imag], 1)
        else:
            factor = orthogonalized(stack[:, 0])[:, None]
        changes = matrix.stack(gradient).abs().amax((1, 2, 3), keepdim=True) > 0
        size = SHARE * math.sqrt(parts * max(rows, columns)) * changes.to(factor)
        return matrix.unstack(factor.mul_(size), weight.shape)

    def state_numbers(self, weight: Tensor) -> int:
        """Return how many numbers the state of a weight has."""
        averaged = self.is_end(weight) or self.matrix(weight) is None
        return weight.numel() * (2 if averaged else 1)
