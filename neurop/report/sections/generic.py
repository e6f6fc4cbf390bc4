"""Blocks for results that have no section of their own, from the shape of their JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurop.report.blocks import Table
from neurop.report.text import words

ORIGIN = frozenset(
    [
        "model",
        "checkpoint",
        "parameters",
        "data",
        "train_shape",
        "device",
        "versions",
        "machine",
        "data_hash",
        "split",
        "samples",
        "resolution",
        "unit",
        "time_unit",
    ]
)
"""Entries that say where numbers come from: other sections have them."""
MOST_ROWS = 12
SIZES = ("shape", "resolution", "modes", "points", "grid")
INDICES = ("lead", "leads", "lead time", "step", "steps", "time")


def tables(title: str, record: Mapping[str, Any], known: frozenset[str] = ORIGIN) -> list[Table]:
    """Return tables of the entries of a result.

    Single values are rows of one table. Mappings to single values are tables with a row per name,
    together if they have the same names. Lists of equal length, also those in mappings, are the
    columns of a table, of which evenly spaced rows are shown. A list of mappings is a table with a
    row for each.

    Parameters
    ----------
    title
        What the result is.
    record
        Content of a JSON file.
    known
        Entries to leave out.
    """
    single: list[list[Any]] = []
    named: dict[tuple[str, ...], dict[str, Any]] = {}
    listed: dict[int, dict[str, Any]] = {}
    found: list[Table] = []
    for key, value in record.items():
        if key in known:
            continue
        if _is_single(key, value):
            single.append([words(key), value])
        elif isinstance(value, Mapping):
            inside = value.values()
            if all(_is_single(key, one) for one in inside):
                named.setdefault(tuple(value), {})[words(key)] = value
            elif all(_is_column(one) for one in inside):
                for name, one in value.items():
                    listed.setdefault(len(one), {})[f"{words(key)}: {name}"] = one
            else:
                found += tables(f"{title}: {words(key)}", value, known)
        elif _is_column(value):
            listed.setdefault(len(value), {})[words(key)] = value
        elif value and all(isinstance(row, Mapping) for row in value):
            columns = list(dict.fromkeys(name for row in value for name in row))
            rows = [[row.get(name) for name in columns] for row in value]
            found.append(Table(f"{title}: {words(key)}", [*map(words, columns)], thinned(rows)))
    parts = [Table(title, (), single)] if single else []
    for names, values in named.items():
        if names:
            rows = [[name, *(one[name] for one in values.values())] for name in names]
            parts.append(Table(f"{title}: {', '.join(values)}", ["", *values], rows))
    parts += [_columns(title, count, values) for count, values in listed.items() if count]
    return parts + found


def _columns(title: str, count: int, values: dict[str, Any]) -> Table:
    """Return a table of lists of equal length, the lead time or the step first."""
    order = sorted(values, key=lambda name: name not in INDICES)
    if order[0] not in INDICES:
        values, order = {"entry": range(1, count + 1), **values}, ["entry", *order]
    rows = [list(row) for row in zip(*(values[name] for name in order), strict=True)]
    return Table(f"{title}: by {order[0].removesuffix('s')}", order, thinned(rows))


def _is_single(key: str, value: Any) -> bool:
    """Return whether a value has place in one cell: no list but sizes, and short lists of names."""
    if isinstance(value, Mapping):
        return False
    if not isinstance(value, list | tuple):
        return True
    sizes = any(word in key for word in SIZES) and all(type(one) is int for one in value)
    return sizes or (len(value) <= 4 and all(isinstance(one, str) for one in value))


def _is_column(value: Any) -> bool:
    return isinstance(value, list | tuple) and not any(
        isinstance(one, Mapping | list | tuple) for one in value
    )


def thinned(rows: list[Any]) -> list[Any]:
    """Return at most :data:`MOST_ROWS` evenly spaced rows, with the first and the last."""
    if len(rows) <= MOST_ROWS:
        return rows
    last = len(rows) - 1
    return [rows[round(i * last / (MOST_ROWS - 1))] for i in range(MOST_ROWS)]
