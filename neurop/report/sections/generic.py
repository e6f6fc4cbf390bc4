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


def tables(title: str, record: Mapping[str, Any], known: frozenset[str] = ORIGIN) -> list[Table]:
    """Return tables of the entries of a result.

    Single values are rows of one table; mappings to single values are tables of their own, or one
    together if they have the same keys; lists of equal length are the columns of a table, of which
    evenly spaced rows are shown; a list of mappings is a table with a row for each.

    Parameters
    ----------
    title
        What the result is.
    record
        Content of a JSON file.
    known
        Entries to leave out.
    """
    entries = {key: value for key, value in record.items() if key not in known}
    single = [[words(key), value] for key, value in entries.items() if not _nested(value)]
    found = [Table(title, (), single)] if single else []
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    for key, value in entries.items():
        if isinstance(value, Mapping) and value and not any(map(_nested, value.values())):
            groups.setdefault(("by", *value), {})[key] = value
        elif _is_list(value) and value and not any(map(_nested, value)):
            groups.setdefault(("of", len(value)), {})[key] = value
        elif _is_list(value) and value and all(isinstance(row, Mapping) for row in value):
            columns = list(dict.fromkeys(name for row in value for name in row))
            rows = [[row.get(name) for name in columns] for row in value]
            found.append(Table(f"{title}: {words(key)}", [*map(words, columns)], _thinned(rows)))
        elif isinstance(value, Mapping) and value:
            found += tables(f"{title}: {words(key)}", value, known)
    for (kind, *names), columns in groups.items():
        what = f"{title}: {', '.join(map(words, columns))}"
        if kind == "by":
            rows = [[name, *(values[name] for values in columns.values())] for name in names]
            found.append(Table(what, ["", *map(words, columns)], rows))
        else:
            rows = [list(row) for row in zip(range(1, names[0] + 1), *columns.values())]
            found.append(Table(what, ["entry", *map(words, columns)], _thinned(rows)))
    return found


def _nested(value: Any) -> bool:
    return isinstance(value, Mapping) or (_is_list(value) and not _is_shape(value))


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _is_shape(value: Any) -> bool:
    """Return whether a list is read as one value: sizes, or few names."""
    return 0 < len(value) <= 4 and all(type(one) is int or isinstance(one, str) for one in value)


def _thinned(rows: list[Any]) -> list[Any]:
    if len(rows) <= MOST_ROWS:
        return rows
    last = len(rows) - 1
    return [rows[round(i * last / (MOST_ROWS - 1))] for i in range(MOST_ROWS)]
