"""Physical fields from the output of a network: increments, resolution, constraints, domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from neurop.inference.diagnostics import base
from neurop.inference.domain import inside
from neurop.spectral import resample

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


def network_output(
    surrogate: Surrogate,
    y: Tensor,
    last: Tensor,
    given: Tensor | None,
    grid: Sequence[int] | None = None,
) -> Tensor:
    """Return the fields that a surrogate predicts, in physical units.

    Parameters
    ----------
    surrogate
        Surrogate, whose normaliser and constraints are used.
    y
        Output of its network, ``(batch, out channels, *grid)``.
    last
        Last input frame, in physical units; that of a map has other fields and is not used.
    given
        Conditions of the step, ``(batch, given channels, *grid)``.
    grid
        Points per axis of the result; those of `y` by default.
    """
    card = surrogate.card
    y = surrogate.output_norm.inverse(y)
    if card.problem.increments:
        y = y + base(card, last)
    if grid is not None:
        y = resample(y, card.grid, tuple(grid))
    domain = inside(card, given)
    if card.constraints:
        context = replace(surrogate.context, inside=domain)
        for constraint in card.constraints:
            y = constraint(y, last, context)
    if domain is None:
        return y
    outside = last if card.is_state else surrogate.output_norm.inverse(torch.zeros_like(y))
    return torch.where(domain[:, None], y, outside)
