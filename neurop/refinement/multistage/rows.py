"""The least-squares rows of a stage, and their exact Jacobian."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

Function = Callable[[Tensor], Tensor]
"""Of one point, ``(axes,)``; returns a number."""
Block = tuple[Callable[..., Tensor], tuple[Tensor, ...]]
"""Function of a stage and of what belongs to one row, and that of all rows along the first axis."""


class Rows:
    r"""Rows :math:`\rho_i(\theta)` of a stage; the loss is :math:`\sum_i \rho_i^2`.

    Every block is divided by the square root of its number of rows, so the loss is the sum of the
    mean squares of the blocks.

    Parameters
    ----------
    stage
        Network whose parameters are sought.
    blocks
        Kinds of rows.

    Examples
    --------
    >>> stage = nn.Linear(1, 1, dtype=torch.float64)
    >>> x, y = torch.rand(2, 5, 1, dtype=torch.float64)
    >>> rows = Rows(stage, [(lambda u, x, y: (u(x) - y)[0], (x, y))])
    >>> theta = rows.start()
    >>> rows(theta).shape, rows.jacobian(theta).shape
    (torch.Size([5]), torch.Size([5, 2]))
    """

    def __init__(self, stage: nn.Module, blocks: Sequence[Block]) -> None:
        self.stage, self.blocks = stage, blocks
        self.names, parameters = zip(*stage.named_parameters())
        self.shapes = [p.shape for p in parameters]

    def start(self) -> Tensor:
        """Return the parameters of the stage as one vector."""
        return torch.cat([p.detach().reshape(-1) for p in self.stage.parameters()])

    def finish(self, theta: Tensor) -> None:
        """Give parameters to the stage."""
        self.stage.load_state_dict(self._named(theta.detach()))

    def __call__(self, theta: Tensor) -> Tensor:
        """Return all rows."""
        named = self._named(theta)

        def one(row: Callable[..., Tensor]) -> Callable[..., Tensor]:
            return lambda *data: row(self._function(named), *data)

        return torch.cat([vmap(one(row))(*data) / len(data[0]) ** 0.5 for row, data in self.blocks])

    def jacobian(self, theta: Tensor) -> Tensor:
        """Return the derivatives of all rows, ``(rows, parameters)``."""

        def one(row: Callable[..., Tensor]) -> Callable[..., Tensor]:
            return lambda theta, *data: row(self._function(self._named(theta)), *data)

        return torch.cat(
            [
                vmap(grad(one(row)), (None, *[0] * len(data)))(theta, *data) / len(data[0]) ** 0.5
                for row, data in self.blocks
            ]
        )

    def _named(self, theta: Tensor) -> dict[str, Tensor]:
        parts = theta.split([shape.numel() for shape in self.shapes])
        return {n: part.reshape(s) for n, part, s in zip(self.names, parts, self.shapes)}

    def _function(self, named: dict[str, Tensor]) -> Function:
        return lambda x: functional_call(self.stage, named, (x,))
