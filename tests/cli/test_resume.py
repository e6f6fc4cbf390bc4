"""A resumed run keeps its settings and its data, and says what it changes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ..conftest import TINY

Command = Callable[..., int]


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "run")).relative_to(tmp_path)


@pytest.mark.trust(
    "A resumed run keeps its settings and data, or says what changes",
    "other settings",
)
@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("optimizer.lr=1e-6", "keeps its optimizer: run has optimizer.lr=0.002, not "),
        ("optimizer._target_=torch.optim.SGD", "keeps its optimizer: run has optimizer._target_="),
        ("~scheduler", "keeps its scheduler: run has "),
        ("seed=3", "keeps its seed: run has seed=0, not seed=3; start a new run for it, with "),
        ("loader.batch_size=4", "keeps its loader: run has loader.batch_size=2, not "),
        ("objective.gradient=0.1", "keeps its objective: run has objective.gradient=0.0, not "),
        ("data.samples=50", "keeps its data: run has data.samples=42, not "),
        ("augment=[noise]", "keeps its augment: run was made without augment=, not "),
        ("+optimizer.eps=1e-3", "keeps its optimizer: run was made without optimizer.eps="),
    ],
)
def test_what_a_resumed_run_keeps(
    word: str, line: str, run: Path, neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("train", f"resume={run}", "trainer.max_epochs=3", word) == 2
    said = capsys.readouterr().err
    assert said.startswith("neurop train: a resumed run ")
    assert line in said
    assert said.endswith("with init=run from these weights\n")


@pytest.mark.trust(
    "A resumed run keeps its settings and data, or says what changes",
    "other settings",
)
def test_what_it_may_change_is_said(
    run: Path, neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("trainer.max_epochs=3", "trainer.gradient_clip_val=0.5", "seed=0", "optimizer.lr=0.002")
    assert neurop("train", f"resume={run}", *more) == 0
    said = capsys.readouterr().out.splitlines()
    assert "trainer.max_epochs=3: the run has had 2 so far" in said
    assert "trainer.gradient_clip_val=0.5: the run has had 1.0 so far" in said
    assert json.loads((run / "train.json").read_text())["epochs"] == 3


def test_a_time_limit_is_not_exact_and_said_to_be(
    train: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("trainer.max_time=00:01:00:00", "trainer.max_epochs=1") == 0
    line = "trainer.max_time=00:01:00:00 ends within an epoch: resume= goes on with the next one, "
    assert line in capsys.readouterr().out


@pytest.mark.trust(
    "A resumed run keeps its settings and data, or says what changes",
    "another file, other values",
)
def test_other_data_are_refused(
    tmp_path: Path, neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(scale: float) -> None:
        values = np.random.default_rng(0).normal(size=(12, 4, 16)).astype(np.float32)
        np.savez(tmp_path / "u.npz", u=scale * values)

    write(1.0)
    axes = ("data.axes=[sample,time,x]", "data.boundary=periodic")
    small = [word for word in TINY if not word.startswith(("data", "~"))]
    words = ("data=file", "data.path=u.npz", *axes, *small, "hydra.run.dir=run")
    assert neurop("train", *words) == 0
    write(1000.0)
    before = {p: p.stat().st_mtime_ns for p in Path("run").rglob("*")}
    capsys.readouterr()
    assert neurop("train", "resume=run", "trainer.max_epochs=3") == 2
    said = capsys.readouterr().err
    pattern = r"resume=run: the training data are others than those of the run \(digest \w{12}, not"
    assert re.search(pattern, said)
    assert len(said.splitlines()) == 1
    assert {p: p.stat().st_mtime_ns for p in Path("run").rglob("*") if p in before} == before
    write(1.0)
    Path("u.npz").rename("moved.npz")
    assert neurop("train", "resume=run", "trainer.max_epochs=3", "data.path=moved.npz") == 0


@pytest.mark.trust(
    "A time limit of a batch system ends a run that can be resumed",
    "SIGTERM during an epoch",
)
@pytest.mark.slow
def test_sigterm_ends_with_143_and_names_the_run(store: Path, tmp_path: Path) -> None:
    words = [w for w in TINY if not w.startswith("trainer.max_epochs")]
    words += ["trainer.max_epochs=100000", "hydra.run.dir=run"]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "neurop", "train", *words],
        cwd=tmp_path,
        env=os.environ | {"NEUROP_DATA": str(store)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    while not process.stdout.readline().startswith("epoch 2/"):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143
    pattern = r"neurop train: terminated in epoch \d+ of 100000; to continue: neurop train resume="
    assert re.match(pattern, said.splitlines()[-1])
    assert not (tmp_path / "run" / ".lock").exists()


@pytest.mark.trust("A new run overwrites no earlier one", "the folder of a run given to another")
def test_a_folder_with_a_run_is_kept(
    run: Path, train: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file()}
    assert train("hydra.run.dir=run") == 2
    assert capsys.readouterr().err == (
        "neurop train: run: holds a run already; continue it by resume=run, or give another folder "
        "by hydra.run.dir=\n"
    )
    assert {p: p.read_bytes() for p in run.rglob("*") if p.is_file()} == before
