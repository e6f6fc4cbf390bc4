"""Filters by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from torch import nn

from neurop.errors import InputError, nearest
from neurop.layers.filters.dense import DenseFilter
from neurop.layers.filters.dynamic import DynamicFilter
from neurop.layers.filters.polar import PolarFilter

Filter = Literal["polar", "dynamic", "dense"]
FILTERS: dict[str, Callable[[Sequence[int], int], nn.Module]] = {
    "polar": PolarFilter,
    "dynamic": DynamicFilter,
    "dense": DenseFilter,
}


def named(name: str) -> Callable[[Sequence[int], int], nn.Module]:
    """Return the filter of a name, a class; raise InputError if there is none.

    Examples
    --------
    >>> named("polar").__name__
    'PolarFilter'
    """
    if name not in FILTERS:
        raise InputError.of("filter", name, nearest(name, FILTERS))
    return FILTERS[name]
