"""Base class of optimizers that treat weights as matrices."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from neurop.errors import InputError
from neurop.training.optimizers.layouts import LAST_TWO, ends, layouts
from neurop.training.optimizers.matrix import Matrix

EPS = 1e-8
"""Added to the root of the mean square of a gradient, as in Adam."""


class MatrixOptimizer(Optimizer, ABC):
    r"""Optimizer with one update for weights that are matrices, and that of AdamW for the others.

    .. math:: W \leftarrow (1 - \eta \lambda)\, W - \eta\, D

    with the rate :math:`\eta`, the weight decay :math:`\lambda` and a direction D of each weight.
    Weights without a gradient stay as they are.

    Parameters
    ----------
    params
        Weights.
    settings
        Settings of the parameter group by name, among them ``lr``, ``weight_decay`` and ``betas``.

    Raises
    ------
    InputError
        If a rate or the weight decay is below 0 or not finite, or a decay of an average is not in
        [0, 1).
    """

    def __init__(self, params: Iterable[Any], **settings: Any) -> None:
        for name in ("lr", "weight_decay"):
            if not 0 <= settings[name] < math.inf:
                raise InputError.of(name, settings[name], "give a number of at least 0")
        if len(settings["betas"]) != 2 or not all(0 <= beta < 1 for beta in settings["betas"]):
            remedy = "give two numbers of at least 0 and below 1"
            raise InputError.of("betas", tuple(settings["betas"]), remedy)
        self._net: nn.Module | None = None
        self._matrices: dict[Tensor, Matrix] = {}
        self._ends: set[Tensor] = set()
        super().__init__(params, settings)

    def arrange(self, net: nn.Module) -> None:
        """Read from a network which weights are matrices; without it those of two axes are.

        See :func:`neurop.training.optimizers.layouts.layouts`.
        """
        self._net, self._matrices, self._ends = net, layouts(net), ends(net)

    def matrix(self, weight: Tensor) -> Matrix | None:
        """Return the matrix that a weight is; None if it is none."""
        if self._net is None:
            return LAST_TWO if weight.ndim == 2 and not weight.is_complex() else None
        return self._matrices.get(weight)

    def is_end(self, weight: Tensor) -> bool:
        """Return whether a weight belongs to a first or last layer, as far as they are known."""
        return weight in self._ends

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the weights by their gradients, and return the loss of `closure`."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    direction = self.direction(weight, weight.grad, group)
                    weight.mul_(1 - group["lr"] * group["weight_decay"])
                    weight.sub_(direction, alpha=group["lr"])
        return loss

    def state_bytes(self) -> int:
        """Return the memory of the state of all weights that are trained."""
        return sum(
            weight.element_size() * self.state_numbers(weight)
            for group in self.param_groups
            for weight in group["params"]
            if weight.requires_grad
        )

    @abstractmethod
    def direction(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> Tensor:
        """Return the direction of the step of a weight, and update its state."""

    @abstractmethod
    def state_numbers(self, weight: Tensor) -> int:
        """Return how many numbers the state of a weight has."""

    def adam(self, weight: Tensor, gradient: Tensor, betas: tuple[float, float]) -> Tensor:
        r"""Return :math:`\hat m / (\sqrt{\hat v} + \epsilon)`, the direction of Adam."""
        state = self.state[weight]
        if not state:
            state["step"] = 0
            state["exp_avg"], state["exp_avg_sq"] = (torch.zeros_like(weight) for _ in range(2))
        state["step"] += 1
        first, second, gradient = map(real, (state["exp_avg"], state["exp_avg_sq"], gradient))
        first.lerp_(gradient, 1 - betas[0])
        second.mul_(betas[1]).addcmul_(gradient, gradient, value=1 - betas[1])
        found = adam_direction(first, second, state["step"], betas)
        return torch.view_as_complex(found) if weight.is_complex() else found


def adam_direction(first: Tensor, second: Tensor, step: int, betas: tuple[float, float]) -> Tensor:
    """Return the direction of Adam from the averages of a gradient and of its square."""
    size = (second / (1 - betas[1] ** step)).sqrt_().add_(EPS)
    return (first / (1 - betas[0] ** step)).div_(size)


def real(values: Tensor) -> Tensor:
    """Return complex numbers as pairs of real ones, and real ones as they are."""
    return torch.view_as_real(values) if values.is_complex() else values
