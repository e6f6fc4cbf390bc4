"""Test sets on other grids than that of the training."""

from __future__ import annotations

from collections.abc import Callable

from neurop.card import Card
from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.source import Source

FACTORS = (1, 2, 4)
"""Refinements of the training grid that are tried."""


def shape_at(resolution: int, card: Card) -> tuple[int, ...]:
    """Return the grid whose first axis has `resolution` points, the other axes in the proportion of
    the training grid.

    An axis that holds both its ends has one point more than it has intervals.

    Parameters
    ----------
    resolution
        Points of the first axis.
    card
        That of the surrogate.
    """
    ends = [int(axis.layout == "ends") for axis in card.grid.axes]
    factor = (resolution - ends[0]) / (card.shape[0] - ends[0])
    return tuple(
        max(round((n - end) * factor) + end, 2) for n, end in zip(card.shape, ends, strict=True)
    )


def finer_sets(
    source: Source, card: Card, skipped: Callable[[int, str], None] = lambda _, __: None
) -> dict[int, FieldSet]:
    """Return the test set by resolution: on the training grid and, as far as the data go, with its
    intervals halved and quartered.

    Parameters
    ----------
    source
        Data set.
    card
        That of the surrogate.
    skipped
        Called with each resolution that the data do not have, and the reason.

    Raises
    ------
    InputError
        If the data have the training grid alone.
    """
    end = int(card.grid.axes[0].layout == "ends")
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
