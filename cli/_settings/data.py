"""Create the data set that a configuration names."""

from __future__ import annotations

from typing import Any

from neurop.source import Source, check_source

from .build import build


def data_set(node: Any) -> Source:
    """Return the data set of a node of the configuration.

    Raises
    ------
    InputError
        As :func:`build`, and if the object is not a :class:`neurop.source.Source`.
    """
    return check_source(build(node))
