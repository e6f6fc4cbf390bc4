"""A training in two processes: started by Lightning, and by a cluster's scheduler."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

SMALL = [
    "data=navier_stokes",
    "data.samples=42",
    "data.resolution=16",
    "data.steps=2",
    "~recommended",
    "model.modes=4",
    "model.width=4",
    "model.depth=1",
    "trainer.max_epochs=2",
    "trainer.accelerator=cpu",
]
TWO = ["trainer.devices=2", "trainer.strategy=ddp", "loader.batch_size=1", "hydra.run.dir=run"]


def started(
    store: Path, folder: Path, *words: str, small: list[str] = SMALL, **env: str
) -> subprocess.Popen[str]:
    paths = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "neurop", "train", *small, *words],
        cwd=folder,
        env=os.environ | {"NEUROP_DATA": str(store), "PYTHONPATH": paths, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def record(folder: Path) -> dict:
    return json.loads((folder / "train.json").read_text())


@pytest.mark.slow
def test_two_processes_on_one_machine(trained: Path, store: Path, tmp_path: Path) -> None:
    process = started(store, tmp_path, *TWO)
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    found = record(tmp_path / "run")
    # Two epochs of two steps: the four examples in batches of one on two devices.
    assert (found["steps"], found["epochs"]) == (4, 2)
    assert out.count("wrote run") == 1
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()


@pytest.mark.slow
def test_the_processes_that_slurm_starts(trained: Path, store: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {
        "SLURM_JOB_ID": "7",
        "SLURM_JOB_NAME": "train",
        "SLURM_NTASKS": "2",
        "SLURM_NTASKS_PER_NODE": "2",
        "SLURM_NNODES": "1",
        "SLURM_NODEID": "0",
        "SLURM_NODELIST": "localhost",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    pair = [
        started(store, tmp_path, *TWO, SLURM_PROCID=str(i), SLURM_LOCALID=str(i), **common)
        for i in range(2)
    ]
    printed = [process.communicate(timeout=600) for process in pair]
    assert [process.returncode for process in pair] == [0, 0], printed
    assert record(tmp_path / "run")["steps"] == 4
    assert "wrote run" in printed[0][0]
    assert printed[1][0] == ""
