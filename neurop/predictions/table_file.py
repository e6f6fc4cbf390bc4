"""Tables of predictions at stations, written in blocks of steps."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np
import xarray as xr

from neurop.files import replacing


class TableFile:
    """An open CSV file with one row per sample, station and time.

    Parameters
    ----------
    file
        Open text file.
    whole
        Coordinates of all predictions, with the times and what they count from.
    """

    def __init__(self, file: TextIO, whole: xr.Dataset) -> None:
        self._rows = csv.writer(file, lineterminator="\n")
        self._times = {n: whole[n] for n in ("time", "lead") if n in whole.coords}
        self._started = False

    def write(self, block: xr.Dataset, where: dict[str, slice]) -> None:
        """Write the rows of a block, whose samples and steps are those of `where`.

        Columns are ``sample`` if there are several, ``time`` and ``lead`` with its unit, the name
        and the coordinates of the station, and each variable with its unit.
        """
        times = list(self._times)
        place = [str(n) for n in block.coords if block[n].dims == ("station",)]
        place = [n for n in ("station_name",) if n in place] + [
            n for n in place if n != "station_name"
        ]
        sampled = "sample" in block.dims
        if not self._started:
            names = [*place, *map(str, block.data_vars)]
            columns = [*self._times.values(), *(block[n] for n in names)]
            self._rows.writerow([*["sample"] * sampled, *map(_with_unit, columns)])
            self._started = True
        first = where["sample"].start if sampled else 0
        order = [d for d in ("sample", "time", "station") if d in block.dims]
        shape = block.sizes.get("sample", 1), block.sizes.get("time", 1), block.sizes["station"]
        fields = [np.asarray(v.transpose(*order)).reshape(shape) for v in block.data_vars.values()]
        steps = where.get("time", slice(None))
        labels = [[_shown(v) for v in np.atleast_1d(self._times[n])[steps]] for n in times]
        sites = [block[n].values for n in place]
        for sample, step, station in np.ndindex(shape):
            row = [first + sample] * sampled + [line[step] for line in labels]
            row += [site[station] for site in sites]
            self._rows.writerow([*row, *(f"{v[sample, step, station]:.9g}" for v in fields)])


@contextmanager
def table_file(path: Path, whole: xr.Dataset) -> Iterator[TableFile]:
    """Open a CSV file to write predictions at stations to; it has its name when it is complete."""
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        yield TableFile(file, whole)


def _with_unit(column: xr.DataArray) -> str:
    unit = str(column.attrs.get("units", "1"))
    return str(column.name) if unit == "1" else f"{column.name} ({unit})"


def _shown(time: object) -> str:
    if isinstance(time, np.datetime64):
        return str(time.astype("datetime64[s]")) + "Z"
    return f"{time:.12g}" if isinstance(time, float | np.floating) else str(time)
