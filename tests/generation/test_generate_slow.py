"""Generation by the command itself, ended in the ways in which a process and a disk can end."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads /proc"),
]

CODE = "import sys; from neurop.cli import main; sys.exit(main(sys.argv[1:]))"
SET = ["data=navier_stokes", "data.samples=60", "data.resolution=32", "data.steps=10", "workers=2"]


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    env = {**os.environ, "NEUROP_DATA": str(folder / "data"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", CODE, "generate", *SET, *more]
    return subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def kept(folder: Path) -> int:
    return len(list((folder / "data").glob("*.parts/*.json")))


def children(process: subprocess.Popen[Any]) -> list[str]:
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def working(process: subprocess.Popen[Any], folder: Path, batches: int) -> list[str]:
    """Wait until so many batches are kept, and return the children of the process."""
    while kept(folder) < batches and process.poll() is None:
        time.sleep(0.01)
    assert process.poll() is None
    return children(process)


def gone(pids: list[str]) -> bool:
    for _ in range(100):
        # A process that has ended and that nobody asked about stays in the table as Z.
        states = [
            Path(f"/proc/{pid}/stat").read_text().split(") ")[-1][0]
            for pid in pids
            if Path(f"/proc/{pid}").exists()
        ]
        if not set(states) - {"Z"}:
            return True
        time.sleep(0.05)
    return False


def digests(folder: Path) -> dict[str, str]:
    record = json.loads((folder / "data" / "generate.json").read_text())
    return {split: facts["digest"] for split, facts in record["splits"].items()}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("whole")
    run = start(folder)
    assert run.wait(300) == 0
    return digests(folder)


@pytest.mark.trust(
    "A generation that was interrupted continues to the same data",
    "SIGKILL again and again",
)
def test_killed_again_and_again_it_comes_to_the_same_digest(
    tmp_path: Path, expected: dict[str, str]
) -> None:
    rng = random.Random(1)
    for _ in range(4):
        before = kept(tmp_path)
        run = start(tmp_path)
        pids = working(run, tmp_path, min(before + 1, 8))
        time.sleep(rng.uniform(0, 0.3))
        run.kill()
        run.communicate()
        assert gone(pids)
        # A quick machine may be done by now: then there is the file, and no batch next to it.
        assert kept(tmp_path) >= before or list((tmp_path / "data").glob("*.h5"))
        if list((tmp_path / "data").glob("*.h5")):
            break
    run = start(tmp_path)
    _, err = run.communicate(timeout=300)
    assert run.returncode == 0, err
    assert digests(tmp_path) == expected
    assert sorted(f.suffix for f in (tmp_path / "data").iterdir()) == [".h5", ".json"]


@pytest.mark.trust(
    "A generation that was interrupted continues to the same data",
    "Ctrl-C",
)
def test_ctrl_c_is_one_line_and_leaves_no_process(tmp_path: Path) -> None:
    run = start(tmp_path)
    pids = working(run, tmp_path, 1)
    before = kept(tmp_path)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    lines = [line for line in err.splitlines() if not line.startswith("generating")]
    assert lines == ["neurop generate: interrupted"]
    assert len(pids) == 2
    assert gone(pids)
    assert kept(tmp_path) >= before


@pytest.mark.trust(
    "A generation that was interrupted continues to the same data",
    "SIGKILL of a worker",
)
def test_a_killed_worker_is_one_line(tmp_path: Path, expected: dict[str, str]) -> None:
    run = start(tmp_path)
    pids = working(run, tmp_path, 1)
    os.kill(int(pids[0]), signal.SIGKILL)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 1
    (line,) = [line for line in err.splitlines() if not line.startswith("generating")]
    assert line.startswith("neurop generate: a process of the solver was ended (SIGKILL)")
    assert gone(pids)
    assert start(tmp_path).wait(300) == 0
    assert digests(tmp_path) == expected


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of its own, where this user may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if (
        not mount
        or subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], capture_output=True
        ).returncode
    ):
        pytest.skip("cannot mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.mark.trust(
    "A full disk is one line, and nothing half-written stays",
    "generation",
)
def test_a_full_disk_is_one_line_until_there_is_space(disk: Path, expected: dict[str, str]) -> None:
    codes = []
    # The batches take 2.6 MB, and the file as much again.
    for kilobytes in (256, 1500, 2600, 2900, 4000, 5000, 7000):
        subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", str(disk)], check=True)
        run = start(disk)
        _, err = run.communicate(timeout=300)
        codes.append(run.returncode)
        lines = [line for line in err.splitlines() if not line.startswith("generating")]
        if run.returncode:
            assert run.returncode == 2
            assert len(lines) == 1
            assert "free" in lines[0]
            assert not list((disk / "data").glob("*.h5"))
    assert codes[0] == codes[1] == 2
    assert codes[-1] == 0
    assert digests(disk) == expected
