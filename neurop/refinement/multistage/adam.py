"""Full-batch Adam on the rows of a stage."""

from __future__ import annotations

import torch
from torch import Tensor

from neurop.refinement.multistage.rows import Rows


def adam(rows: Rows, theta: Tensor, steps: int, lr: float = 1e-3) -> Tensor:
    """Return parameters after a number of steps."""
    theta = theta.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([theta], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        rows(theta).square().sum().backward()
        optimizer.step()
    return theta.detach()
