"""Test sets on other grids than that of the training."""

from __future__ import annotations

from collections.abc import Callable

from neurop.card import Card
from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.geometry.axis import BOTH_ENDS
from neurop.source import Source

FACTORS = (1, 2, 4)
"""Refinements of the training grid that are evaluated if the data have them."""


def shape_at(resolution: int, card: Card) -> tuple[int, ...]:
    """Return the shape with `resolution` points on the first axis, in proportion to training.

    An axis with both ends has one point more than intervals, and the intervals are in proportion.

    Parameters
    ----------
    resolution
        Points of the first axis.
    card
        Card of the surrogate.

    Returns
    -------
    tuple of int
        Points per axis.
    """
    ends = [int(axis.layout in BOTH_ENDS) for axis in card.grid.axes]
    factor = (resolution - ends[0]) / (card.shape[0] - ends[0])
    return tuple(
        max(round((n - end) * factor) + end, 2) for n, end in zip(card.shape, ends, strict=True)
    )


def finer_sets(
    source: Source, card: Card, skipped: Callable[[int, str], None] = lambda _, __: None
) -> dict[int, FieldSet]:
    """Return the test set by resolution: at 1, 2 and 4 times that of the training, if available.

    Parameters
    ----------
    source
        Data set.
    card
        Card of the surrogate.
    skipped
        Function that is called with each missing resolution and the reason.

    Raises
    ------
    InputError
        If the data have only the training grid.
    """
    end = int(card.grid.axes[0].layout in BOTH_ENDS)
    found: dict[int, FieldSet] = {}
    reason = ""
    for factor in FACTORS:
        resolution = (card.shape[0] - end) * factor + end
        try:
            found[resolution] = source.at(shape_at(resolution, card))
        except InputError as error:
            reason = str(error)
            skipped(resolution, reason)
    if all(data.shape == card.shape for data in found.values()):
        raise InputError(
            f"the data have no other grid than that of the training ({reason}); give other data, "
            "or resolutions that they have",
            "resolution",
            card.shape,
        )
    return found
