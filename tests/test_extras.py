"""Advice to install a package is a command that works, in the version of the metadata."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from neurop import extras
from neurop.extras import DISTRIBUTIONS, OPTIONAL, PLUGINS, advice, optional

ROOT = Path(__file__).parents[1]
EXTRAS: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
    "optional-dependencies"
]
NEEDED = {need.name: need for lines in EXTRAS.values() for need in map(Requirement, lines)}
TEXTS = [
    path
    for folder in ("cli", "conf", "datasets", "neurop", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in (".py", ".yaml", ".md")
] + [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "Makefile"]


@pytest.mark.parametrize("package", OPTIONAL)
def test_the_version_is_that_of_the_metadata(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f'{line}; extra == "{name}"' for name in EXTRAS for line in EXTRAS[name]]
    monkeypatch.setattr(extras, "requires", lambda _: lines)
    for name in (package, package.replace("-", "_"), f"{package}.part"):
        found = Requirement(advice(name).removeprefix("pip install ").strip("'"))
        needed = NEEDED[DISTRIBUTIONS.get(package, package)]
        assert (found.name, found.specifier) == (needed.name, needed.specifier)


@pytest.mark.parametrize("package", sorted(set(PLUGINS.values())))
def test_every_plugin_of_hydra_is_in_an_extra(package: str) -> None:
    assert package in NEEDED


def test_signs_that_a_shell_reads_are_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "requires", lambda _: ["a>=3,<4; extra == 'x'", "b==1"])
    assert advice("a") in ("pip install 'a>=3,<4'", "pip install 'a<4,>=3'")
    assert advice("b") == "pip install b==1"


def test_without_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> list[str]:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(extras, "requires", absent)
    assert advice("torch_harmonics") == "pip install torch-harmonics"


def test_the_package_that_a_text_names() -> None:
    assert optional("No module named 'torch_harmonics'") == "torch-harmonics"
    assert optional("Requirement 'wandb>=0.12.10' not met.") == "wandb"
    assert optional("No module named 'something'") is None


def test_no_text_advises_what_does_not_work() -> None:
    """``neurop`` on PyPI is another package, and an extra must exist as it is advised."""
    for path in TEXTS:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"pip install '?neurop\b|\bneurop\[\w", text), path
        for extra in re.findall(r"pip install '?\.\[(\w+)\]", text):
            assert extra in EXTRAS, path
        for line in re.findall(r"pip install '?([\w-]+[=<>!][^\s')]+)", text):
            if (said := Requirement(line)).name in NEEDED and path.name != "extras.py":
                assert said.specifier == NEEDED[said.name].specifier, path
