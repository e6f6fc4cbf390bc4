"""The README and the pages of the documentation, and the blocks of code in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "datasets" / "README.md",
    *sorted(
        page
        for page in (ROOT / "docs").rglob("*.md")
        # Written by a build.
        if not {"_build", "api", "configuration"} & set(page.relative_to(ROOT / "docs").parts[:-1])
    ),
]
SHELL = ("sh", "bash", "shell", "console")


class Block(NamedTuple):
    """A block of code, and the line of the page at which it starts."""

    language: str
    code: str
    line: int


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of code of a page."""
    for found in re.finditer(r"^```([\w{}-]*)[^\n]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield Block(found[1], found[2], text.count("\n", 0, found.start()) + 2)


def shell_lines(text: str) -> list[str]:
    """Return the lines of shell blocks, with continued lines joined, and without prompts."""
    code = "\n".join(block.code for block in blocks(text) if block.language in SHELL)
    lines = code.replace("\\\n", " ").splitlines()
    return [line.removeprefix("$ ").strip() for line in lines]


def name(page: Path) -> str:
    """Return the name of a page in the output of the tests."""
    return page.relative_to(ROOT).as_posix()
