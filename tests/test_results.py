"""`make results` keeps what runs found, without a trace of where they ran."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "results.py"
RECORD = {
    "model": "fno",
    "data": "burgers",
    "seed": 3,
    "parameters": 12345,
    "step_ms": 7.5,
    "seconds": 60.0,
    "data_hash": "abc",
}
SCORES = {"test/relative_l2": 0.0123456, "test/trajectory_10_relative_l2": 0.0654321}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = importlib.util.spec_from_file_location("results", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "KEPT", tmp_path / "kept")
    return module


def run(folder: Path, words: list[str], rollout: dict[str, Any] | None = None) -> Path:
    folder.mkdir()
    (folder / "overrides.yaml").write_text("".join(f"- {word}\n" for word in words))
    (folder / "train.json").write_text(json.dumps(RECORD | SCORES))
    (folder / "versions.json").write_text(json.dumps({"threads": 2, "gpu": None}))
    if rollout:
        (folder / "rollout").mkdir()
        (folder / "rollout" / "rollout.json").write_text(json.dumps(rollout))
    return folder


def test_a_run_becomes_a_row(results: Any, tmp_path: Path) -> None:
    rollout = {
        "start": 10,
        "known_steps": 40,
        "trajectory_relative_l2": 0.5,
        "relative_l2": [0.0] * 101,
        "time": [1.0, 2.0],
        "checkpoint": f"{tmp_path}/one",
    }
    words = ["experiment=burgers_cpu", "model=fno", f"hydra.run.dir={tmp_path}/one"]
    file = results.keep(run(tmp_path / "one", words, rollout))
    assert file.name == "burgers_cpu-fno-seed3-cpu.json"
    assert str(tmp_path) not in file.read_text()
    kept = json.loads(file.read_text())
    assert kept["command"] == "neurop train experiment=burgers_cpu model=fno"
    assert set(kept["rollout"]) == set(rollout) - {"relative_l2", "checkpoint"}
    cells = results.row([kept])
    assert cells[:4] == [
        "burgers_cpu",
        "fno",
        "0.01235, over 10 steps 0.06543, over 40 steps from frame 10 0.5",
        "12,345",
    ]
    assert cells[-1].startswith("FNO 0.0160 at 1024 points")
    assert "| burgers_cpu | fno | 0.01235" in results.table([kept])


def test_a_long_rollout_has_its_drift_in_the_row(results: Any) -> None:
    run = (
        RECORD
        | SCORES
        | {"experiment": "x", "command": "neurop train", "versions": {"threads": 1, "gpu": None}}
    )
    rollout = {
        "start": 0,
        "known_steps": 1460,
        "trajectory_relative_l2": 1.5,
        "mid_band_drift_half": {"u": -0.093, "v": 0.004},
    }
    assert results.row([run | {"rollout": rollout}])[2].endswith(
        "frame 0 1.5, drift of the spectrum's middle over the last half -9, +0 %"
    )
    errors = {"mid_band_drift_error_half": {"u": 0.081, "v": None}}
    assert results.row([run | {"rollout": rollout | errors}])[2].endswith(
        "over the last half -9 ± 8, +0 %"
    )
    assert results.row([run | {"rollout": rollout | {"known_steps": 999}}])[2].endswith(
        "frame 0 1.5"
    )


def test_settings_tell_runs_of_one_experiment_apart(results: Any, tmp_path: Path) -> None:
    words = ["experiment=burgers_cpu", "model=fno", "logger=csv"]
    usual, wider = (
        results.keep(run(tmp_path / name, [*words, *more]))
        for name, more in (("a", []), ("b", ["model.width=64"]))
    )
    assert usual != wider
    assert results.named(json.loads(wider.read_text())) == "fno width=64"


def test_seeds_of_one_run_are_one_row(results: Any) -> None:
    runs = [
        RECORD
        | {
            "seed": seed,
            "experiment": "burgers_cpu",
            "command": f"neurop train seed={seed}",
            "versions": {"threads": 1, "gpu": None},
        }
        | {
            "test/relative_l2": error,
            "test/trajectory_10_relative_l2": 2 * error,
            "seconds": 10.0 * seed,
        }
        for seed, error in ((2, 0.03), (0, 0.01), (1, 0.02))
    ]
    other = runs[0] | {"command": "neurop train model.width=64 seed=2"}
    lines = [
        line for line in results.table([*runs, other]).splitlines() if line.startswith("| burgers")
    ]
    assert lines[0].startswith(
        "| burgers_cpu | fno | 0.02 (0.01 to 0.03), over 10 steps 0.04 | 12,345 | 7.5 | 10.0 |  | "
        "0, 1, 2 |"
    )
    assert lines[1].startswith(
        "| burgers_cpu | fno width=64 | 0.03, over 10 steps 0.06 | 12,345 | 7.5 | 20.0 |  | 2 |"
    )


def test_kept_runs_of_several_fields_do_not_call_a_stacked_error_by_the_name_of_the_mean() -> None:
    """The mean over fields comes with the error of each, which stacked norms do not have."""
    for file in (SCRIPT.parent / "runs").glob("*.json"):
        found = json.loads(file.read_text())
        if sum(key.startswith("test/rmse/") for key in found) > 1 and "test/relative_l2" in found:
            assert any(key.startswith("test/relative_l2_field/") for key in found), file.name


def test_a_run_without_an_experiment_or_an_end_is_left_out(results: Any, tmp_path: Path) -> None:
    assert results.keep(run(tmp_path / "one", ["model=fno"])) is None
    (tmp_path / "two").mkdir()
    assert results.keep(tmp_path / "two") is None
    assert not (tmp_path / "kept").exists()
