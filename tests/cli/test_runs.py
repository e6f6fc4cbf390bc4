"""Run folders: what a run leaves, how it is found and continued."""

import os
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from raising import raises_input

from neurop.cli._hydra import overrides, run_folder
from neurop.cli._metrics import continued
from neurop.cli._output import save_config
from neurop.cli._runs import LAST, find, prune, quoted
from neurop.errors import InputError

from .conftest import Home


def model(folder: Path, age: float = 0.0) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.json").write_text("{}")
    os.utime(folder / "model.json", (1e9 - age, 1e9 - age))
    return folder


def trains(cfg: Any) -> None:
    """Do what the verb does to its folder."""
    save_config(run_folder(), cfg, overrides())
    last = run_folder() / LAST
    last.parent.mkdir(exist_ok=True)
    last.write_text("weights")


# find


def test_find_latest(tmp_path: Path) -> None:
    model(tmp_path / "a" / "1" / "model", age=20)
    newest = model(tmp_path / "sweeps" / "s" / "0-a" / "model", age=5)
    model(tmp_path / "b" / "2" / "model", age=10)
    found = find("latest", tmp_path)
    assert (found.run, found.model) == (newest.parent, newest)


def test_find_run_and_model_folders(tmp_path: Path) -> None:
    made = model(tmp_path / "run" / "model")
    assert (find(str(made.parent)).run, find(str(made.parent)).model) == (made.parent, made)
    assert find(str(made)).run is None
    (made.parent / "config.yaml").write_text("data: null\n")
    assert find(str(made)).run == made.parent


def test_find_says_what_is_wrong(tmp_path: Path) -> None:
    with raises_input("ckpt", "latest", "neurop train"):
        find("latest", tmp_path)
    model(tmp_path / "a" / "20260101-000000" / "model")
    run = tmp_path / "a" / "20260101-000000"
    for given, what in (
        (str(run)[:-1], f"did you mean '{run}'"),
        (str(tmp_path / "a"), "model.json"),
        (str(run / "model" / "model.json"), "archive"),
    ):
        with raises_input("ckpt", given, what):
            find(given, tmp_path)


# what a run leaves


def test_a_run_keeps_its_configuration(home: Home) -> None:
    home.run = trains
    assert home.train("model.length=2", "data=second") == 0
    (run,) = home.folder.glob("runs/second-tiny/*")
    assert sorted(p.name for p in run.iterdir()) == ["checkpoints", "config.yaml", "overrides.yaml"]
    config = OmegaConf.load(run / "config.yaml")
    assert (
        config.name,
        config.model.length,
        config.optimizer.lr,
        OmegaConf.is_missing(config.logger, "save_dir"),
    ) == (
        "second-tiny",
        2,
        0.5,
        True,
    )
    assert "hydra" not in config
    assert "${" not in (run / "config.yaml").read_text()
    kept = list(OmegaConf.load(run / "overrides.yaml"))
    # Choices that were left to their defaults are spelt out.
    assert sorted(kept) == sorted(
        [
            "data=second",
            "loader=default",
            "logger=csv",
            "model=tiny",
            "model.length=2",
            "normalizer=standard",
            "objective=tiny",
            "optimizer=tiny",
            "problem=auto",
            "recommended=second",
            "scheduler=tiny",
            "trainer=default",
        ]
    )


def test_a_wrong_use_leaves_nothing(home: Home) -> None:
    def run(cfg: Any) -> None:
        assert run_folder().is_dir()
        raise InputError("no")

    home.run = run
    assert home.train() == 2
    assert sorted(p.name for p in home.folder.iterdir()) == ["own"]


def test_prune_keeps_what_holds_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("runs/a/1", "runs/a/2"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "runs/a/2/metrics.csv").write_text("")
    prune(Path("runs/a/1"))
    prune(Path("runs/a/2"))
    prune(Path())
    assert [str(p.relative_to(tmp_path)) for p in sorted(tmp_path.rglob("*"))] == [
        "runs",
        "runs/a",
        "runs/a/2",
        "runs/a/2/metrics.csv",
    ]


def test_prune_goes_no_higher_than_a_folder_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "else" / "run").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    prune(tmp_path / "else" / "run")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["else", "here"]
    assert not (tmp_path / "else" / "run").exists()


# resume


def resumable(home: Home) -> Path:
    home.run = trains
    assert home.train("model.length=2", "data=second") == 0
    (run,) = home.folder.glob("runs/second-tiny/*")
    return run.relative_to(home.folder)


