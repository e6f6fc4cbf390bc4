"""``neurop inspect FILE``: show the fields, axes and settings of a data file."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from neurop.errors import InputError
from neurop.printable import printable

from ._console import table
from ._runs import quoted
from ._say import say

if TYPE_CHECKING:
    from neurop.formats.inspect import Report

USAGE = "Usage: neurop inspect FILE [FILE ...]"


def run(words: Sequence[str]) -> None:
    """Print format, fields, axes and attributes of each file; raise InputError without a file."""
    if not words or any(word.startswith("-") for word in words):
        raise InputError(f"it takes the names of files; {USAGE[0].lower()}{USAGE[1:]}")
    from neurop.formats.inspect import inspect

    for word in words:
        report = inspect(word)
        say(f"{word}: {report.format}")
        if report.facts:
            say("  " + ", ".join(printable(f"{k}={v}") for k, v in report.facts.items()))
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
            say(f"Command{', with ??? for what the file does not say' * bool(report.hint)}:")
            say(f"  {printable(_command(word, report))}")
            say("The same settings in a file, DIR/data/NAME.yaml for --config-dir DIR data=NAME:")
            say("\n".join(f"  {line}" for line in report.yaml.splitlines()))
        if report.hint:
            say(f"  # {printable(report.hint)}")


def _command(path: str, report: Report) -> str:
    """Return the training command with the settings that the file does not imply."""
    from omegaconf import OmegaConf

    settings: Any = OmegaConf.to_container(OmegaConf.create(report.yaml))
    given = {"path": quoted(path)}
    if report.hint:
        keys = ("input", "target", "axes", "boundary")
        given |= {key: _value(settings[key]) for key in keys if settings.get(key) is not None}
    if mask := settings.get("conditions", {}).get("mask"):
        given["conditions.mask"] = mask
    words = [f"data.{key}={value}" for key, value in given.items()]
    return shlex.join(["neurop", "train", "data=file", *words])


def _value(setting: Any) -> str:
    """Return a setting in the grammar of the command line."""
    if isinstance(setting, dict):
        return f"{{{', '.join(f'{key}: {value}' for key, value in setting.items())}}}"
    return f"[{','.join(setting)}]" if isinstance(setting, list) else str(setting)
