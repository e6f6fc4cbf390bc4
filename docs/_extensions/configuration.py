"""The reference of all settings, written from the files in ``conf/`` and the signatures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from neurop.cli._main import COMPUTING
from neurop.cli._settings.build import locate
from neurop.cli.list import groups
from neurop.plain_values import describe_type, read_annotations

if TYPE_CHECKING:
    from sphinx.application import Sphinx

CONF = Path(__file__).parents[2] / "conf"
WHOLE = ("experiment", "recommended", "debug")
"""Groups whose files set values of others, and are shown as they are."""
_LINE = re.compile(r"^( *)([\w/@-]+):\s*(.*?)\s*(?:(?<!\S)#\s*(.*))?$")


class Setting(NamedTuple):
    """A line of a YAML file."""

    name: str
    default: str
    meaning: str


def settings(text: str) -> Iterator[Setting]:
    r"""Yield the settings of a YAML file, nested ones with their full name.

    Examples
    --------
    >>> list(settings("a:  # [m] of b\n  b: 1.5  # [m]\n"))[1]
    Setting(name='a.b', default='1.5', meaning='[m]')
    """
    path: list[tuple[int, str]] = []
    for line in text.splitlines():
        if not (found := _LINE.match(line)):
            continue
        indent, name = len(found[1]), found[2]
        path = [(i, n) for i, n in path if i < indent] + [(indent, name)]
        parts = [n for _, n in path]
        if parts[0] not in ("defaults", "hydra") and not name.startswith("_"):
            yield Setting(".".join(parts), found[3], found[4] or "")


def target(text: str) -> str:
    """Return the class or function that a YAML file names; empty if it names none."""
    found = re.search(r"^_target_: (\S+)", text, re.MULTILINE)
    return found[1] if found else ""


def code(text: str) -> str:
    """Return a value as code for a cell."""
    return f"`{text}`".replace("|", r"\|") if text else ""


def table(rows: list[Setting], prefix: str, call: str) -> str:
    """Return the table of the settings of one file."""
    hints = read_annotations(locate(call)) if call.startswith("neurop.") else {}
    # A verb has no constructor, and therefore no types.
    columns = (
        ("setting", "type", "default", "meaning") if hints else ("setting", "default", "meaning")
    )
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for row in rows:
        kind = describe_type(hints[row.name]) if row.name in hints else ""
        cells = [code(prefix + row.name), code(kind), code(row.default), escaped(row.meaning)]
        lines.append(f"| {' | '.join(cells if hints else [cells[0], *cells[2:]])} |")
    return "\n".join(lines)


def page_of_group(group: str, options: dict[str, str]) -> str:
    """Return the page of a group: each option with its settings."""
    lists = group in ("augment", "constraint", "callback")
    names = ", ".join(f"`{name}`" for name in options)
    take = f"`{group}=[...]` takes a list of" if lists else f"`{group}=...` takes one of"
    parts = [f"# {group}", f"{take} {names}."]
    for name, what in options.items():
        text = (CONF / group / f"{name}.yaml").read_text(encoding="utf-8")
        parts += [f"## {group}={'[' + name + ']' if lists else name}", escaped(what) + "."]
        if group in WHOLE:
            parts.append(f"```yaml\n{text.strip()}\n```")
            continue
        call = target(text)
        if call.startswith("neurop."):
            parts.append(f"Python: `{call}`.")
        prefix = f"{group}.{name}." if lists else f"{group}."
        if rows := list(settings(text)):
            parts.append(table(rows, prefix, call))
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Return plain text as Markdown, also of a cell of a table."""
    return re.sub(r"([\[\]<>$_*|~])", r"\\\1", text)


def page_of_verbs() -> str:
    """Return the page of the settings of the verbs themselves."""
    parts = ["# Verbs", "Settings of each verb; the groups have pages of their own."]
    for verb, what in COMPUTING.items():
        text = (CONF / f"{verb}.yaml").read_text(encoding="utf-8")
        parts += [f"## neurop {verb}", f"{what[0].upper()}{what[1:]}."]
        parts.append(table(list(settings(text)), "", ""))
        chosen = re.findall(r"^  - (?:optional )?(?:override )?(\w+):", text, re.MULTILINE)
        named = [f"[{g}]({g}.md)" for g in chosen if g != "hydra"]
        if named:
            parts.append(f"Groups: {', '.join(named)}.")
    return "\n\n".join(parts) + "\n"


def write(app: Sphinx) -> None:
    """Write the pages into ``configuration/``, where they have changed."""
    folder = Path(app.srcdir, "configuration")
    folder.mkdir(exist_ok=True)
    pages = {"verbs": page_of_verbs()}
    pages |= {group: page_of_group(group, options) for group, options in groups().items()}
    for old in folder.glob("*.md"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        file = folder / f"{name}.md"
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before the sources are read."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
