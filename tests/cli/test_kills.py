"""A training that is killed at random moments and resumed ends bit for bit as one that was not."""

from __future__ import annotations

import csv
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from forked import Forked
from safetensors.torch import load_file

Words = tuple[str, ...]
SPECTRAL = ("model.modes=4", "model.width=4", "model.depth=1")
MODELS: dict[str, Words] = {
    **dict.fromkeys(("fno", "tfno", "ffno", "t1", "local_fno"), SPECTRAL),
    "t1_plus": ("model.modes=4", "model.width=4"),
    "unet": ("model.width=4", "model.levels=2"),
    "cnextunet": ("model.width=4", "model.levels=2"),
}
BOUNDED = ("fno", "ffno", "t1", "t1_plus")
"""Models with a matrix per mode."""
# One of each row is drawn; the first is the default.
ROWS: dict[str, tuple[Words, ...]] = {
    "problem": ((), ("problem.unroll=2",), ("problem.history=2",)),
    "augment": (
        (),
        ("augment=[noise]",),
        ("augment=[shift]",),
        ("augment=[coarse_to_fine]", "augment.coarse_to_fine.shape=[8,10]"),
    ),
    "objective": ((), ("objective.pushforward=1",)),
    "callback": (
        (),
        ("callback=[ema]", "callback.ema.decay=0.7"),
        ("callback=[spectral_bound]",),
        ("callback=[ema,spectral_bound]", "callback.ema.decay=0.7"),
    ),
    "trainer": (
        (),
        ("trainer.accumulate_grad_batches=2",),
        ("trainer.max_steps=25",),
        ("+trainer.val_check_interval=0.5",),
        ("trainer.check_val_every_n_epoch=2",),
    ),
    "precision": ((), ("trainer.precision=64-true",), ("trainer.precision=bf16-mixed",)),
    "loader": ((), ("loader.workers=2",)),
    "storage": ((), ("data.storage.lazy=true",)),
}
COMMON = (
    "data=file",
    "data.path=u.h5",
    "data.axes=[sample,time,x,y]",
    "data.boundary=periodic",
    "loader.batch_size=2",
    "trainer.max_epochs=4",
    "trainer.log_every_n_steps=1",
    "trainer.accelerator=cpu",
)
CLOCKS = ("seconds", "train_seconds", "waiting_share", "step_ms", "peak_mb")


@pytest.fixture(scope="module")
def forked(store: Path) -> Iterator[Forked]:
    with Forked(store) as made:
        yield made


def drawn(seed: int) -> Words:
    """Return the settings of a trial: every model in turn, the others at random."""
    rng = random.Random(seed)
    name = list(MODELS)[seed % len(MODELS)]
    chosen = {key: rng.choice(row) for key, row in ROWS.items()}
    if name not in BOUNDED and "spectral_bound" in "".join(chosen["callback"]):
        chosen["callback"] = ROWS["callback"][1]
    words = (word for row in chosen.values() for word in row)
    return (f"model={name}", *MODELS[name], *words)


def values(run: Path) -> dict[str, Any]:
    """Return all that two equal runs have in common."""
    last = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    with (run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    record = json.loads((run / "train.json").read_text())
    return {
        "model": load_file(run / "model" / "model.safetensors"),
        "state": last["state_dict"],
        "optimizer": last["optimizer_states"],
        "schedule": last["lr_schedulers"],
        "curves": {
            name: [row[name] for row in rows if row[name]]
            for name in rows[0]
            if name.startswith(("step", "epoch", "train/", "val/", "lr"))
        },
        "record": {key: value for key, value in record.items() if key not in CLOCKS},
    }


def differences(a: Any, b: Any, at: str = "") -> list[str]:
    """Return the places at which two nested values are not equal."""
    if isinstance(a, dict) and isinstance(b, dict):
        missing = [f"{at}/{key} in one alone" for key in a.keys() ^ b.keys()]
        both = [key for key in a if key in b]
        return missing + [d for key in both for d in differences(a[key], b[key], f"{at}/{key}")]
    if isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
        return [d for i, pair in enumerate(zip(a, b)) for d in differences(*pair, f"{at}/{i}")]
    same = torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b or (a != a and b != b)
    return [] if same else [at]


@pytest.mark.slow
@pytest.mark.trust(
    "A resumed run ends bit for bit as one that was not interrupted",
    "SIGKILL at random moments, settings drawn at random",
)
@pytest.mark.parametrize("seed", range(16))
def test_a_killed_run_ends_as_if_it_had_not_been(
    seed: int,
    forked: Forked,
    tmp_path: Path,
    record_property: pytest.RecordProperty,
) -> None:
    rng, words = random.Random(seed), drawn(seed)
    u = np.random.default_rng(0).normal(size=(25, 5, 16, 16)).cumsum(1).astype(np.float32)
    with h5py.File(tmp_path / "u.h5", "w") as file:
        file.create_dataset("u", data=u, chunks=(1, 5, 16, 16))
    status, took = forked.run(tmp_path, "train", *COMMON, *words, "hydra.run.dir=whole")
    assert status == 0, (words, (tmp_path / "err").read_text())
    run, kills, status = tmp_path / "run", 0, -9
    while status == -9:
        start = ("resume=run",)
        if not (run / "checkpoints" / "last.ckpt").is_file():
            shutil.rmtree(run, ignore_errors=True)
            start = (*COMMON, *words, "hydra.run.dir=run")
        seconds = rng.uniform(0.1, 0.9) * took if kills < 3 else 300
        status, _ = forked.run(tmp_path, "train", *start, seconds=seconds)
        kills += status == -9
    assert status == 0, (words, (tmp_path / "err").read_text())
    assert differences(values(tmp_path / "whole"), values(run)) == [], words
    record_property("trials", kills)
