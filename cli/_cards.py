"""The cards of the data sets, read from the docstrings of their modules without importing them."""

from __future__ import annotations

import ast
import re
from importlib.resources import files

SHOWN = ("Fields", "Grid", "Size", "Cost", "Source")
_HEADING = re.compile(r"^\*\*(\w[\w ]*)\.\*\*\s*", re.MULTILINE)


def card(name: str) -> dict[str, str]:
    """Return heading and text of a data set's card; empty if neurop has no such module."""
    module = files("neurop.datasets") / f"{name}.py"
    if not module.is_file():
        return {}
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    parts = _HEADING.split(text)[1:]
    return {
        heading: " ".join(body.split())
        for heading, body in zip(parts[::2], parts[1::2], strict=True)
    }


def strip_markup(text: str) -> str:
    """Return reStructuredText without its markup."""
    return re.sub(r":\w+:`([^`]*)`|``([^`]*)``|`([^`]*)`", lambda m: m[1] or m[2] or m[3], text)


def sentence(text: str) -> str:
    """Return the first sentence of reStructuredText, without its markup.

    Examples
    --------
    >>> sentence("``u``, velocity (m s-1). More.")
    'u, velocity (m s-1)'
    """
    return re.split(r"\.(?=\s+[A-Z]|$)", strip_markup(text), maxsplit=1)[0]
