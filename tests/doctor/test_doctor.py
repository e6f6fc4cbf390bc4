"""The doctor finds what is wrong, names it, and finds nothing where nothing is."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
import torch
from packaging.requirements import Requirement

from neurop.doctor import devices, folders, kernels, packages, programs, settings
from neurop.doctor.check import Check
from neurop.spectral.kernels import native


def states(checks: list[Check]) -> dict[str, str]:
    return {check.name: check.state for check in checks}


def test_packages_are_held_to_the_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "packaging>=1",
        "torch>=9999",
        "no-such-package",
        "numpy<0.1; extra == 'old'",
        "no-such-extra; extra == 'none'",
        "pytest>=1; extra == 'dev'",
        "packaging>=9999; extra == 'again'",
    ]
    monkeypatch.setattr(packages, "requires", lambda name: lines)
    assert states(list(packages.check_packages())) == {
        "python": "ok",
        "packaging": "ok",
        "torch": "fails",
        "no-such-package": "fails",
        "numpy (old)": "fails",
        "no-such-extra (none)": "off",
    }


def test_a_version_outside_its_range_has_the_command() -> None:
    found = packages.check_package(Requirement("torch>=2.4,<2.5"))
    assert found.remedy == "pip install 'torch<2.5,>=2.4'"
    assert torch.__version__ in found.found


@pytest.mark.parametrize(
    ("name", "value", "state"),
    [
        ("NEUROP_NATIVE", "off", "ok"),
        ("NEUROP_NATIVE", "0", "fails"),
        ("NEUROP_NATIVE", "", None),
        ("NEUROP_ALLOCATOR", "jemalloc", "fails"),
        ("NEUROP_SHT", "fftw", "fails"),
        ("NEUROP_SHT", "neurop", "ok"),
        ("NEUROP_DEVICE", "cpu", "ok"),
        ("NEUROP_DEVICE", "cuda:77", "fails"),
        ("NEUROP_DEVICE", "nonsense", "fails"),
        ("NEUROP_NATVE", "off", "fails"),
        ("NEUROP_DEBUG", "1", "ok"),
    ],
)
def test_settings(
    name: str, value: str, state: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in [key for key in os.environ if key.startswith("NEUROP_")]:
        monkeypatch.delenv(other)
    monkeypatch.setenv(name, value)
    expected = {} if state is None else {f"{name}={value}": state}
    assert states(list(settings.check_settings())) == expected


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize(("asked", "state"), [("", "off"), ("-1", "off"), ("0", "fails")])
def test_a_gpu_that_was_asked_for(asked: str, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", asked)
    assert states(list(devices.check_devices()))["cuda"] == state


@pytest.mark.parametrize("asked", ["/no/such/compiler", "false", "g++ --no-such-flag"])
def test_a_compiler_that_was_asked_for(
    asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", asked)
    monkeypatch.setenv("NEUROP_CACHE", str(tmp_path))
    found = kernels._cpu()
    assert found.state == "fails"
    assert f"CXX={asked}" in found.found
    assert found.remedy == "correct or unset CXX"


def test_no_compiler_is_no_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("NEUROP_CACHE", str(tmp_path))
    found = kernels._cpu()
    assert (found.state, found.remedy) == ("off", "install g++ with OpenMP")


def test_wrong_numbers_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    good = kernels.check_numbers(torch.device("cpu"))
    assert good.state == "ok"
    assert float(good.found.split(" by ")[1].split(",")[0]) < 1e-5
    real = torch.Tensor.square
    monkeypatch.setattr(
        torch.Tensor,
        "square",
        lambda self: real(self) * (1.001 if self.dtype == torch.float32 else 1.0),
    )
    assert kernels.check_numbers(torch.device("cpu")).state == "fails"


def test_the_random_numbers_of_the_user_stay() -> None:
    before = torch.get_rng_state()
    kernels.check_numbers(torch.device("cpu"))
    assert torch.equal(torch.get_rng_state(), before)


def test_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folders.check_folder("data", tmp_path / "a" / "b").state == "ok"
    assert not (tmp_path / "a").exists()
    (tmp_path / "file").touch()
    assert folders.check_folder("data", tmp_path / "file" / "b", "PLACE").state == "off"
    monkeypatch.setenv("PLACE", str(tmp_path / "file" / "b"))
    assert folders.check_folder("data", tmp_path / "file" / "b", "PLACE").state == "fails"
    monkeypatch.setattr(folders, "LEAST_FREE", 1e30)
    assert "make room" in folders.check_folder("data", tmp_path).remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    monkeypatch.setenv("PLACE", str(tmp_path))
    assert folders.check_folder("data", tmp_path, "PLACE").state == "fails"


def test_programs_are_never_needed() -> None:
    assert {check.state for check in programs.check_programs()} <= {"ok", "off"}


@pytest.mark.parametrize(
    ("text", "command"),
    [("ccache g++ -O1", ["ccache", "g++", "-O1"]), ("my\\ g++", ["my g++"])],
)
def test_a_compiler_with_arguments(
    text: str, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", text)
    assert native.compiler() == command


def test_a_compiler_whose_path_has_a_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "my tools" / "g++"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("CXX", str(program))
    assert native.compiler() == [str(program)]
