"""The part of a grid on which a surrogate predicts, where a mask is among its conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from neurop.metrics.measure import Measure, Weights

if TYPE_CHECKING:
    from neurop.card import Card


def inside(card: Card, given: Tensor | None) -> Tensor | None:
    """Return the cells of the domain, booleans ``(batch, *grid)``; None without a mask.

    Parameters
    ----------
    card
        Card of the surrogate.
    given
        Conditions of one step, ``(batch, given channels, *grid)``.
    """
    first = 0
    for known in card.conditions:
        if known.role == "mask" and given is not None:
            return given[:, first] > 0.5
        first += len(known.channels)
    return None


def measure(card: Card, like: Tensor, given: Tensor | None) -> Weights:
    """Return the cell measure of the domain, for fields such as `like`.

    Parameters
    ----------
    card
        Card of the surrogate.
    like
        Fields ``(batch, ..., *grid)``, whose device and precision the measure has.
    given
        Conditions of one step, ``(batch, given channels, *grid)``, or of several, ``(batch, steps,
        given channels, *grid)``, whose mask is the same.
    """
    axes = card.grid.dimensions
    cells = card.grid.measure(like.shape[-axes:], like)
    if given is not None and given.dim() > 2 + axes:
        given = given[:, 0]
    domain = inside(card, given)
    return cells if domain is None else Measure(cells, domain)
