"""Arrays of fields that are read from their file on demand."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.memory import check_fits

Read = Callable[[slice, slice], NDArray[Any]]
"""Function that reads ``(samples, frames, channel, *grid)`` of two ranges; it can be pickled."""

CACHE = 2**28
"""Bytes of cached blocks per array."""


class Lazy:
    """Fields ``(sample, time, channel, *grid)``, read in blocks on demand.

    Slices of samples and frames are views without a read; any other index returns a NumPy array.
    The blocks, which follow the chunks of the file, are cached, so that all windows of a block need
    one read.

    Parameters
    ----------
    read
        Function that reads a part; see :data:`Read`.
    shape
        Shape of the complete array.
    block
        Number of samples and frames per read.
    key
        Identifier of the stored values: file, size, modification time and reading options.
        Statistics are cached under it.

    Examples
    --------
    >>> array = np.arange(24.0).reshape(2, 4, 1, 3)
    >>> lazy = Lazy(lambda samples, frames: array[samples, frames], array.shape, (1, 2), "doc")
    >>> lazy[1:, 1:3].shape, lazy[1, 2, 0].tolist()
    ((1, 2, 1, 3), [18.0, 19.0, 20.0])
    """

    dtype = np.dtype(np.float32)

    def __init__(
        self, read: Read, shape: tuple[int, ...], block: tuple[int, int], key: str
    ) -> None:
        self._read, self._full_shape = read, tuple(shape)
        self.block = (max(1, min(block[0], shape[0])), max(1, min(block[1], shape[1])))
        self._samples, self._frames = range(shape[0]), range(shape[1])
        self._key = key
        self._cached: OrderedDict[tuple[int, int], NDArray[Any]] = OrderedDict()

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of samples, frames, channels and points per axis."""
        return (len(self._samples), len(self._frames), *self._full_shape[2:])

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self._full_shape)

    @property
    def nbytes(self) -> int:
        """Number of bytes of the values in memory."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def key(self) -> str:
        """Identifier of these values."""
        return f"{self._key} {self._samples} {self._frames}"

    @property
    def offset(self) -> tuple[int, int]:
        """Index of the first sample and frame in the file."""
        return self._samples.start, self._frames.start

    def __len__(self) -> int:
        return len(self._samples)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        made = self._part(self._samples, self._frames)
        return made if dtype is None else made.astype(dtype, copy=False)

    def __getitem__(self, key: Any) -> Any:
        key = key if isinstance(key, tuple) else (key,)
        samples, frames, *rest = key + (slice(None),) * (2 - len(key))
        if not all(isinstance(k, int | np.integer | slice) for k in (samples, frames)):
            return np.asarray(self)[key]
        picked = [_picked(of, k) for of, k in ((self._samples, samples), (self._frames, frames))]
        if (
            isinstance(samples, slice)
            and isinstance(frames, slice)
            and not rest
            and all(p.step == 1 for p in picked)
        ):
            return self._view(*picked)
        # The read covers the range of the picked entries; a negative step counts from its end.
        part = self._part(*(range(min(p), max(p) + 1) if len(p) else range(0) for p in picked))
        within = [
            slice(None, None, p.step) if isinstance(k, slice) else 0
            for k, p in zip((samples, frames), picked, strict=True)
        ]
        return part[(*within, *rest)]

    def __getstate__(self) -> dict[str, Any]:
        # Another process reads the blocks itself.
        return self.__dict__ | {"_cached": OrderedDict()}

    def _view(self, samples: range, frames: range) -> Lazy:
        view = object.__new__(Lazy)
        # Views of one array share its cached blocks.
        view.__dict__ = self.__dict__ | {"_samples": samples, "_frames": frames}
        return view

    def _part(self, samples: range, frames: range) -> NDArray[Any]:
        shape = (len(samples), len(frames), *self._full_shape[2:])
        if (size := math.prod(shape) * self.dtype.itemsize) > CACHE:
            remedy = "leave them in the file (lazy=true), or use fewer or coarser ones"
            check_fits(f"fields of shape {shape}", size, remedy)
        out = np.empty(shape, self.dtype)
        (per_s, per_f) = self.block
        for i in range(samples.start // per_s, -(-samples.stop // per_s)) if len(samples) else ():
            for j in range(frames.start // per_f, -(-frames.stop // per_f)) if len(frames) else ():
                s0, s1 = max(samples.start, i * per_s), min(samples.stop, (i + 1) * per_s)
                f0, f1 = max(frames.start, j * per_f), min(frames.stop, (j + 1) * per_f)
                block = self._block(i, j)[
                    s0 - i * per_s : s1 - i * per_s, f0 - j * per_f : f1 - j * per_f
                ]
                out[
                    s0 - samples.start : s1 - samples.start, f0 - frames.start : f1 - frames.start
                ] = block
        return out

    def _block(self, i: int, j: int) -> NDArray[Any]:
        if (i, j) in self._cached:
            self._cached.move_to_end((i, j))
            return self._cached[i, j]
        (per_s, per_f), (samples, frames) = self.block, self._full_shape[:2]
        found = self._read(
            slice(i * per_s, min((i + 1) * per_s, samples)),
            slice(j * per_f, min((j + 1) * per_f, frames)),
        )
        self._cached[i, j] = block = np.ascontiguousarray(found, self.dtype)
        while len(self._cached) > 1 and sum(b.nbytes for b in self._cached.values()) > CACHE:
            self._cached.popitem(last=False)
        return block


def _picked(of: range, key: Any) -> range:
    if isinstance(key, slice):
        return of[key]
    number = of[int(key)]
    return range(number, number + 1)


def blocks(
    values: NDArray[Any] | Lazy, size: int = 2**25
) -> Iterator[tuple[int, int, NDArray[Any]]]:
    """Yield sample, first frame, values ``(frames, channel, *grid)`` of blocks of `size` bytes."""
    frame = max(math.prod(values.shape[2:]) * values.dtype.itemsize, 1)
    frames = max(1, size // frame)
    if isinstance(values, Lazy):
        # Complete blocks of the file, or each would be read twice.
        frames = max(1, frames // values.block[1]) * values.block[1]
    for sample in range(len(values)):
        for first in range(0, values.shape[1], frames):
            yield sample, first, np.asarray(values[sample, first : first + frames])
