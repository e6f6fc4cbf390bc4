"""Reports on data files: their content, and settings that read them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.formats.assemble import assemble
from neurop.formats.axes import GLOBE
from neurop.formats.choose import ReadOptions, axes_like
from neurop.formats.conditions import KEYS
from neurop.formats.content import LEADING, Array, FileContent
from neurop.formats.detect import file_content
from neurop.formats.report import (
    AxisReport,
    ConditionReport,
    FieldReport,
    axis_report,
    condition_report,
    missing,
)
from neurop.geometry.sphere import Sphere
from neurop.printable import printable

BOUNDARY = "boundary: ???  # periodic, dirichlet, neumann or open (no condition); or by axis"


@dataclass(frozen=True)
class Report:
    """Report on a file: content, settings that read it (`yaml`), and settings to add (`hint`)."""

    format: str
    fields: tuple[FieldReport, ...]
    axes: tuple[AxisReport, ...]
    conditions: tuple[ConditionReport, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)
    yaml: str = ""
    hint: str = ""


def inspect(path: str | Path) -> Report:
    """Return the report of one file; the format is detected from its content.

    Raises
    ------
    InputError
        If there is no such file, its format is unknown, or it is damaged.
    """
    content = file_content(path)
    made, hint = None, ""
    unknown: list[str] = []
    try:
        made = assemble(content, lazy=True)
    except InputError as error:
        hint = str(error).removeprefix(f"{content.path}: ")
        if error.key == "boundary":
            # All else is known: the report shows it, with a mark in place of the boundary.
            made = assemble(content, ReadOptions(boundary="open"), lazy=True)
            unknown = [a for a in made.grid.names if a not in (*content.boundary, *GLOBE)]
    fields = tuple(
        FieldReport(
            a.name, _named(a), a.shape, a.unit, str(a.dtype), "" if a.problem else missing(a)
        )
        for a in content.arrays
    )
    taken = (*content.task.input, *content.task.target)
    gaps = [f.name for f in fields if f.name in taken and f.missing[:1] not in ("", "0")]
    hint = next((f"'{a.name}' {a.problem}" for a in content.arrays if a.problem), hint)
    sizes = {axis: n for array in content.arrays for axis, n in array.sizes().items() if axis}
    facts = dict(content.metadata.facts)
    if made is not None and "members" in made.attributes:
        facts["members"] = str(made.attributes["members"])
    return Report(
        content.format,
        fields,
        _axes(content, made, sizes, unknown),
        () if made is None else tuple(map(condition_report, made.conditions)),
        facts,
        _yaml(content, made, bool(unknown), gaps),
        hint,
    )


def _axes(
    content: FileContent, made: FieldSet | None, sizes: dict[str, int], unknown: Sequence[str]
) -> tuple[AxisReport, ...]:
    boundary = dict(content.boundary)
    if made is not None:
        boundary |= {axis.name: axis.boundary for axis in made.grid.axes}
    boundary |= dict.fromkeys(unknown, "???")
    if made is not None and isinstance(made.grid, Sphere) and made.grid.is_whole:
        boundary["latitude"] = "pole to pole"
    found = []
    for axis in sorted(
        sizes, key=lambda name: LEADING.index(name) if name in LEADING else len(LEADING)
    ):
        if axis in content.coordinates:
            line = content.coordinates[axis]
            found.append(
                axis_report(axis, np.asarray(line.values), line.unit, boundary.get(axis, ""))
            )
        else:
            found.append(AxisReport(axis, sizes[axis], boundary=boundary.get(axis, "")))
    return tuple(found)


def _yaml(
    content: FileContent, made: FieldSet | None, ask: bool = False, gaps: Sequence[str] = ()
) -> str:
    """Return ``conf/data/*.yaml`` for this file, with ``???`` for values that the user must add."""
    lines = ["_target_: neurop.datasets.File", f"path: {_text(content.path)}"]
    if made is None:
        names = content.names()
        lines += [
            f"input: {_text(names[0]) if len(names) == 1 else '???'}  "
            f"# of {printable(', '.join(names[:12]))}",
            "target: null  # an array to predict from the input; null for an evolution in time",
        ]
        if any("" in array.axes for array in content.arrays):
            widest = max(content.arrays, key=lambda array: len(array.shape))
            axes = [_text(axis) if axis else '"???"' for axis in widest.axes]
            like = printable(", ".join(axes_like(widest)))
            lines += [
                f"axes: [{', '.join(axes)}]  # such as [{like}]; sample, "
                "time and channel are reserved, the others are the grid's",
                BOUNDARY,
            ]
        return "\n".join(lines)
    lines += [
        f"input: {_list(content.task.input)}",
        f"target: {_list(content.task.target)}" if content.task.target else "target: null",
    ]
    if made.conditions:
        lines.append("conditions:")
        for role, key in KEYS.items():
            names = [_text(one.field.name) for one in made.conditions if one.role == role]
            if role != "mask":
                lines.append(f"  {key}: [{', '.join(names)}]")
    if gaps:
        lines += [] if made.conditions else ["conditions:"]
        lines.append(f"  mask: missing  # values of {printable(', '.join(gaps))} are missing")
    grid = made.grid
    if not isinstance(grid, Sphere):
        given = {
            option: f"{option}: "
            f"{{{', '.join(f'{_text(a.name)}: {_short(getattr(a, option))}' for a in grid.axes)}}}"
            for option in ("boundary", "length", "layout")
        }
        lines += [
            BOUNDARY if ask else given["boundary"],
            "domain:",
            f"  {given['length']}",
            f"  {given['layout']}",
        ]
    if made.times is not None and not made.times.dated and made.step is not None:
        unit = "" if made.time_unit == "1" else f" {printable(made.time_unit)}"
        lines.append(f"step: null  # {float(made.step):.6g}{unit}, from the file")
    return "\n".join(lines)


def _list(names: tuple[str, ...]) -> str:
    return _text(names[0]) if len(names) == 1 else f"[{', '.join(map(_text, names))}]"


def _text(word: str) -> str:
    """Return a word as YAML text, in quotes if YAML would read it as another type."""
    bare = re.fullmatch(r"[A-Za-z_/][\w/.-]*", word) and word.lower() not in (
        "yes",
        "no",
        "on",
        "off",
        "true",
        "false",
        "null",
    )
    return word if bare else json.dumps(word)


def _short(value: object) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def _named(array: Array) -> tuple[str, ...]:
    return tuple(axis or f"axis {i}" for i, axis in enumerate(array.axes))
