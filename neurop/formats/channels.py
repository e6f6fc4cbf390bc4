"""Arrays of one file as one array of channels, read in blocks when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.fields.lazy import Lazy
from neurop.formats.axes import Order, reorder
from neurop.formats.content import Array, FileContent
from neurop.formats.handles import fingerprint

BLOCK = 2**23
"""Bytes that are read together at least, where the file's chunks are smaller."""


def stack_arrays(
    arrays: Sequence[Array],
    content: FileContent,
    channels: int,
    names: Sequence[str],
    sizes: tuple[int, ...],
    orders: Mapping[str, Order],
    time: Order,
) -> Lazy:
    """Return arrays of a file as one, ``(sample, time, channel, *grid)``, that reads nothing yet.

    Parameters
    ----------
    arrays, content
        The arrays and the file that they are of.
    channels
        Number of channels that they have together.
    names
        Axes of the grid, in its order.
    sizes
        Samples, frames and points of the stored arrays.
    orders, time
        Order of the points per axis, where they are to be sorted, and of the frames.
    """
    level = np.argsort(content.lines["level"].values) if "level" in content.lines else None
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
    # An order may leave out a point: the last longitude where it is the first again.
    points = [
        len(orders[name]) if name in orders else n for name, n in zip(names, sizes[2:], strict=True)
    ]
    shape = (*sizes[:2], channels, *points)
    how = " ".join(f"{a.name}:{','.join(a.axes)}" for a in arrays)
    return Lazy(parts, shape, (samples, frames), f"{fingerprint(content.path)} {how}")


def _ascending(order: Order) -> bool:
    return bool(np.array_equal(order, np.arange(len(order))))


@dataclass(frozen=True)
class _Parts:
    """Reads blocks of several arrays as ``(samples, frames, channel, *grid)``."""

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
        # NetCDF-3 and MATLAB hold big-endian numbers too.
        with np.errstate(
            over="ignore"
        ):  # what is too large becomes infinite, which is found and named
            values = values.astype(np.float32, copy=False)
        # A time of one entry and a sample axis that is not there are the same thing: an axis of
        # length 1.
        order = ["sample", "time", "channel" if "channel" in array.axes else "level", *self.names]
        values = values.transpose([array.axes.index(a) for a in order if a in array.axes])
        values = np.expand_dims(values, [i for i, a in enumerate(order) if a not in array.axes])
        if self.time is not None and "time" in array.axes:
            values = values[:, self.time[frames] - stored.start]
        if self.level is not None and "level" in array.axes:
            values = values[:, :, self.level]
        whole = (
            samples.stop - samples.start,
            frames.stop - frames.start,
            values.shape[2],
            *self.sizes[2:],
        )
        return reorder(np.broadcast_to(values, whole), self.orders)


def _span(numbers: Order) -> slice:
    return slice(int(numbers.min()), int(numbers.max()) + 1)
