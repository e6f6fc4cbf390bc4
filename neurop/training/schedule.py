"""Learning-rate schedules."""

from __future__ import annotations

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from neurop.errors import InputError


def warmup_cosine(
    optimizer: Optimizer, steps: float, warmup: float = 0.05, final: float = 0.01
) -> LambdaLR:
    r"""Return a linear warm-up followed by cosine annealing, advanced at each step.

    With :math:`s` the step and :math:`w` the steps of the warm-up the learning rate is multiplied
    by :math:`(s+1)/w` for :math:`s < w`, then by :math:`f + (1-f)\,\tfrac12 (1 + \cos \pi
    \tfrac{s-w}{S-w})`.

    Source: Loshchilov and Hutter, SGDR, 2017, arXiv:1608.03983.

    Parameters
    ----------
    optimizer
        Optimizer; its learning rate is the peak.
    steps
        Number S of optimizer steps of the training.
    warmup
        Fraction of the steps before the peak.
    final
        Learning rate at the end, as a fraction of the peak.

    Raises
    ------
    InputError
        If a share is not in [0, 1], or `steps` is not finite.

    Examples
    --------
    >>> import torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    >>> schedule = warmup_cosine(optimizer, steps=10, warmup=0.2, final=0.0)
    >>> [round(schedule.lr_lambdas[0](s), 3) for s in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    for name, share in (("warmup", warmup), ("final", final)):
        if not 0 <= share <= 1:
            raise InputError.of(name, share, "give a share between 0 and 1")
    if not 0 < steps < math.inf:
        raise InputError(
            f"the schedule needs to know the number of steps, not {steps}; give max_epochs "
            "or max_steps",
            "steps",
            steps,
        )
    rising = round(warmup * steps)

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        done = min((step - rising) / max(steps - rising, 1), 1.0)
        return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * done))

    return LambdaLR(optimizer, factor)