def test_resume_repeats_the_run_in_its_folder(home: Home) -> None:
    run = resumable(home)
    seen: list[Any] = []
    home.run = lambda cfg: (
        seen.append(
            (cfg.resume, cfg.model.length, cfg.optimizer.lr, cfg.trainer.max_epochs, run_folder())
        ),
        trains(cfg),
    )
    assert home.train(f"resume={run}", "trainer.max_epochs=7", groups=[]) == 0
    assert seen == [(str(run), 2, 0.5, 7, run)]
    # ... and again, with what was added the first time.
    assert home.train(f"resume={run}", groups=[]) == 0
    assert seen[1] == seen[0]
    assert "resume: null" in (run / "config.yaml").read_text()
    assert not any(o.startswith("resume") for o in OmegaConf.load(run / "overrides.yaml"))
    assert home.runs() == [str(run)]


def test_resume_in_a_folder_with_odd_letters(home: Home) -> None:
    home.run = trains
    odd = "my runs/it's (1)"
    assert home.train(f"hydra.run.dir={quoted(odd)}") == 0
    seen = []
    home.run = lambda cfg: seen.append((cfg.resume, run_folder()))
    assert home.train(f"resume={odd}", groups=[]) == 0
    assert seen == [(odd, Path(odd))]


@pytest.mark.parametrize(
    ("added", "line"),
    [
        (
            "model=other",
            "a resumed run keeps its model: {run} has model=tiny, not model=other; start a new "
            "run for it, with init={run} from these weights",
        ),
        (
            "data=tiny",
            "a resumed run keeps its data: {run} has data=second, not data=tiny; start a new run "
            "for it, with init={run} from these weights",
        ),
        (
            "experiment=big",
            "a resumed run keeps its experiment: {run} was made without experiment=, not "
            "experiment=big; start a new run for it, with init={run} from these weights",
        ),
        (
            "model.length=3",
            "a resumed run keeps its model: {run} has model.length=2, not model.length=3; start a "
            "new run for it, with init={run} from these weights",
        ),
        ("-m", "resume= continues one run; leave out -m"),
    ],
)
def test_resume_refuses_another_run(
    added: str, line: str, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    (home.folder / "own" / "experiment").mkdir()
    (home.folder / "own" / "experiment" / "big.yaml").write_text("# @package _global_\n")
    run = resumable(home)
    home.run = lambda cfg: pytest.fail("the verb was run")
    assert home.train(f"resume={run}", added, groups=[]) == 2
    assert capsys.readouterr().err == f"neurop train: {line.format(run=run)}\n"


def test_resume_takes_the_same_choice_again(home: Home) -> None:
    run = resumable(home)
    assert home.train(f"resume={run}", "model=tiny", "model.length=2", groups=[]) == 0


def test_resume_of_nothing(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert home.train("resume=nowhere") == 2
    assert (
        capsys.readouterr().err
        == "neurop train: resume=nowhere: no such folder; give the folder of a run, "
        "runs/<data>-<model>/<date-time>\n"
    )
    run = resumable(home)
    (run / LAST).unlink()
    assert home.train(f"resume={run}") == 2
    assert (
        capsys.readouterr().err
        == f"neurop train: resume={run}: no checkpoints/last.ckpt in this folder, so there is "
        "nothing to continue\n"
    )


def test_metrics_of_a_continued_run(tmp_path: Path) -> None:
    table = tmp_path / "metrics.csv"
    table.write_text("loss,step\n3,0\n2,10\n1.5,20\n")
    with continued(tmp_path):
        # As Lightning does: the file that is there is removed, then one of this process is written.
        table.unlink()
        table.write_text("loss,rate,step\n1.4,0.1,20\n1,0.1,30\n")
    assert table.read_text() == "loss,rate,step\n3,,0\n2,,10\n1.4,0.1,20\n1,0.1,30\n"
    assert [p.name for p in tmp_path.iterdir()] == ["metrics.csv"]


def test_metrics_of_a_run_that_was_killed(tmp_path: Path) -> None:
    (tmp_path / "metrics.before.csv").write_text("loss,step\n3,0\n2,10\n")
    (tmp_path / "metrics.csv").write_text("loss,step\n1,10\n")
    with continued(tmp_path):
        pass
    assert (tmp_path / "metrics.csv").read_text() == "loss,step\n3,0\n1,10\n"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"loss,st\xdcp\n1,10\n", "damaged ("),
        (b"loss,stop\n1,10\n2,20\n", "damaged in line 2"),
        (b"loss,step\n1\n2,20\n", "damaged in line 2"),
        (b"loss,step\n1,10,7\n2,20\n", "damaged in line 2"),
        (b"loss,step\n1,ten\n2,20\n", "damaged in line 2"),
    ],
)
def test_damaged_metrics_are_one_line(text: bytes, what: str, tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_bytes(text)
    with pytest.raises(InputError) as error, continued(tmp_path):
        pass
    assert what in str(error.value)
    assert (tmp_path / "metrics.csv").read_bytes() == text


def test_a_last_row_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    table = tmp_path / "metrics.csv"
    table.write_text("loss,step\n1,10\n2")
    with continued(tmp_path):
        table.write_text("loss,step\n3,20\n")
    assert table.read_text().splitlines() == ["loss,step", "1,10", "3,20"]
