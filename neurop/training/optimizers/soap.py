"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.training.optimizers.matrix_optimizer import MatrixOptimizer, adam_direction

SIDES = ("left", "right")


class SOAP(MatrixOptimizer):
    r"""Adam in the eigenbases of the second moments of a matrix's gradient; AdamW for the others.

    .. math:: L \leftarrow \beta_2 L + (1 - \beta_2) \sum_j G_j G_j^T, \qquad
       R \leftarrow \beta_2 R + (1 - \beta_2) \sum_j G_j^T G_j, \qquad
       G'_j = Q_L^T G_j\, Q_R

    with the eigenvectors :math:`Q_L` of L and :math:`Q_R` of R. Adam's average of the squares is
    that of :math:`G'`, and its direction is turned back. The eigenvectors are those of the first
    gradient at first; every `interval` steps one power iteration and a QR decomposition follow the
    averages. The first step only begins the averages.

    The gradients :math:`G_j` of a weight are its matrices: those of all modes, real and imaginary
    parts one by one, share the two averages. Averages of each mode would have 4 to 8 times the
    memory of a spectral weight, and one gradient per step each; those of all modes are a few
    numbers, known well after one step, and the squares of each mode keep its own size. Which
    weights are matrices says :func:`neurop.training.optimizers.layouts.layouts`.

    Source: Vyas et al., SOAP: Improving and stabilizing Shampoo using Adam, ICLR 2025,
    arXiv:2409.11321.

    Parameters
    ----------
    params
        Weights.
    lr
        Learning rate.
    betas
        Decay of the averages of gradient and squared gradient, the latter also of L and R.
    weight_decay
        Decay of the weights per step, times the learning rate.
    interval
        Number of steps between changes of the bases.
    largest
        Largest number of rows or columns with a basis; longer sides keep the identity. With 1 this
        is AdamW.

    Raises
    ------
    InputError
        If a rate or the weight decay is below 0, a decay of an average is not in [0, 1), or
        `interval` or `largest` is below 1.

    Examples
    --------
    >>> from neurop.models import FNO
    >>> net = FNO(1, 1, modes=(4, 4), width=8, depth=1)
    >>> optimizer = SOAP(net.parameters(), lr=2e-3)
    >>> optimizer.arrange(net)
    >>> net(torch.randn(1, 1, 16, 16)).square().mean().backward()
    >>> optimizer.step()
    >>> optimizer.state[net.blocks[0].spectral.weight]["left_basis"].shape
    torch.Size([8, 8])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: Sequence[float] = (0.95, 0.95),
        weight_decay: float = 1e-5,
        interval: int = 10,
        largest: int = 1024,
    ) -> None:
        for name, value in (("interval", interval), ("largest", largest)):
            if value < 1:
                raise InputError.of(name, value, "give 1 or more")
        settings = {"lr": lr, "weight_decay": weight_decay, "interval": interval}
        super().__init__(params, **settings, betas=tuple(betas), largest=largest)

    def direction(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> Tensor:
        """Return the direction of the step of a weight, and update its state."""
        matrix, sides = self.matrix(weight), self._sides(weight, group["largest"])
        if matrix is None or not sides:
            return self.adam(weight, gradient, group["betas"])
        state, betas = self.state[weight], group["betas"]
        stack = matrix.stack(gradient).flatten(0, 1)
        if not state:
            state["step"], state["exp_avg"] = 0, torch.zeros_like(weight)
            state["rotated_sq"] = torch.zeros_like(stack)
            for side in sides:
                state[side] = _moments(stack, side)
                # The largest first, as the power iteration orders them.
                state[f"{side}_basis"] = torch.linalg.eigh(state[side])[1].flip(1)
            return torch.zeros_like(weight)
        state["step"] += 1
        average = matrix.stack(state["exp_avg"].lerp_(gradient, 1 - betas[0])).flatten(0, 1)
        bases = [state.get(f"{side}_basis") for side in SIDES]
        rotated, squares = _rotated(stack, *bases), state["rotated_sq"]
        squares.mul_(betas[1]).addcmul_(rotated, rotated, value=1 - betas[1])
        found = adam_direction(_rotated(average, *bases), squares, state["step"], betas)
        back = _rotated(found, *(None if basis is None else basis.t() for basis in bases))
        for side in sides:
            state[side].lerp_(_moments(stack, side), 1 - betas[1])
            if state["step"] % group["interval"] == 0:
                _follow(state, side)
        return matrix.unstack(back, weight.shape)

    def state_numbers(self, weight: Tensor) -> int:
        """Return how many numbers the state of a weight has."""
        sides = self._sides(weight, self.defaults["largest"])
        return 2 * weight.numel() + sum(2 * size**2 for size in sides.values())

    def _sides(self, weight: Tensor, largest: int) -> dict[str, int]:
        """Return the sizes of the sides that have a basis."""
        matrix = self.matrix(weight)
        sizes = () if matrix is None else matrix.sizes(weight.shape)[2:]
        return {side: size for side, size in zip(SIDES, sizes) if 1 < size <= largest}


def _moments(stack: Tensor, side: str) -> Tensor:
    """Return the sum over matrices of G G^T (left) or G^T G (right)."""
    lines = (stack if side == "right" else stack.transpose(1, 2)).flatten(0, 1)
    return lines.t() @ lines


def _rotated(stack: Tensor, left: Tensor | None, right: Tensor | None) -> Tensor:
    """Return the matrices Q_L^T G Q_R; None is the identity."""
    stack = stack if left is None else left.t() @ stack
    return stack if right is None else stack @ right


def _follow(state: dict[str, Any], side: str) -> None:
    """Bring a basis nearer to the eigenvectors of its average, sorted by eigenvalue."""
    basis, moments = state[f"{side}_basis"], state[side]
    applied = moments @ basis
    order = (basis * applied).sum(0).argsort(descending=True, stable=True)
    axis = 1 + SIDES.index(side)
    state["rotated_sq"] = state["rotated_sq"].index_select(axis, order)
    state[f"{side}_basis"] = torch.linalg.qr(applied[:, order])[0]
