"""``neurop refine``, and what the other verbs make of a refined run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import load_file

import neurop as library

from ..conftest import TINY

Command = Callable[..., int]
SHORT = ("loader.batch_size=2", "trainer.max_epochs=2", "trainer.accelerator=cpu")


def record(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(), parse_constant=pytest.fail)


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """Return the run of two steps that the tests share, copied to a relative path."""
    return Path(shutil.copytree(trained, tmp_path / "run")).relative_to(tmp_path)


def test_a_stage_and_a_third_one(
    run: Path, neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("refine", f"ckpt={run}", *SHORT, "hydra.run.dir=two") == 0
    said = capsys.readouterr().out
    found, base = record(Path("two/train.json")), record(run / "train.json")
    assert (found["model"], found["epochs"]) == ("boosted", 2)
    # Weights of the base, unchanged, below those of the stage.
    weights, old = (load_file(Path(p) / "model" / "model.safetensors") for p in ("two", run))
    for name, value in old.items():
        new = name.replace("net.", "net.base.", 1) if name.startswith("net.") else name
        assert torch.equal(weights[new], value)
    assert found["before"]["test/relative_l2"] == pytest.approx(base["test/relative_l2"])
    old_error, error = found["before"]["val/relative_l2"], found["val/relative_l2"]
    assert error < old_error
    rms = found["shrinkage"]["vorticity"]
    assert f"residual of vorticity: rms {rms['train']:.3g} on training, {rms['val']:.3g}" in said
    (row,) = (line.split() for line in said.splitlines() if line.startswith("  test/relative_l2 "))
    shown = [f"{r['test/relative_l2']:.4g}" for r in (found["before"], found)]
    assert row[1:] == shown
    assert ("not worth a stage" in said) == (error > 0.98 * old_error)
    assert said.splitlines()[-1] == "wrote two"
    saved = OmegaConf.load("two/config.yaml")
    assert saved.data == OmegaConf.load(run / "config.yaml").data
    assert saved.ckpt == str((run / "model").absolute())
    for name in ("metrics.csv", "plots/loss.png", "overrides.yaml", "versions.json"):
        assert (Path("two") / name).stat().st_size > 0
    # Another architecture on top.
    small = ("model=t1", "model.modes=4", "model.width=4", "model.depth=1")
    assert neurop("refine", "ckpt=two", *small, *SHORT, "hydra.run.dir=three") == 0
    card = library.load("three").card.model
    assert card.arguments["base"] == library.load("two").card.model
    assert card.arguments["stage"].name == "t1"
    assert card.arguments["stage"].arguments["modes"] == 4


@pytest.mark.slow
def test_the_other_verbs_take_it_up(
    run: Path, neurop: Command, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("refine", f"ckpt={run}", *SHORT, "hydra.run.dir=runs/two/0") == 0
    found = Path("runs/two/0")
    scores = record(found / "train.json")
    assert neurop("eval", "ckpt=latest", "report=true") == 0
    one = record(found / "eval" / "eval.json")
    assert one["relative_l2"] == pytest.approx(scores["test/relative_l2"], rel=1e-6)
    assert "boosted" in (found / "report.html").read_text()
    assert neurop("superres", "ckpt=latest", "resolutions=[16]") == 0
    assert neurop("rollout", "ckpt=latest", "gif=false", "steps=2") == 0
    assert neurop("calibrate", "ckpt=latest", "level=0.8") == 0
    assert neurop("publish", "ckpt=latest") == 0
    bibtex = (found / "publish" / "CITATION.bib").read_text()
    assert "2404.07200" in bibtex
    capsys.readouterr()
    assert neurop("info", "latest") == 0
    assert "base" in capsys.readouterr().out
    assert neurop("compare", f"ckpt=[{run},{found}]", "hydra.run.dir=compared") == 0
    (file,) = store.glob("navier_stokes*.h5")
    assert neurop("predict", "ckpt=latest", f"input={file}", "output=p.nc") == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "model", "objective", "name"),
    [
        ("denoising", "denoised", "denoising.Denoising", "denoising"),
        ("thermalizer", "thermalized", "thermalizing.Thermalizing", "thermalizing"),
    ],
)
def test_a_method_with_its_own_objective(
    method: str, model: str, objective: str, name: str, run: Path, neurop: Command
) -> None:
    words = (f"method={method}", "method.steps=2", *SHORT, "hydra.run.dir=noise")
    assert neurop("refine", f"ckpt={run}", *words) == 0
    assert record(Path("noise/train.json"))["model"] == model
    saved = OmegaConf.load("noise/config.yaml")
    assert saved.objective._target_ == f"neurop.objectives.{objective}"
    base, stage = (library.load("noise").card.model.arguments[k] for k in ("base", "stage"))
    assert base == stage == library.load(run).card.model
    assert "train/loss" in Path("noise/metrics.csv").read_text()
    assert neurop("rollout", "ckpt=noise", "gif=false", "steps=2") == 0
    assert neurop("refine", f"ckpt={run}", f"objective={name}", *SHORT) == 2
    assert neurop("train", f"objective={name}", *TINY) == 2


@pytest.mark.slow
def test_it_is_resumed_bit_for_bit(
    run: Path, neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [word for word in SHORT if not word.startswith("trainer.max_epochs")]
    long = ("trainer.max_epochs=3", "~scheduler")
    assert neurop("refine", f"ckpt={run}", *words, *long, "hydra.run.dir=whole") == 0
    first = ("trainer.max_epochs=2", "~scheduler")
    assert neurop("refine", f"ckpt={run}", *words, *first, "hydra.run.dir=part") == 0
    assert neurop("refine", "resume=part", "trainer.max_epochs=3") == 0
    assert "trainer.max_epochs=3: the run has had 2 so far" in capsys.readouterr().out
    whole, part = (load_file(f"{name}/model/model.safetensors") for name in ("whole", "part"))
    assert whole.keys() == part.keys()
    assert all(torch.equal(part[name], value) for name, value in whole.items())
    assert neurop("refine", "resume=part", "trainer.max_epochs=4", "seed=1") == 2
    assert "a resumed run keeps its seed: part has seed=0, not " in capsys.readouterr().err
    assert neurop("train", "resume=part", "trainer.max_epochs=4") == 2
    assert capsys.readouterr().err == (
        "neurop train: resume=part: a run of neurop refine; continue it by neurop refine "
        "resume=part\n"
    )
    assert neurop("refine", f"resume={run}", "trainer.max_epochs=4") == 2
    assert "a run of neurop train; continue it by neurop train resume=run" in (
        capsys.readouterr().err
    )


def test_a_stage_that_fails_is_said_and_leaves_the_base(
    run: Path, neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    wild = ("optimizer.lr=30.0", "~scheduler")
    assert neurop("refine", f"ckpt={run}", *SHORT, *wild, "hydra.run.dir=two") == 0
    said = capsys.readouterr().out
    assert "the stage reduces the validation error by 0.0 %, which is not worth a stage" in said
    found = record(Path("two/train.json"))
    for key, value in found["before"].items():
        if key.startswith("test/"):
            assert found[key] == value
    assert found["val/relative_l2"] == pytest.approx(found["before"]["val/relative_l2"], rel=1e-5)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("ckpt=absent", "ckpt=absent: no such folder; train one first: neurop train"),
        ("ckpt=run method=specbost", "no method 'specbost'; did you mean 'specboost'?"),
        ("ckpt=run seed=-1", "seed=-1: give an integer from 0 to 4294967295"),
        ("ckpt=run objective=crps", "objective=Crps: "),
        ("ckpt=run model=fno model.width=0", "model.width=0: at least 1 is needed"),
        ("ckpt=run model.width=8", "no setting 'model.width' while no model is chosen; add model="),
        ("ckpt=run data.samples=50", "ckpt=run/model: the data are others than those of its "),
        ("ckpt=run optimizer.lr=fast", "optimizer.lr: "),
        ("ckpt=run method._target_=os.system", "method._target_: 'os.system' is not of neurop"),
        ("ckpt=run method._target_=neurop.load", "load is no registered refinement"),
    ],
)
def test_wrong_input(
    words: str, line: str, run: Path, neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    before = set(Path().rglob("*"))
    assert neurop("refine", *words.split(), *SHORT, "hydra.run.dir=two") == 2
    said = capsys.readouterr().err
    *others, last = said.splitlines()
    assert last.startswith(f"neurop refine: {line}")
    assert not [one for one in others if "generat" not in one]  # of another set, to compare it
    assert set(Path().rglob("*")) == before


def test_a_probabilistic_surrogate_is_refused(
    neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("train", *TINY, "debug=default", "objective=crps", "hydra.run.dir=noisy") == 0
    capsys.readouterr()
    assert neurop("refine", "ckpt=noisy", *SHORT, "hydra.run.dir=two") == 2
    said = capsys.readouterr().err
    assert said.startswith("neurop refine: surrogate=fno: takes noise")
    assert not Path("two").exists()
