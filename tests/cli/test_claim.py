"""A run folder has one writer; runs that begin in one second have folders of their own."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from raising import raises_input

from neurop.cli._claim import LOCK, claimed
from neurop.cli._sweep import sweep_folder

HOLD = """
import sys
from pathlib import Path
from neurop.cli._claim import claimed
with claimed(Path(sys.argv[1]), sys.argv[2] == "chosen") as place:
    (place / "model.json").touch()
    print(place.name, flush=True)
    sys.stdin.readline()
"""


def holder(folder: Path, how: str = "by time") -> subprocess.Popen[str]:
    """Return a process that writes to a run folder until it reads a line."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.trust(
    "Each run folder has one writer",
    "processes that start in one second",
)
def test_a_folder_that_is_named_by_the_time_gets_the_next_number(tmp_path: Path) -> None:
    folder = tmp_path / "20260101-120000"
    processes = [holder(folder) for _ in range(3)]
    names = [p.stdout.readline().strip() for p in processes if p.stdout]
    assert sorted(names) == [folder.name, f"{folder.name}-2", f"{folder.name}-3"]
    for process in processes:
        process.communicate("\n")
    # One that has ended is not used again, and keeps no lock.
    with claimed(folder, chosen=False) as place:
        assert place.name == f"{folder.name}-4"
        assert [file.name for file in place.iterdir()] == [LOCK]
    assert [file.name for file in folder.iterdir()] == ["model.json"]
    assert list(place.iterdir()) == []


@pytest.mark.trust(
    "Each run folder has one writer",
    "a second process in a named folder",
)
def test_a_folder_that_is_named_by_the_user_is_refused(tmp_path: Path) -> None:
    process = holder(tmp_path / "run", "chosen")
    assert process.stdout
    assert process.stdout.readline() == "run\n"
    with raises_input("hydra.run.dir", str(tmp_path / "run")), claimed(tmp_path / "run", True):
        pytest.fail("two writers")
    process.kill()
    process.wait()
    # The lock of a killed process is no obstacle.
    with claimed(tmp_path / "run", True) as place:
        assert place == tmp_path / "run"


@pytest.mark.trust(
    "Each run folder has one writer",
    "processes that start in one second",
)
def test_sweeps_of_one_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(sweep_folder([])[0])) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 5
    assert all(folder.is_dir() for folder in found)
