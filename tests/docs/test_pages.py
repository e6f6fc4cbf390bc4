"""Links, the contents and the coverage of the README and the documentation."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest
from documents import PAGES, ROOT, name

import neurop
from neurop.constraints import REGISTRY as CONSTRAINTS
from neurop.models import REGISTRY as MODELS
from neurop.objectives import REGISTRY as OBJECTIVES
from neurop.refinement import REGISTRY as REFINEMENTS
from neurop.transforms import REGISTRY as TRANSFORMS

DOCS = ROOT / "docs"
WRITTEN = ("configuration/", "api/")
"""Folders that a build writes."""


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub and MyST form them."""
    text = page.read_text()
    for included in re.findall(r"^```\{include\} (\S+)$", text, re.MULTILINE):
        text += (page.parent / included).read_text()
    headings = re.findall(r"^#+ (.+)$", without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!\w+:)([^)\s]+)\)", without_code(page.read_text())):
        path, _, anchor = link.partition("#")
        target = Path(os.path.normpath(page.parent / path)) if path else page
        if target.is_relative_to(DOCS) and target.relative_to(DOCS).as_posix().startswith(WRITTEN):
            continue
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_in_the_contents() -> None:
    listed = set()
    for page in DOCS.rglob("*.md"):
        tree = re.findall(r"^```\{toctree\}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
        lines = [line for block in tree for line in block.splitlines() if line and line[0] != ":"]
        listed |= {(page.parent / f"{line}.md").resolve() for line in lines}
    pages = {p for p in PAGES if p.is_relative_to(DOCS)}
    assert pages - listed == {DOCS / "index.md"}


def documented() -> set[str]:
    """Return the names in the API, as they are imported."""
    names = set()
    for block in re.findall(
        r"currentmodule:: (\S+)\n(.*?)^```", (DOCS / "api.md").read_text(), re.S | re.M
    ):
        names |= {f"{block[0]}.{n}" for n in re.findall(r"^   ([\w.]+)$", block[1], re.MULTILINE)}
    return names


def test_public_names_are_in_the_api() -> None:
    rooms = {
        "constraints",
        "datasets",
        "models",
        "objectives",
        "problems",
        "refinement",
        "transforms",
    }
    wanted = {f"neurop.{n}" for n in neurop.__all__ if n not in rooms and n != "__version__"}
    for registry in (CONSTRAINTS, OBJECTIVES, TRANSFORMS):
        wanted |= {place.replace(":", ".") for place in registry.table.values()}
    wanted |= {f"neurop.models.{place.partition(':')[2]}" for place in MODELS.table.values()}
    wanted |= {f"neurop.refinement.{name}" for name in REFINEMENTS.table}
    assert wanted - documented() == set()


def test_every_data_set_and_model_is_described() -> None:
    cards = (DOCS / "datasets.md").read_text()
    for module in neurop.datasets._MODULES.values():
        assert f"neurop.datasets.{module}\n" in cards
    models = (DOCS / "models.md").read_text()
    for key in MODELS.table:
        assert re.search(rf"^\|.*`{key}`", models, re.MULTILINE), key


def test_every_extra_is_named() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    table = "\n".join(
        line for line in (DOCS / "install.md").read_text().splitlines() if line.startswith("| `")
    )
    assert {name for name in extras if f"`{name}`" not in table} == {"dev"}


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 130
