"""Tests with the lowest or the newest versions that pyproject.toml allows, in an own environment.

    python .ci/versions.py lowest --with torch==2.13.0 tests/formats
    python .ci/versions.py newest --with hydra-core==1.4.0rc3 --python python3.13

The packages that the tests need come in their newest versions. torch of an index for Linux brings
gigabytes of CUDA packages unless ``--with`` names another build.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRAS = ("zarr", "hub")
"""Optional packages that the tests use, besides torch-harmonics, which pins torch."""
TOOLS = ("pytest>=9", "pytest-xdist", "hypothesis", "pybtex", "packaging>=24.2")
CORE = (
    *("formats", "fields", "geometry", "spectral", "layers", "models", "training"),
    "cli/test_train_verbs.py",
)
"""Tests that meet other packages most: files, torch, Lightning, and what the verbs write."""


def ranges() -> list[str]:
    """Return the requirements of pyproject.toml, with those of the extras that the tests use."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extra = project["optional-dependencies"]
    return [*project["dependencies"], *(line for name in EXTRAS for line in extra[name])]


def lowest(lines: Iterable[str]) -> list[str]:
    """Return requirements with each lower bound as the one version.

    Examples
    --------
    >>> lowest(["h5py>=3.10", "lightning>=2.6,!=2.6.2"])
    ['h5py==3.10', 'lightning==2.6']
    """
    found = []
    for line in lines:
        name, bound = line.split(">=")
        found.append(f"{name}=={bound.split(',')[0]}")
    return found


def chosen(end: str, given: Sequence[str]) -> list[str]:
    """Return what to install: the lowest or newest versions, but for those that are given."""
    lines = lowest(ranges()) if end == "lowest" else ranges()
    named = {name(line) for line in given}
    return [*given, *(line for line in lines if name(line) not in named)]


def name(requirement: str) -> str:
    """Return the package of a requirement."""
    for sign in "<>=!~[; ":
        requirement = requirement.split(sign)[0]
    return requirement.lower().replace("_", "-")


def install(python: str, folder: Path, needed: Sequence[str]) -> Path:
    """Make an environment with the packages, test tools and neurop; return its Python."""
    subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)
    inside = folder / "bin" / "python"
    pip = [str(inside), "-m", "pip", "install", "-q", "--no-input", "--disable-pip-version-check"]
    named = {name(line) for line in needed}
    tools = [tool for tool in TOOLS if name(tool) not in named]
    subprocess.run([*pip, *needed, *tools], check=True)
    subprocess.run([*pip, "--no-deps", "torch-harmonics>=0.9.3"], check=True)
    subprocess.run([*pip, "--no-deps", "--editable", str(ROOT)], check=True)
    return inside


def main() -> int:
    """Install, list and test; return the exit status of pytest."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("end", choices=["lowest", "newest"])
    parser.add_argument("tests", nargs="*", help=f"by default of {', '.join(CORE)}; . for all")
    parser.add_argument("--with", dest="given", action="append", default=[], metavar="REQUIREMENT")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--folder", type=Path, help="of the environment; .venv-END by default")
    asked = parser.parse_intermixed_args()
    needed = chosen(asked.end, asked.given)
    inside = install(asked.python, asked.folder or ROOT / f".venv-{asked.end}", needed)
    tests = asked.tests or [f"tests/{folder}" for folder in CORE]
    print(f"{asked.end}: {', '.join(needed)}", flush=True)
    command = [str(inside), "-P", "-m", "pytest", "-q", "-m", "not slow", *tests]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
