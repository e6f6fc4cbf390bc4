"""What is installed is what is on disk, and nothing else."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTENT = (
    ".py",
    ".bib",
    ".yaml",
    ".nc",
    ".pt",
    ".h5",
    ".cpp",
    ".hpp",
    ".cu",
    ".cuh",
    ".txt",
    ".html",
    ".css",
    ".js",
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_package_is_declared() -> None:
    from setuptools import find_packages

    table = PROJECT["tool"]["setuptools"]
    houses = table["package-dir"].items()
    found = {house for house, _ in houses} | {
        f"{house}.{name}" for house, folder in houses for name in find_packages(ROOT / folder)
    }
    assert set(table["packages"]) == found


def pins(file: str) -> dict[str, str]:
    """Return the versions in a file by the name of the package."""
    found = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / file).read_text(), re.MULTILINE)
    return {name.lower().replace("_", "-"): version for name, version in found}


def test_pins_satisfy_the_ranges() -> None:
    from packaging.requirements import Requirement

    pinned = pins("requirements-cpu.txt")
    for text in PROJECT["project"]["dependencies"]:
        wanted = Requirement(text)
        assert wanted.specifier.contains(pinned[wanted.name]), (
            f"{text} against the pin {pinned[wanted.name]}"
        )


def test_pins_of_the_documentation_satisfy_the_ranges_and_add_to_the_others() -> None:
    from packaging.requirements import Requirement

    pinned = pins("requirements-docs.txt")
    for text in PROJECT["project"]["optional-dependencies"]["docs"]:
        wanted = Requirement(text)
        assert wanted.specifier.contains(pinned[wanted.name]), text
    assert pinned.keys() & pins("requirements-cpu.txt").keys() == set()


def test_malicious_versions_are_excluded() -> None:
    from packaging.requirements import Requirement

    (lightning,) = [
        r
        for text in PROJECT["project"]["dependencies"]
        if (r := Requirement(text)).name == "lightning"
    ]
    assert not any(lightning.specifier.contains(version) for version in ("2.6.2", "2.6.3"))


def run(*args: str | Path, cwd: Path, cuda: str = "off") -> str:
    # Without the flags of the caller's Python, so that only what is installed is seen.
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | {
        "NEUROP_CUDA": cuda
    }
    done = subprocess.run(
        [str(a) for a in args], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_sdist_wheel_and_clean_environment(tmp_path: Path) -> None:
    # Building the wheel from the sdist shows that the sdist is whole.
    run(
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--outdir",
        tmp_path / "dist",
        ROOT,
        cwd=tmp_path,
    )
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    (site,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-deps",
        "--no-index",
        "-qq",
        wheel,
        cwd=tmp_path,
    )

    assert {p.name for p in site.iterdir() if not p.name.endswith(".dist-info")} == {"neurop"}
    on_disk = {
        Path(*house.split("."), file.relative_to(ROOT / folder))
        for house, folder in PROJECT["tool"]["setuptools"]["package-dir"].items()
        for file in (ROOT / folder).rglob("*")
        if file.suffix in CONTENT
    }
    assert {
        p.relative_to(site) for p in (site / "neurop").rglob("*") if p.suffix in CONTENT
    } == on_disk
    assert run(tmp_path / "env" / "bin" / "neurop", "--help", cwd=tmp_path).startswith(
        "Usage: neurop VERB"
    )
    assert (
        run(tmp_path / "env" / "bin" / "neurop", "--version", cwd=tmp_path)
        == f"neurop {PROJECT['project']['version']}\n"
    )


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("nvcc") is None, reason="nvcc is not installed")
def test_a_wheel_built_beside_nvcc_holds_the_cuda_kernels(tmp_path: Path) -> None:
    run(
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--outdir",
        tmp_path,
        ROOT,
        cwd=tmp_path,
        cuda="sm_90",
    )
    (wheel,) = tmp_path.glob("*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as content:
        assert content.read("neurop/spectral/csrc/cuda/prebuilt/sm_90.cubin")[:4] == b"\x7fELF"


def test_the_version_is_one() -> None:
    import neurop

    assert neurop.__version__ == PROJECT["project"]["version"]
    assert f"version: {neurop.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## [{neurop.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
