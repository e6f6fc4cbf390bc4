"""What a file must read as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid

N, T, X, Y, Z = 3, 4, 6, 5, 3


@dataclass(frozen=True)
class Truth:
    """What a file must read as.

    `values` and `targets` are ``(sample, time, channel, *grid)``; `settings` are what the user must
    say, where the file does not; `tolerance` is relative to the largest value, for packed numbers.
    """

    format: str
    fields: tuple[str, ...]
    values: np.ndarray
    grid: Grid
    times: np.ndarray | None = None
    targets: np.ndarray | None = None
    target_fields: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    tolerance: float = 0.0


def noise(*shape: int, seed: int = 0, dtype: Any = np.float32) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def flat(
    names: str,
    boundary: str,
    layout: str,
    length: float | Sequence[float] = 1.0,
    start: float = 0.0,
    unit: str = "1",
) -> Grid:
    lengths = [length] * len(names) if isinstance(length, int | float) else length
    return Grid(
        tuple(
            Axis(name, boundary, start, float(size), unit, layout)
            for name, size in zip(names, lengths)
        )
    )
