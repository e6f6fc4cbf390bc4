"""What a release is made of: archives, bill of materials, licences, workflow, ranges."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / ".ci"))
import licences  # noqa: E402
import sbom  # noqa: E402
import versions  # noqa: E402

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PARTS = (".github", "cli", "conf", "datasets", "neurop", "tests", ".ci")
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "publish.yml").read_text())


@pytest.mark.trust("No dependency has a licence that is not allowed", "every pinned package")
def test_licences(record_property: Callable[[str, object], None]) -> None:
    names = licences.pinned("requirements-cpu.txt", "requirements-docs.txt")
    found = licences.listed(names)
    record_property("trials", len(found))
    assert len(found) > 100
    assert {name: held for name, held in found.items() if not held <= licences.ALLOWED} == {}
    assert found["torch"] >= {"Apache-2.0", "BSD-3-Clause", "MIT"}


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("MIT", {"MIT"}),
        ("MIT OR GPL-3.0-only", {"MIT", "GPL-3.0-only"}),
        ("Apache Software License", {"Apache-2.0"}),
        ("Apache License, Version 2.0", {"Apache-2.0"}),
        ("Mozilla Public License 2.0 (MPL 2.0)", {"MPL-2.0"}),
        ("ISC License (ISCL)", {"ISC"}),
        ("GNU General Public License v3 (GPLv3)", {"GNU General Public License v3 (GPLv3"}),
    ],
)
def test_a_licence_is_known_by_expression_classifier_or_text(text: str, held: set[str]) -> None:
    assert licences.terms(text) == held
    assert (held <= licences.ALLOWED) == ("GPL" not in text.replace("MPL", ""))


def test_the_bill_lists_what_neurop_needs_and_repeats_exactly() -> None:
    made = sbom.bill(epoch=86400)
    assert made == sbom.bill(epoch=86400)
    assert made["metadata"]["timestamp"] == "1970-01-02T00:00:00Z"
    listed = {entry["name"]: entry["version"] for entry in made["components"]}
    for line in PROJECT["dependencies"]:
        assert listed[versions.name(line)] == version(versions.name(line))
    assert "omegaconf" in listed  # hydra-core needs it, neurop does not name it
    assert "pytest" not in listed
    refs = {entry["bom-ref"] for entry in made["components"]}
    used = {ref for entry in made["dependencies"] for ref in entry["dependsOn"]}
    assert used == refs


def build(tree: Path, out: Path, umask: int) -> dict[str, str]:
    """Return the hash of each archive that is built from a copy of the sources."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    env |= {"NEUROP_CUDA": "off", "SOURCE_DATE_EPOCH": "1700000000"}
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(tree)]
    done = subprocess.run(
        command, cwd=out.parent, env=env, capture_output=True, text=True, check=False, umask=umask
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in out.iterdir()}


@pytest.mark.slow
@pytest.mark.trust("Two builds of a release are equal", "other folder, times, permissions, umask")
def test_builds_are_equal_byte_for_byte(tmp_path: Path) -> None:
    made = []
    for umask in (0o022, 0o077):
        tree = tmp_path / f"tree{umask}" / "neurop"
        tree.mkdir(parents=True)
        for part in sorted(ROOT.iterdir()):
            if part.is_file():
                shutil.copy(part, tree / part.name)
            elif part.name in PARTS:
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(part, tree / part.name, ignore=ignored, symlinks=True)
        for index, file in enumerate(sorted(tree.rglob("*"))):
            if file.is_file() and not file.is_symlink():
                os.utime(file, (1e9 + umask * index, 1e9 + umask * index))
                file.chmod(0o644 if umask == 0o022 else 0o600)
        made.append(build(tree, tmp_path / f"out{umask}", umask))
    assert made[0] == made[1]
    assert sorted(name.rsplit("-", 1)[-1] for name in made[0]) == ["0.1.0.tar.gz", "any.whl"]


def test_the_workflow_pins_its_actions_and_holds_no_token() -> None:
    jobs = WORKFLOW["jobs"].values()
    used = [step["uses"] for job in jobs for step in job["steps"] if "uses" in step]
    assert len(used) == 6
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) for action in used)
    assert WORKFLOW["permissions"] == {}
    assert WORKFLOW["jobs"]["upload"]["permissions"] == {"id-token": "write"}
    assert WORKFLOW["jobs"]["build"]["permissions"]["contents"] == "read"
    text = (ROOT / ".github" / "workflows" / "publish.yml").read_text()
    assert not re.search(r"secrets\.|password|index-url|repository-url", text)
    commands = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    for path in re.findall(r"tests/\w+\.py", "\n".join(commands)):
        assert (ROOT / path).is_file()
    assert "package:" in (ROOT / "Makefile").read_text()


def test_forms_of_issues_ask_for_what_exists() -> None:
    for file in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"):
        form = yaml.safe_load(file.read_text())
        assert form.keys() == {"name", "description", "labels", "body"}
        ids = [part["id"] for part in form["body"]]
        assert len(set(ids)) == len(ids) > 1
        for verb in re.findall(r"`neurop (\w+)", file.read_text()):
            assert (ROOT / "cli" / f"{verb}.py").is_file()


def test_the_lowest_versions_are_the_lower_bounds() -> None:
    from packaging.requirements import Requirement

    wanted = {line.name: line for line in map(Requirement, versions.ranges())}
    for line in map(Requirement, versions.lowest(versions.ranges())):
        (pin,) = line.specifier
        assert pin.operator == "=="
        assert wanted[line.name].specifier.contains(pin.version)
        below = f"{pin.version}.dev0"
        assert not wanted[line.name].specifier.contains(below, prereleases=True)


def test_a_version_that_is_asked_for_replaces_the_end_of_the_range() -> None:
    for end in ("lowest", "newest"):
        lines = versions.chosen(end, ["torch==2.13.0", "hydra-core==1.4.0rc3"])
        named = [versions.name(line) for line in lines]
        assert len(set(named)) == len(named) == len(versions.ranges())
        assert lines[:2] == ["torch==2.13.0", "hydra-core==1.4.0rc3"]
