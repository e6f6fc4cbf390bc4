"""The verb ``doctor``: its table, its file and its exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from neurop.cli import doctor
from neurop.doctor import packages, programs
from neurop.doctor.check import Check

Command = Callable[..., int]


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> list[Check]:
    """Return the list of what is found, in two topics."""
    found = [Check("torch", "ok", "2.13.0")]
    monkeypatch.setattr(doctor, "TOPICS", ("packages", "programs"))
    monkeypatch.setattr(packages, "check_packages", lambda: iter(found))
    monkeypatch.setattr(programs, "check_programs", lambda: iter(()))
    return found


def test_all_works(state: list[Check], neurop: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert neurop("doctor", "json=machine.json") == 0
    made = json.loads(Path("machine.json").read_text())
    assert (made["fails"], list(made["checks"])) == (0, ["packages", "programs"])
    assert made["checks"]["packages"][0]["found"] == "2.13.0"
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == ["all that was asked for works", "wrote machine.json"]
    assert "packages" in lines
    assert "programs" not in lines  # nothing was found there


def test_what_fails_is_named_with_its_remedy(
    state: list[Check], neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    state.append(Check("h5py", "fails", "3.1", "install 3.10 or later"))
    assert neurop("doctor") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "fails: h5py: 3.1; install 3.10 or later"


def test_a_topic_that_cannot_be_imported_is_a_line_of_its_own(
    state: list[Check],
    neurop: Command,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(doctor, "TOPICS", ("packages", "gone"))
    assert neurop("doctor") == 1
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("fails: gone: cannot be looked at: No module named 'neurop.doctor.gone'")
