"""Training on samples that are solved for meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from noise import Noise
from raising import raises_input
from small import surrogate

from neurop.errors import ExternalFailure
from neurop.objectives.regression import Regression
from neurop.problems import Evolution
from neurop.training.module import TrainingModule
from neurop.training.online import OnlineLoader

from .conftest import ADAM, trainer

ARGUMENTS = {"modes": 3, "width": 4, "depth": 1}


def local(folder: Path, samples: int = 100, **more: Any) -> Noise:
    """Return noise whose solver runs in a thread, since no other process can import its class."""

    class Local(Noise):
        pass

    return Local(samples, "online", folder=str(folder), **more)


def online(source: Noise, **how: Any) -> OnlineLoader:
    return OnlineLoader(source.splits(), Evolution(), source, **({"batch_size": 4} | how))


def fit(batches: OnlineLoader, epochs: int = 2, path: Path | None = None) -> Any:
    module = TrainingModule(
        surrogate(batches.first, arguments=ARGUMENTS).train(), Regression(), ADAM
    )
    runner = trainer(epochs)
    runner.fit(module, batches, ckpt_path=path, weights_only=True)
    return runner


def test_the_file_has_the_first_samples_and_the_sets_are_the_usual_ones(tmp_path: Path) -> None:
    usual, short = Noise(100, folder=str(tmp_path)).splits(), local(tmp_path).splits()
    assert {name: len(split) for name, split in short.items()} == {
        "train": 20,
        "val": 20,
        "test": 20,
    }
    for name in ("val", "test"):
        np.testing.assert_array_equal(
            np.asarray(short[name].values), np.asarray(usual[name].values)
        )
    np.testing.assert_array_equal(
        np.asarray(short["train"].values), np.asarray(usual["train"].values)[:20]
    )
    assert local(tmp_path, 45).stored == 45
    with raises_input("mode", "onlin"):
        Noise(100, "onlin")  # type: ignore[arg-type]


def test_steps_are_those_of_the_stored_set_and_samples_are_new(tmp_path: Path) -> None:
    batches = online(local(tmp_path), buffer=20)
    assert len(batches.train_dataloader()) == 60 * 2 // 4
    runner = fit(batches, epochs=3)
    assert runner.global_step == 3 * 30
    report = batches.report()
    # 360 windows of 20 samples in the buffer, each replaced once it was drawn.
    assert 30 < report["unique_samples"] <= 20 + report["solved_samples"]
    assert report["solved_samples"] % 4 == 0
    repeats = {int(draws): samples for draws, samples in report["repeats"].items()}
    assert sum(repeats.values()) == report["unique_samples"]
    assert sum(draws * samples for draws, samples in repeats.items()) == 360
    assert report["solver_seconds"] > 0
    known = {local(tmp_path).one(i).tobytes(): i for i in range(60 + report["solved_samples"])}
    held = [known[np.asarray(w.fields.values[0]).tobytes()] for w in batches.buffer.items()]
    assert len(set(held)) == len(held) == 20
    assert min(held) >= 40
    assert max(held) >= 60
    # Validation is whole and in order.
    windows = [one for batch in batches.val_dataloader() for one in batch["input"]]
    torch.testing.assert_close(
        torch.stack(windows[::2]),
        torch.stack([torch.from_numpy(local(tmp_path).one(i)[:1]) for i in range(20, 40)]),
    )


def test_processes_draw_other_windows_of_the_same_number(tmp_path: Path) -> None:
    drawn = []
    for process in (0, 1):
        batches = online(local(tmp_path), buffer=20)
        batches.trainer = SimpleNamespace(  # type: ignore[assignment]
            world_size=2,
            global_rank=process,
            _accelerator_connector=SimpleNamespace(use_distributed_sampler=True),
        )
        made = batches.train_dataloader()
        drawn.append(torch.cat([batch["input"] for batch in made]))
        assert len(made) == 60 * 2 // 8
        batches.close()
    assert len(drawn[0]) == len(drawn[1]) == 60
    assert not torch.equal(*drawn)


def test_windows_are_cut_from_one_sample(tmp_path: Path) -> None:
    batches = online(local(tmp_path), buffer=5)
    known = {local(tmp_path).one(i)[:-1].tobytes(): 0 for i in range(40, 200)} | {
        local(tmp_path).one(i)[1:].tobytes(): 1 for i in range(40, 200)
    }
    starts = []
    for batch in batches.train_dataloader():
        starts += [
            known[torch.cat([a, b]).numpy().tobytes()]
            for a, b in zip(batch["input"], batch["target"])
        ]
    batches.close()
    assert set(starts) == {0, 1}


def test_a_run_goes_on_after_the_samples_that_it_has_seen(tmp_path: Path) -> None:
    first = online(local(tmp_path), buffer=30)
    runner = fit(first, epochs=1)
    runner.save_checkpoint(tmp_path / "last.ckpt")
    before = first.report()
    again = online(local(tmp_path), buffer=30)
    fit(again, epochs=2, path=tmp_path / "last.ckpt")
    after = again.report()
    assert after["unique_samples"] > before["unique_samples"]
    assert after["solved_samples"] > before["solved_samples"]
    known = {local(tmp_path).one(i).tobytes(): i for i in range(60 + after["solved_samples"])}
    held = {known[np.asarray(w.fields.values[0]).tobytes()] for w in again.buffer.items()}
    assert {i for i in held if i >= 60} <= set(
        range(60 + before["solved_samples"], 60 + after["solved_samples"])
    )


@pytest.mark.parametrize(
    ("how", "key", "value"), [("input", "viscosity", -1), ("hole", "field", "u")]
)
def test_an_error_of_the_solver_stops_the_training(
    tmp_path: Path, how: str, key: str, value: Any
) -> None:
    with raises_input(key, value):
        fit(online(local(tmp_path, how=how, at=64), buffer=20), epochs=200)


def test_the_end_of_a_training_ends_its_processes(tmp_path: Path) -> None:
    batches = online(Noise(100, "online", folder=str(tmp_path), how="killed", at=10_000), solvers=2)
    fit(batches, epochs=1)
    assert batches.stream is not None
    assert [process._process.poll() for process in batches.stream._processes] == [-9, -9]


def test_a_process_that_is_killed_stops_the_training(tmp_path: Path) -> None:
    batches = online(Noise(100, "online", folder=str(tmp_path), how="killed", at=64))
    with pytest.raises(ExternalFailure, match="SIGKILL"):
        fit(batches, epochs=10_000)


@pytest.mark.parametrize(
    ("how", "key", "value"),
    [
        ({"buffer": 0}, "buffer", 0),
        ({"solvers": 0}, "solvers", 0),
        ({"draws": {"watermark": 0}}, "watermark", 0),
        ({"draws": {"watermark": 9}, "buffer": 8}, "watermark", 9),
        ({"draws": {"policy": "lifo"}}, "policy", "lifo"),
    ],
)
def test_wrong_settings_are_named(
    tmp_path: Path, how: dict[str, Any], key: str, value: Any
) -> None:
    with raises_input(key, value):
        online(local(tmp_path), **how)


def test_a_stored_set_is_refused(tmp_path: Path) -> None:
    with raises_input("mode", "stored"):
        online(Noise(100, folder=str(tmp_path)))


def test_train_verb(
    train: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        train(
            "data.storage.mode=online",
            "data.samples=50",
            "loader=online",
            "loader.buffer=8",
            "hydra.run.dir=run",
        )
        == 0
    )
    assert (
        "20 training examples per epoch, generated while training runs" in capsys.readouterr().out
    )
    record = json.loads((tmp_path / "run" / "train.json").read_text())
    assert record["steps"] == 2 * 20 // 2
    assert record["unique_samples"] >= 1
    assert record["solved_samples"] >= 0
    saved = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)[
        "OnlineLoader"
    ]
    assert saved["next_number"] >= 50
    assert train("data.storage.mode=online", "data.samples=50") == 2
    assert "add loader=online" in capsys.readouterr().err
    assert train("data.storage.mode=onlin") == 2
    assert (
        "data.storage.mode: expected 'stored' or 'online', got 'onlin'" in capsys.readouterr().err
    )


@pytest.mark.slow
def test_ctrl_c_is_one_line_and_leaves_no_process(tmp_path: Path) -> None:
    command = [
        "train",
        "data=navier_stokes",
        "data.storage.mode=online",
        "data.resolution=16",
        "data.samples=60",
        "~recommended",
        "loader=online",
        "model.modes=4",
        "model.width=4",
    ]
    code = "import sys; from neurop.cli import main; sys.exit(main(sys.argv[1:]))"
    env = {**os.environ, "NEUROP_DATA": str(tmp_path), "OMP_NUM_THREADS": "1"}
    run = subprocess.Popen(
        [sys.executable, "-c", code, *command, "trainer.max_epochs=100000"],
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert run.stdout is not None
    while b"epoch 3/" not in run.stdout.readline():
        assert run.poll() is None
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert err.decode().splitlines()[-1].startswith("neurop train: interrupted in epoch ")
    time.sleep(0.1)
    assert children
    assert not any(Path(f"/proc/{child}").exists() for child in children)
