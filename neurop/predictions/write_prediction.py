"""Write the blocks of a prediction to a file, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import xarray as xr

from neurop.inference.forecast import Block
from neurop.predictions.array_file import PredictionFile, prediction_file
from neurop.predictions.presentation import Presentation
from neurop.predictions.table_file import TableFile, table_file


@dataclass
class Written:
    """What was written.

    Parameters
    ----------
    ranges
        Smallest and largest value of each variable.
    first_not_finite
        Number of the first step with a value that is not finite, counted from 1; None without.
    """

    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    first_not_finite: int | None = None

    def add(self, block: Block) -> None:
        """Take the values of a block into account; NaN outside a mask is none of them."""
        for name, part in block.data.data_vars.items():
            values, inside = part.values, block.inside
            finite = np.isfinite(values)
            low, high = self.ranges.get(str(name), (np.inf, -np.inf))
            if finite.any():
                low = min(low, float(values.min(where=finite, initial=np.inf)))
                high = max(high, float(values.max(where=finite, initial=-np.inf)))
            self.ranges[str(name)] = low, high
            if inside is not None:
                between = [1] * (values.ndim - inside.ndim)
                finite |= ~inside.reshape(len(inside), *between, *inside.shape[1:])
            if not finite.all():
                axes = tuple(i for i, d in enumerate(part.dims) if d != "time")
                broken = ~finite.all(axes) if "time" in part.dims else np.array([True])
                step = block.steps.start + int(broken.argmax()) + 1
                self.first_not_finite = min(step, self.first_not_finite or step)


def write_prediction(
    path: Path,
    blocks: Iterator[Block],
    shown: Presentation,
    header: Callable[[xr.Dataset], xr.Dataset],
    counts: Mapping[str, int],
    advance: Callable[[int], None] = lambda amount: None,
    complete: Callable[[Block], xr.Dataset] = lambda block: block.data,
) -> Written:
    """Write the blocks of a prediction; the file has its name when all of it is written.

    Parameters
    ----------
    path
        Path with the suffix ``.nc``, ``.zarr`` or, for stations, ``.csv``.
    blocks
        Blocks from :func:`neurop.inference.forecast.forecast`.
    shown
        Presentation of each block.
    header
        Function from the first presented block to the coordinates and attributes of the file.
    counts
        Numbers of ``sample`` and ``time``.
    advance
        Function that is called with the number of states that were written.
    complete
        Function from a block to its data with further variables, such as error bands.

    Raises
    ------
    OSError
        If something cannot be written.
    """
    written, first = Written(), next(blocks)
    part = shown.block(complete(first))
    whole = header(part)
    sizes = {str(d): n for d, n in {**part.sizes, **whole.sizes}.items()}
    sizes |= {dim: count for dim, count in counts.items() if dim in sizes}
    opened: AbstractContextManager[PredictionFile | TableFile]
    opened = (
        table_file(path, whole) if path.suffix == ".csv" else prediction_file(path, whole, sizes)
    )
    with opened as file:
        for block in _chain(first, blocks):
            written.add(block)
            where: Mapping[str, slice] = {"sample": block.samples, "time": block.steps}
            file.write(shown.block(complete(block)), dict(where))
            advance(_length(block.samples) * _length(block.steps))
    return written


def _chain(first: Block, blocks: Iterator[Block]) -> Iterator[Block]:
    yield first
    yield from blocks


def _length(part: slice) -> int:
    return int(part.stop - part.start)
