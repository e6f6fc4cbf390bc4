"""``llms.txt``: every page of the documentation in one line, in reading order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError


def in_order(root: str, children: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the pages below `root`, each before its children.

    Examples
    --------
    >>> list(in_order("index", {"index": ["a", "b"], "a": ["c"]}))
    ['index', 'a', 'c', 'b']
    """
    yield root
    for page in children.get(root, ()):
        yield from in_order(page, children)


def first_sentence(tree: nodes.document) -> str:
    """Return the first sentence of a page, or of its first heading if it has no text."""
    for paragraph in tree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if text and not text.startswith("Bases: "):
            return re.split(r"(?<=[.])\s", text, maxsplit=1)[0]
    return ""


def write(app: Sphinx, failed: Exception | None) -> None:
    """Write ``llms.txt`` next to the pages; raise ExtensionError for a page without a text."""
    if failed or app.builder.format != "html":
        return
    lines = [f"# {app.config.project}", "", f"> {app.config.html_short_title}", ""]
    for page in in_order(app.config.root_doc, app.env.toctree_includes):
        title, what = app.env.titles[page].astext(), first_sentence(app.env.get_doctree(page))
        if not what:
            raise ExtensionError(f"{page}: no sentence that says what the page is about")
        lines.append(f"- [{title}]({app.builder.get_target_uri(page)}): {what}")
    Path(app.outdir, "llms.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the file at the end of a build."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
