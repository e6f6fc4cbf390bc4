"""Comparisons from the command line: the numbers are those of the other verbs, a failed model
leaves the others, and nothing begins with a mistake.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neurop.cli import compare as verb
from neurop.cli._processes import check_training
from neurop.errors import InputError

from ..conftest import TINY

Command = Callable[..., int]
SMALL = [word for word in TINY if not word.startswith("trainer.max_epochs")]


def result(folder: Path) -> Any:
    return json.loads((folder / "compare.json").read_text())


def test_models_are_trained_for_equal_steps_and_one_fails(
    neurop: Command, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = "models=[sfno,fno,persistence,linear]"
    assert neurop("compare", *SMALL, models, "budget=3steps", "hydra.run.dir=run") == 1
    found = result(tmp_path / "run")
    rows = {row["model"]: row for row in found["models"]}
    assert list(rows)[-1] == "sfno"
    assert "it needs a sphere" in rows["sfno"]["failed"]
    record = json.loads((tmp_path / "run" / "fno" / "train.json").read_text())
    assert (record["steps"], rows["fno"]["steps"]) == (3, 3)
    for name, key in (
        ("error", "test/relative_l2"),
        ("trajectory", "test/trajectory_2_relative_l2"),
        ("parameters", "parameters"),
        ("peak_mb", "peak_mb"),
        ("train_seconds", "train_seconds"),
    ):
        assert rows["fno"][name] == pytest.approx(record[key], rel=1e-5)
    persistence = record["test/persistence_relative_l2"]
    assert rows["persistence"]["error"] == pytest.approx(persistence, rel=1e-5)
    assert rows["linear"]["error"] < persistence
    assert (found["data_hash"], found["samples"]) == (record["data_hash"], 20)
    assert found["growth"]["linear"][0] > 0
    with (tmp_path / "run" / "compare.csv").open(newline="") as file:
        assert [row["model"] for row in csv.DictReader(file)] == list(rows)
    assert (tmp_path / "run" / "compare.png").stat().st_size > 0
    out, err = capsys.readouterr()
    assert err.endswith("neurop compare: sfno failed; the table has the reason\n")
    table = out[out.index("navier_stokes, 20 test samples") :].splitlines()
    assert "error, one step" in table[1]
    assert "error, 2 steps" in table[1]
    assert table[-1] == "wrote run"

    # The model's folder is a run, whose data are the same as those of another run.
    assert neurop("compare", f"ckpt=[run/fno,{trained}]", "models=[]", "hydra.run.dir=two") == 0
    again = {row["model"]: row["error"] for row in result(tmp_path / "two")["models"]}
    assert again["fno fno"] == pytest.approx(rows["fno"]["error"])
    assert len(again) == 2


def copied(trained: Path, fail: dict[str, Any]) -> Callable[..., str | None]:
    """Return what stands for the training of a model: a copy of a trained run, or a failure."""

    def train(cfg: Any, name: str, seed: int, folder: Path) -> str | None:
        failure = fail.get(f"{name}-{seed}")
        if isinstance(failure, BaseException):
            raise failure
        if failure is None:
            shutil.copytree(trained, folder)
        return failure

    return train


def test_seeds_are_one_row(
    neurop: Command, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verb, "train", copied(trained, {"tfno-1": "interrupted"}))
    words = ["models=[fno,tfno]", "seeds=[0,1]", "budget=1s", "hydra.run.dir=run"]
    assert neurop("compare", *SMALL, *words) == 1
    rows = {row["model"]: row for row in result(tmp_path / "run")["models"]}
    assert rows["fno"]["seeds"] == 2
    assert rows["fno"]["error_low"] == rows["fno"]["error"] == rows["fno"]["error_high"]
    assert rows["fno"]["runs"] == ["run/fno-seed0", "run/fno-seed1"]
    assert (rows["tfno"]["seeds"], rows["tfno"]["failed"]) == (1, "interrupted")


def test_settings_of_one_model_are_its_own(
    neurop: Command, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {}

    def train(cfg: Any, name: str, seed: int, folder: Path) -> None:
        made[name] = check_training(cfg, name)
        shutil.copytree(trained, folder)

    monkeypatch.setattr(verb, "train", train)
    model = "model: {rank: 0.3, modes: [2, 2]}"
    own = f"settings={{tfno: {{optimizer: {{lr: 0.5}}, {model}, callback: [ema]}}}}"
    words = ["models=[fno,tfno]", "budget=1steps", "optimizer.lr=0.1", "hydra.run.dir=run", own]
    assert neurop("compare", *SMALL, *words) == 0
    fno, tfno = made["fno"], made["tfno"]
    assert (fno.optimizer.lr, tfno.optimizer.lr, tfno.model.rank) == (0.1, 0.5, 0.3)
    assert list(tfno.model.modes) == [2, 2]
    assert list(tfno.callback) == ["ema"]
    assert "callback" not in fno


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_done(
    neurop: Command, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verb, "train", copied(trained, {"tfno-0": KeyboardInterrupt()}))
    words = ["models=[fno,tfno,t1,persistence]", "budget=1s", "hydra.run.dir=run"]
    assert neurop("compare", *SMALL, *words) == 130
    assert [row["model"] for row in result(tmp_path / "run")["models"]] == ["fno"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["models=[fnno]"], "models=fnno: did you mean 'fno'?"),
        (["models=fnno"], "models=fnno: did you mean 'fno'?"),
        (["budget=ten"], "budget=ten: give a time or steps: 90s, 10min, 1h, 2000steps"),
        (["seeds=[-1]"], "seeds=-1: give at least 0"),
        (
            ["models=[fno,linear]", "settings={linear: {optimizer: {lr: 1}}}"],
            "settings=linear: not among models=; choose from fno",
        ),
        (["settings={fno: 3}"], "settings: expected "),
        (["models=[fno]", "settings={fno: {optimizer: {lrr: 1}}}"], "no setting 'optimizer.lrr'; "),
        (["steps=0"], "steps=0: give at least 1"),
        (
            ["models=[ffno,t1]", "+model.share=true"],
            "model.share: neurop.models.FNO takes no 'share'; ",
        ),
        (["ckpt=[nowhere]"], "ckpt=nowhere: no such folder; train one first: neurop train"),
        (
            ["ckpt=[RUN]", "models=[fno]"],
            "models=fno: runs are compared with baselines; choose from persistence, climatology, "
            "linear",
        ),
        (["ckpt=[RUN,other]"], "ckpt=other: trained on data 0, RUN on "),
    ],
)
def test_a_mistake_is_one_line_before_any_work(
    words: list[str],
    line: str,
    neurop: Command,
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verb, "train", lambda *_: pytest.fail("a model was trained"))
    if "other" in str(words):
        shutil.copytree(trained, tmp_path / "other")
        card = tmp_path / "other" / "model" / "model.json"
        plain = json.loads(card.read_text())
        plain["origin"]["data_hash"] = "0"
        card.write_text(json.dumps(plain))
    capsys.readouterr()
    words = [word.replace("RUN", str(trained)) for word in words]
    assert neurop("compare", *(SMALL if "ckpt" not in str(words) else []), *words) == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"neurop compare: {line.replace('RUN', str(trained))}")
    assert (out, len(err.splitlines())) == ("", 1)
    assert not (tmp_path / "runs").exists()


def test_a_baseline_that_fails_leaves_the_others(
    neurop: Command, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verb, "train", copied(trained, {}))
    fitted = verb.fit_baseline

    def fit(name: str, *rest: Any) -> Any:
        if name == "linear":
            raise InputError("baselines step by one frame; begin with 1", "leads")
        return fitted(name, *rest)

    monkeypatch.setattr(verb, "fit_baseline", fit)
    words = ["models=[fno,persistence,linear]", "budget=1s", "hydra.run.dir=run"]
    assert neurop("compare", *SMALL, *words) == 1
    rows = {row["model"]: row for row in result(tmp_path / "run")["models"]}
    assert "one frame" in rows["linear"]["failed"]
    assert rows["fno"]["error"] > 0
    assert rows["persistence"]["error"] > 0


def test_a_run_that_has_not_ended_is_compared(
    neurop: Command, trained: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        shutil.copytree(trained, tmp_path / name)
    best = tmp_path / "a" / "checkpoints" / "best"
    shutil.rmtree(best, ignore_errors=True)
    (tmp_path / "a" / "model").rename(best)
    (tmp_path / "a" / "train.json").unlink()
    words = ["ckpt=[a,b]", "models=[]", "hydra.run.dir=run"]
    assert neurop("compare", *words) == 0
    errors = [row["error"] for row in result(tmp_path / "run")["models"]]
    assert errors[0] == pytest.approx(errors[1])
    (tmp_path / "b" / "train.json").write_text("{")
    words[-1] = "hydra.run.dir=again"
    assert neurop("compare", *words) == 1
    failed = [row["failed"] for row in result(tmp_path / "again")["models"]]
    assert any(text and "not JSON" in text for text in failed)
