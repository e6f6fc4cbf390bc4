"""Links between pages and the Markdown files of the repository that pages include."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_LINK = re.compile(r"\]\((?!\w+:|#)([^)\s#]+)([^)]*)\)")
_INCLUDE = re.compile(r"^```\{include\} (\S+)$", re.MULTILINE)


def rebased(text: str, source: Path, page: Path, folder: Path, pages: Mapping[Path, Path]) -> str:
    """Return Markdown of the file `source` with its links as `page` has to write them.

    A link to a file that a page includes becomes one to that page; another Markdown file outside
    `folder`, the documentation, can be downloaded. `pages` are those of :func:`included`.

    Examples
    --------
    >>> docs, source = Path("/x/docs"), Path("/x/data/A.md")
    >>> pages = {Path("/x/data/FORMATS.md"): docs / "formats.md"}
    >>> rebased("[a](FORMATS.md#b) [c](d.py)", source, docs / "a.md", docs, pages)
    '[a](formats.md#b) [c](../data/d.py)'
    """

    def link(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(source.parent / match[1]))
        path = Path(os.path.relpath(pages.get(target, target), page.parent)).as_posix()
        known = target in pages or target.suffix != ".md" or folder in target.parents
        return f"]({'' if known else 'path:'}{path}{match[2]})"

    return _LINK.sub(link, text)


@cache
def included(folder: Path) -> dict[Path, Path]:
    """Return every file that a page of `folder` includes, and the page."""
    return {
        Path(os.path.normpath(page.parent / name)): page
        for page in sorted(folder.rglob("*.md"))
        for name in _INCLUDE.findall(page.read_text(encoding="utf-8"))
    }


def read_page(app: Sphinx, name: str, content: list[str]) -> None:
    """Change the links of a page, in place."""
    page, folder = Path(app.env.doc2path(name)), Path(app.srcdir)
    if page.suffix == ".md":
        content[0] = rebased(content[0], page, page, folder, included(folder))


def read_included(app: Sphinx, name: Path, page: str, content: list[str]) -> None:
    """Change the links of a file that is included, in place."""
    folder = Path(app.srcdir)
    file = Path(os.path.normpath(folder / name))
    if file.suffix == ".md":
        # MyST gives the name of the page without its folder.
        here = Path(app.env.doc2path(app.env.docname))
        content[0] = rebased(content[0], file, here, folder, included(folder))


def setup(app: Sphinx) -> dict[str, bool]:
    """Change pages and included files when they are read."""
    app.connect("source-read", read_page)
    app.connect("include-read", read_included)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
