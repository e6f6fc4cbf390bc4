"""Memory is flat over ten thousand steps of a training, and of a forecast."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ..conftest import TINY

STEPS = 10_000
GROWTH = 20e6
"""Bytes that the last two thirds of a command may add to its first third."""


def resident(pid: int) -> int:
    """Return the memory of a process in bytes."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def sampled(store: Path, folder: Path, *words: str) -> list[int]:
    """Return the memory of a command, every 0.1 s from its start to its end."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "neurop", *words],
        cwd=folder,
        env=os.environ | {"NEUROP_DATA": str(store)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found = []
    while process.poll() is None:
        found.append(resident(process.pid))
        time.sleep(0.1)
    assert process.returncode == 0
    return found


def steady(samples: list[int]) -> int:
    """Return what the last two thirds of the samples exceed the rest by, without the first fifth,
    in which packages are imported, and the last twentieth, in which pictures are drawn.
    """
    kept = samples[len(samples) // 5 : -len(samples) // 20]
    return max(kept[len(kept) // 3 :]) - max(kept[: len(kept) // 3])


@pytest.mark.slow
@pytest.mark.trust("Memory does not grow with the number of steps", "10,000 steps", trials=STEPS)
def test_a_training(trained: Path, store: Path, tmp_path: Path) -> None:
    own = ("loader", "trainer.max_epochs")
    words = [w for w in TINY if not w.startswith(own)] + ["loader.batch_size=1"]
    # Four examples: an epoch has four steps.
    words += [f"trainer.max_epochs={STEPS // 4}", f"trainer.check_val_every_n_epoch={STEPS // 8}"]
    samples = sampled(store, tmp_path, "train", *words, "hydra.run.dir=run")
    assert steady(samples) < GROWTH


@pytest.mark.slow
@pytest.mark.trust("Memory does not grow with the number of steps", "10,000 steps", trials=STEPS)
def test_a_forecast(trained: Path, store: Path, tmp_path: Path) -> None:
    (file,) = store.glob("navier_stokes-16-*.h5")
    words = [f"ckpt={trained}", f"input={file}", "samples=2", f"steps={STEPS}", "output=a.nc"]
    assert steady(sampled(store, tmp_path, "predict", *words)) < GROWTH
