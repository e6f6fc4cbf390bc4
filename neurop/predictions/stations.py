"""Tables of stations: points at which predictions are evaluated."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from neurop.errors import InputError, nearest
from neurop.fields.standard_names import canonical
from neurop.geometry.grid import Grid
from neurop.inference.where import AtPoints

NAMES = ("name", "id", "station", "station_name", "station_id")
"""Columns that may hold the name of a station."""


def read_stations(path: str | Path, grid: Grid) -> AtPoints:
    r"""Return the points of a CSV file with one column per axis of the grid, and their names.

    Parameters
    ----------
    path
        File whose first line names the columns: those of the axes (also ``lat`` and ``lon``), in
        the units of the grid, and optionally ``name`` or ``id``; others are not read.
    grid
        Grid of the surrogate.

    Raises
    ------
    InputError
        If the file has no such columns, no points, or something else than numbers in them.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "stations.csv")
    >>> _ = path.write_text("name,lat,lon\nPotsdam,52.4,13.1\n")
    >>> read_stations(path, Grid.latlon()).points
    array([[52.4, 13.1]])
    """
    path = Path(path)
    if not path.is_file():
        raise InputError.in_file(path, "no such file; correct the path")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            sample = file.read(4096)
            file.seek(0)
            separator = ";" if sample.split("\n", 1)[0].count(";") else ","
            reader = csv.reader(file, delimiter=separator)
            numbered = [(reader.line_num, row) for row in reader if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError.in_file(path, f"no table of text ({error}); give CSV") from error
    rows = [row for _, row in numbered]
    header = [cell.strip() for cell in rows[0]] if rows else []
    columns = {
        name if name in grid.names else canonical(name.lower()): i for i, name in enumerate(header)
    }
    for axis in grid.names:
        if axis not in columns:
            shown = ", ".join(header) or "nothing"
            remedy = f"its first line has {shown}; name a column '{axis}'; {nearest(axis, header)}"
            raise InputError.in_file(path, remedy)
    if len(rows) < 2:
        raise InputError.in_file(path, "has no station below its first line; add one")
    points, names = [], []
    label = next((i for i, name in enumerate(header) if name.lower() in NAMES), None)
    for number, row in numbered[1:]:
        try:
            points.append([float(row[columns[axis]]) for axis in grid.names])
        except (ValueError, IndexError):
            remedy = f"line {number} has no numbers for {', '.join(grid.names)}: {row}"
            raise InputError.in_file(path, remedy) from None
        names.append(row[label].strip() if label is not None and label < len(row) else "")
    found = np.array(points, np.float64)
    if not np.isfinite(found).all():
        raise InputError.in_file(path, "has coordinates that are not finite; correct them")
    return AtPoints(
        found, tuple(n or str(i) for i, n in enumerate(names)) if label is not None else ()
    )
