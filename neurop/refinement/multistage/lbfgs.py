"""The published minimisation of a stage: Adam, then L-BFGS."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from neurop.refinement.multistage.adam import adam
from neurop.refinement.multistage.rows import Rows


@dataclass(frozen=True)
class LBFGS:
    """Full-batch Adam, then L-BFGS with the strong Wolfe conditions.

    Parameters
    ----------
    steps
        Of Adam.
    iterations
        Of L-BFGS, at most.
    history
        Pairs that L-BFGS keeps.

    References
    ----------
    Wang and Lai, Multi-stage neural networks, J. Comput. Phys. 504 (2024) 112865, arXiv:2307.08934.
    """

    steps: int = 5000
    iterations: int = 10000
    history: int = 100

    def __call__(self, rows: Rows, theta: Tensor) -> Tensor:
        """Return the parameters of the least rows that were found."""
        theta = adam(rows, theta, self.steps).requires_grad_()
        optimizer = torch.optim.LBFGS(
            [theta],
            max_iter=self.iterations,
            max_eval=2 * self.iterations,
            tolerance_grad=0,
            tolerance_change=0,
            history_size=self.history,
            line_search_fn="strong_wolfe",
        )

        def loss() -> Tensor:
            optimizer.zero_grad()
            value = rows(theta).square().sum()
            value.backward()
            return value

        optimizer.step(loss)
        return theta.detach()
