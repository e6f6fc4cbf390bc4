"""What the build of the documentation writes: the reference of settings, links, the contents."""

from __future__ import annotations

import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from documents import PAGES, ROOT
from omegaconf import OmegaConf

EXTENSIONS = ROOT / "docs" / "_extensions"
CONF = ROOT / "conf"


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXTENSIONS)


@pytest.mark.parametrize("module", ["configuration", "included"])
def test_examples(module: str) -> None:
    done = doctest.testmod(importlib.import_module(module))
    assert done.attempted > 0
    assert done.failed == 0


def test_formulas() -> None:
    for package in ("sphinx", "latex2mathml"):
        pytest.importorskip(package)
    mathml = importlib.import_module("mathml").mathml
    norm = mathml(r"\lVert y \rVert^2", "inline")
    assert norm.count('<mo stretchy="false" lspace="0" rspace="0">&#x02016;</mo>') == 2
    prime = '<mo lspace="0" rspace="0">&#x02032;</mo></mrow>'
    assert f"<mrow><msub><mi>B</mi><mi>l</mi></msub>{prime}" in mathml("B'_l", "block")
    spaced = mathml(r"n \log n \log(n)", "inline")
    assert spaced.count("<mspace") == 2
    assert "<mi>log</mi><mo" in spaced


def keys(node: object, prefix: str = "") -> set[str]:
    """Return the names of all values of a configuration."""
    if not isinstance(node, dict):
        return set()
    found = set()
    for key, value in node.items():
        if not str(key).startswith("_") and (prefix or key not in ("defaults", "hydra")):
            found |= {prefix + key} | keys(value, f"{prefix}{key}.")
    return found


@pytest.mark.parametrize("group", ["model", "data", "trainer", "augment", "problem"])
def test_every_setting_is_in_the_reference(group: str) -> None:
    configuration = importlib.import_module("configuration")
    options = {file.stem: "what" for file in (CONF / group).glob("*.yaml")}
    page = configuration.page_of_group(group, options)
    for name in options:
        file = CONF / group / f"{name}.yaml"
        part = page.split(f"## {group}={f'[{name}]' if group == 'augment' else name}\n")[1]
        part = part.split("\n## ")[0]
        prefix = f"augment.{name}." if group == "augment" else f"{group}."
        written = set(re.findall(rf"^\| `{re.escape(prefix)}(\S+)`", part, re.MULTILINE))
        assert written == keys(OmegaConf.to_container(OmegaConf.load(file)))


def test_a_setting_has_its_type_default_and_meaning() -> None:
    configuration = importlib.import_module("configuration")
    page = configuration.page_of_group("model", {"fno": "what"})
    row = next(line for line in page.splitlines() if line.startswith("| `model.modes`"))
    assert row.startswith("| `model.modes` | `int or a list of int` | `16` |")
    assert row.endswith(r"frequencies \|k\| \< modes |")


def test_every_verb_is_in_the_reference() -> None:
    configuration = importlib.import_module("configuration")
    page = configuration.page_of_verbs()
    for verb in configuration.COMPUTING:
        part = page.split(f"## neurop {verb}\n")[1].split("\n## ")[0]
        written = set(re.findall(r"^\| `(\S+)`", part, re.MULTILINE))
        assert written == keys(OmegaConf.to_container(OmegaConf.load(CONF / f"{verb}.yaml")))


@pytest.mark.slow
def test_the_documentation_builds_without_warnings(tmp_path: Path) -> None:
    pytest.importorskip("sphinx")
    out = tmp_path / "html"
    command = ["-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-d", tmp_path / "trees"]
    done = subprocess.run(
        [sys.executable, "-P", *command, ROOT / "docs", out], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    docs = ROOT / "docs"
    pages = {page for page in PAGES if page.is_relative_to(docs)}
    pages |= set((docs / "configuration").glob("*.md"))
    listed = set(re.findall(r"\]\((\S+?)\):", (out / "llms.txt").read_text()))
    assert {p.relative_to(docs).with_suffix(".html").as_posix() for p in pages} <= listed
    # Reading needs no request to another machine.
    for page in out.rglob("*.html"):
        loaded = re.findall(
            r'<(?:script|img|link)[^>]*(?:src|href)="(https?:[^"]+)"', page.read_text()
        )
        assert loaded == [], page
