"""The Python of every page runs as it stands there, from top to bottom."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from documents import PAGES, Block, blocks, name

from neurop.models import REGISTRY

# The blocks of the README are for data of full size; tests/test_five_lines.py runs them on less.
PYTHON = {
    page: code
    for page in PAGES
    if page.name != "README.md"
    and (code := [block for block in blocks(page.read_text()) if block.language == "python"])
}


def run(block: Block, page: Path, names: dict[str, object]) -> None:
    """Run a block, or write it to the file that its first line names."""
    if file := re.match(r"# (\S+\.py)\n", block.code):
        Path(file[1]).parent.mkdir(parents=True, exist_ok=True)
        Path(file[1]).write_text(block.code)
    else:
        # As many empty lines before, so that a traceback has the line of the page.
        exec(compile("\n" * (block.line - 1) + block.code, str(page), "exec"), names)


@pytest.mark.parametrize("page", PYTHON, ids=name)
def test_page(page: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(store))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(REGISTRY, "_registered", dict(REGISTRY._registered))
    plt.switch_backend("agg")
    names: dict[str, object] = {"__name__": "__page__"}
    before = set(sys.modules)
    try:
        for block in PYTHON[page]:
            run(block, page, names)
    finally:
        plt.close("all")
        for module in set(sys.modules) - before:
            if str(tmp_path) in str(getattr(sys.modules[module], "__file__", "")):
                del sys.modules[module]


def test_pages_have_python() -> None:
    assert len(PYTHON) > 8
