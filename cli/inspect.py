"""``neurop inspect FILE``: show the fields, axes and settings of a data file."""

from __future__ import annotations

from collections.abc import Sequence

from neurop.errors import InputError

from ._console import table

USAGE = "Usage: neurop inspect FILE [FILE ...]"


def run(words: Sequence[str]) -> None:
    """Print format, fields, axes and attributes of each file; raise InputError without a file."""
    if not words or any(word.startswith("-") for word in words):
        raise InputError(f"it takes the names of files; {USAGE[0].lower()}{USAGE[1:]}")
    from neurop.formats.inspect import inspect

    for word in words:
        report = inspect(word)
        print(f"{word}: {report.format}")
        if report.facts:
            print("  " + ", ".join(f"{k}={v}" for k, v in report.facts.items()))
        rows = [
            [f.name, " ".join(f.axes), f.shape, f.unit or None, f.dtype, f.missing or None]
            for f in report.fields
        ]
        table("Fields", ["name", "axes", "shape", "unit", "type", "missing"], rows)
        if report.axes:
            columns = ["name", "points", "first", "last", "step", "unit", "boundary"]
            plain = [
                [a.name, a.points, a.first, a.last, a.step, a.unit, a.boundary] for a in report.axes
            ]
            table(
                "Axes", columns, [[cell if cell != "" else None for cell in row] for row in plain]
            )
        if report.conditions:
            table(
                "Conditions: what goes in and is not predicted",
                ["name", "role", "unit", "low", "high"],
                [
                    [c.name, c.role, c.unit, c.low or None, c.high or None]
                    for c in report.conditions
                ],
            )
        if report.yaml:
            print(
                "Settings that read it (neurop train data=file data.path=..., or a file in "
                "--config-dir DIR/data/):"
            )
            print("\n".join(f"  {line}" for line in report.yaml.splitlines()))
        if report.hint:
            print(f"  # {report.hint}")
