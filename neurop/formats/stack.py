"""Stack the arrays of one file as channels of one array, which is read lazily in blocks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.fields.lazy import CACHE, Lazy
from neurop.formats.axes import Order, reorder
from neurop.formats.content import Array, FileContent
from neurop.formats.open_files import fingerprint

BLOCK = 2**23
"""Least number of bytes per read, if the chunks of the file are smaller."""


def stack_arrays(
    arrays: Sequence[Array],
    content: FileContent,
    channels: int,
    names: Sequence[str],
    sizes: tuple[int, ...],
    orders: Mapping[str, Order],
    time: Order,
) -> Lazy:
    """Return arrays of a file as one lazy array, ``(sample, time, channel, *grid)``.

    Parameters
    ----------
    arrays, content
        Arrays to stack, and the content of their file.
    channels
        Total number of channels.
    names
        Names of the grid's axes, in order.
    sizes
        Samples, frames and points of the stored arrays.
    orders, time
        Order of the points of each axis that must be sorted, and of the frames.
    """
    level = (
        np.argsort(content.coordinates["level"].values) if "level" in content.coordinates else None
    )
    parts = _Parts(
        tuple(arrays),
        tuple(names),
        sizes,
        tuple(orders.get(name) for name in names),
        None if _ascending(time) else time,
        level,
    )
    frame = 4 * channels * math.prod(sizes[2:])
    chunks = [dict(zip(a.axes, a.chunks or (), strict=False)) for a in arrays]
    frames = max(*(c.get("time", 0) for c in chunks), BLOCK // max(frame, 1), 1)
    samples = max(*(c.get("sample", 1) for c in chunks), 1)
    if any(map(_sample_is_fastest, arrays)):
        samples = max(samples, CACHE // max(frame * min(frames, sizes[1]), 1))
    # An order may leave out a point: a last longitude that repeats the first.
    points = [
        len(orders[name]) if name in orders else n for name, n in zip(names, sizes[2:], strict=True)
    ]
    shape = (*sizes[:2], channels, *points)
    how = " ".join(f"{a.name}:{','.join(a.axes)}" for a in arrays)
    return Lazy(parts, shape, (samples, frames), f"{fingerprint(content.path)} {how}")


def _sample_is_fastest(array: Array) -> bool:
    """Return whether the values of all samples at a point are next to each other in the file.

    One sample then needs as much reading as all of them.
    """
    stored = array.axes[::-1] if getattr(array.fetch, "reverse", False) else array.axes
    return array.chunks is None and len(stored) > 1 and stored[-1] == "sample"


def _ascending(order: Order) -> bool:
    return bool(np.array_equal(order, np.arange(len(order))))


@dataclass(frozen=True)
class _Parts:
    """Reader of blocks of several arrays as ``(samples, frames, channel, *grid)``."""

    arrays: tuple[Array, ...]
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    orders: tuple[Order | None, ...]
    time: Order | None
    level: Order | None

    def __call__(self, samples: slice, frames: slice) -> NDArray[Any]:
        return np.concatenate([self._one(array, samples, frames) for array in self.arrays], axis=2)

    def _one(self, array: Array, samples: slice, frames: slice) -> NDArray[Any]:
        stored = frames if self.time is None else _span(self.time[frames])
        where = {"sample": samples, "time": stored}
        values = np.asarray(
            array.fetch(tuple(where.get(a, slice(0, n)) for a, n in array.sizes().items()))
        )
        # NetCDF-3 and MATLAB store big-endian numbers too. A value too large for float32 becomes
        # infinite, which the check of finite values reports.
        with np.errstate(over="ignore"):
            values = values.astype(np.float32, copy=False)
        # A missing sample or time axis is an axis of length 1.
        order = ["sample", "time", "channel" if "channel" in array.axes else "level", *self.names]
        values = values.transpose([array.axes.index(a) for a in order if a in array.axes])
        values = np.expand_dims(values, [i for i, a in enumerate(order) if a not in array.axes])
        if self.time is not None and "time" in array.axes:
            values = values[:, self.time[frames] - stored.start]
        if self.level is not None and "level" in array.axes:
            values = values[:, :, self.level]
        shape = (
            samples.stop - samples.start,
            frames.stop - frames.start,
            values.shape[2],
            *self.sizes[2:],
        )
        return reorder(np.broadcast_to(values, shape), self.orders)


def _span(numbers: Order) -> slice:
    return slice(int(numbers.min()), int(numbers.max()) + 1)
