"""The processes of a training end together, and the run can be continued."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from processes import together

from .test_kills import differences, values
from .test_processes import SMALL, TWO, record, started

LONG = [*TWO, "trainer.max_epochs=100000"]
RESUME = ["resume=run", "trainer.devices=1", "trainer.strategy=auto"]
END = 60
"""Seconds within which all processes end."""


def started_by(process: subprocess.Popen[str]) -> list[int]:
    """Return the processes of other devices that the first one has started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == process.pid and b"train_ddp_process" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def wait_for_an_epoch(folder: Path, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 400
    while not (folder / "run" / "checkpoints" / "last.ckpt").is_file():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.fixture
def training(
    trained: Path, store: Path, tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Return a training after its first epoch, and the process of its second device."""
    process = started(store, tmp_path, *LONG)
    others: list[int] = []
    try:
        wait_for_an_epoch(tmp_path, process)
        others = started_by(process)
        assert len(others) == 1
        yield process, others[0]
    finally:
        for pid in (process.pid, *others):
            if runs(pid):
                os.kill(pid, signal.SIGKILL)
        process.communicate()


def ended(process: subprocess.Popen[str], other: int, begin: float) -> list[str]:
    """Return the lines of the errors after the end of both processes."""
    _, errors = process.communicate(timeout=END)
    while runs(other):
        assert time.monotonic() < begin + END
        time.sleep(0.05)
    return errors.splitlines()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
@pytest.mark.trust(
    "A process that dies ends the others within a minute, and the run resumes",
    "SIGKILL of each process of a training",
)
@pytest.mark.parametrize("victim", [0, 1])
def test_a_process_that_dies_ends_the_others(
    victim: int, training: tuple[subprocess.Popen[str], int], store: Path, tmp_path: Path
) -> None:
    process, other = training
    begin = time.monotonic()
    os.kill((process.pid, other)[victim], signal.SIGKILL)
    (line,) = ended(process, other, begin)
    what = ("the first process has ended", "process 1 of 2 was ended by SIGKILL")[victim]
    assert line.startswith(f"neurop train: {what} in epoch ")
    assert line.endswith("to continue: neurop train resume=run")
    assert process.returncode == (-signal.SIGKILL, 1)[victim]
    if victim == 1:
        return
    # The run goes on in one process, from the epoch that both had completed.
    checkpoint = tmp_path / "run" / "checkpoints" / "last.ckpt"
    done = torch.load(checkpoint, weights_only=True)["epoch"] + 1
    length = f"trainer.max_epochs={done + 1}"
    again = started(store, tmp_path, *RESUME, length, small=[])
    _, errors = again.communicate(timeout=400)
    assert again.returncode == 0, errors
    assert record(tmp_path / "run")["epochs"] == done + 1


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
@pytest.mark.trust("SIGTERM ends all processes with status 143", "to the first, or to all")
@pytest.mark.parametrize("everyone", [False, True])
def test_sigterm_ends_all(everyone: bool, training: tuple[subprocess.Popen[str], int]) -> None:
    process, other = training
    begin = time.monotonic()
    for pid in (process.pid, other) if everyone else (process.pid,):
        os.kill(pid, signal.SIGTERM)
    (line,) = ended(process, other, begin)
    assert process.returncode == 143
    assert line.startswith("neurop train: terminated in epoch ")
    assert line.endswith("to continue: neurop train resume=run")


@pytest.mark.slow
@pytest.mark.trust(
    "Processes that start at once without data wait for the one that makes them",
    "two processes of a launcher, an empty data folder, then SIGKILL of one",
)
def test_processes_of_a_launcher_wait_for_the_data_and_end_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(tmp_path / "data"))
    pair = together(["-m", "neurop", "train", *SMALL, *LONG], tmp_path)
    try:
        wait_for_an_epoch(tmp_path, pair[0])
        assert len(list((tmp_path / "data").glob("*.h5"))) == 1
        pair[1].kill()
        _, errors = pair[0].communicate(timeout=END)
    finally:
        for process in pair:
            process.kill()
    line = errors.splitlines()[-1]
    assert pair[0].returncode == 1
    assert line.startswith("neurop train: lost the connection to another process (")
    assert " in epoch " in line
    assert line.endswith("to continue: neurop train resume=run")
    printed = [errors, pair[1].communicate()[1]]
    assert sum("generating navier_stokes" in text for text in printed) == 1


@pytest.mark.slow
@pytest.mark.trust(
    "A resumed run ends bit for bit as one that was not interrupted",
    "SIGKILL of a training in two processes",
)
def test_a_killed_run_of_two_processes_ends_as_if_it_had_not_been(
    trained: Path, store: Path, tmp_path: Path
) -> None:
    length = "trainer.max_epochs=60"
    whole = started(store, tmp_path, *TWO, length, "hydra.run.dir=whole")
    _, errors = whole.communicate(timeout=500)
    assert whole.returncode == 0, errors
    killed = started(store, tmp_path, *TWO, length)
    wait_for_an_epoch(tmp_path, killed)
    others = started_by(killed)
    for pid in (killed.pid, *others):
        os.kill(pid, signal.SIGKILL)
    killed.communicate(timeout=END)
    assert killed.returncode == -signal.SIGKILL
    again = started(store, tmp_path, "resume=run", small=[])
    _, errors = again.communicate(timeout=500)
    assert again.returncode == 0, errors
    assert differences(values(tmp_path / "whole"), values(tmp_path / "run")) == []
