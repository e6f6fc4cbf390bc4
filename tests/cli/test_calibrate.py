"""``neurop calibrate``, and what eval and rollout make of its bands; ensembles in both."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import neurop as library
from neurop.datasets import NavierStokes
from neurop.evaluation import ensemble
from neurop.evaluation.laplace import laplace
from neurop.inference.conformal.rank import rank

Command = Callable[..., int]


def record(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(), parse_constant=pytest.fail)


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "run"))


def test_bands_from_the_command_to_the_rollout(
    run: Path, neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("calibrate", f"ckpt={run}", "level=0.8", "guarantee=share") == 0
    made = record(run / "calibrate" / "calibrate.json")
    assert made["guarantee"] == {"name": "share", "arguments": {"area": 0.9}}
    assert (made["split"], made["samples"], made["leads"]) == ("val", 20, 2)
    bands = library.load(run).bands
    assert bands is not None
    assert bands.level == 0.8
    scores = np.sort(bands.scores[:, :, 0], 0)
    np.testing.assert_allclose(made["factor"]["vorticity"], scores[rank(20, 0.8) - 1])
    assert (run / "calibrate" / "calibrate.png").stat().st_size > 0
    capsys.readouterr()
    assert neurop("eval", f"ckpt={run}") == 0
    judged = record(run / "eval" / "eval.json")["bands"]
    assert judged["level"] == 0.8
    assert judged["forecasts"]["vorticity"] == [20, 20]
    assert "coverage of the 80 % bands, 20 forecasts" in capsys.readouterr().out
    assert neurop("rollout", f"ckpt={run}", "gif=false", "level=0.9", "steps=2") == 0
    rolled = record(run / "rollout" / "rollout.json")["bands"]
    assert rolled["level"] == 0.9
    with xr.open_dataset(run / "rollout" / "rollout.nc", engine="h5netcdf") as opened:
        half = (opened.vorticity_upper - opened.vorticity_lower).values[0] / 2
        np.testing.assert_allclose(half, bands.half_width(level=0.9)[:, 0], rtol=1e-3)
        truth = opened.vorticity_truth
        inside = (truth >= opened.vorticity_lower) & (truth <= opened.vorticity_upper)
        area = inside.mean(("sample", "x", "y"))
        np.testing.assert_allclose(rolled["area"]["vorticity"], area, atol=2e-3)
    assert (run / "rollout" / "rollout_bands.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("split=train", "split=train: the surrogate was fitted to it; choose from val, test, all"),
        ("level=0.99", "level=0.99: needs 99 calibration samples, there are 20; 20 allow at most "),
        ("level=90", "level=90: give a probability between 0 and 1, such as 0.9"),
        ("guarantee=share guarantee.area=0", "guarantee.area=0: give a share above 0"),
        ("steps=7", "steps=7: the truth of 9 forecasts is known for 1 to 2 steps"),
    ],
)
def test_a_wrong_setting(
    words: str, line: str, run: Path, neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("calibrate", f"ckpt={run}", *words.split()) == 2
    assert capsys.readouterr().err.startswith(f"neurop calibrate: {line}")
    assert not (run / "calibrate").exists()
    assert not (run / "model" / "bands.safetensors").exists()


def test_a_level_without_bands(
    run: Path, neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("rollout", f"ckpt={run}", "level=0.9") == 2
    assert capsys.readouterr().err.startswith("neurop rollout: level=0.9: the surrogate has no")


def waves(path: str, samples: int, seed: int) -> None:
    """Write trajectories (sample, time, x) of a moving wave of random phase."""
    phase = np.random.default_rng(seed).random((samples, 1, 1))
    x, t = np.arange(16) / 16, np.arange(3)[:, None] / 8
    np.savez(path, u=np.sin(2 * np.pi * (x - t + phase)).astype(np.float32))


@pytest.mark.slow
def test_all_samples_of_another_file(
    neurop: Command, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    waves("a.npz", 30, 0)
    waves("b.npz", 12, 1)
    read = ["data=file", "data.path=a.npz", "data.axes=[sample,time,x]", "data.boundary=periodic"]
    size = ["model.modes=3", "model.width=4", "model.depth=1", "trainer.max_epochs=1"]
    assert neurop("train", *read, *size, "hydra.run.dir=run") == 0
    assert neurop("calibrate", "ckpt=run", "split=all", "level=0.5") == 2
    assert "24 samples are among those of the training" in capsys.readouterr().err
    assert neurop("calibrate", "ckpt=run", "data.path=b.npz", "split=all") == 0
    assert "the largest error of 12 samples sets the width" in capsys.readouterr().out
    bands = library.load("run").bands
    assert bands is not None
    assert bands.counts.tolist() == [[12], [12]]
    np.testing.assert_array_equal(bands.factor()[:, 0], np.sort(bands.scores[:, :, 0], 0)[11])
    # The typical size of errors is that of the training data, whatever is given for the scores.
    assert neurop("calibrate", "ckpt=run", "level=0.5") == 0
    own = library.load("run").bands
    assert own is not None
    np.testing.assert_array_equal(own.modulation, bands.modulation)
    assert "calibrate on other samples, data.path=... split=all" in capsys.readouterr().out
    assert neurop("predict", "ckpt=run", "input=b.npz", "level=0.6", "output=p.nc") == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "60 % bands, u_lower and u_upper: at a given lead time the field is inside the band at "
        "every point",
        "wrote p.nc",
    ]


def test_ensembles_of_runs_and_of_perturbed_inputs(
    run: Path, neurop: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = shutil.copytree(run, tmp_path / "other")
    surrogate = library.load(other)
    for weight in surrogate.net.parameters():
        weight.data.mul_(1.1)
    surrogate.save(other / "model")
    assert neurop("rollout", f"ckpt=[{run},{other}]", "steps=2") == 0
    made = record(run / "rollout_ensemble" / "rollout_ensemble.json")
    assert (made["members"], made["steps"]) == (2, 2)
    assert made["spread"]["vorticity"][0] > 0
    assert neurop("eval", f"ckpt={run}", "members=3", "perturbation=0.1") == 0
    made = record(run / "eval_ensemble" / "eval_ensemble.json")
    assert (made["members"], made["perturbation"]) == (3, 0.1)
    assert len(made["rank_frequency"]["vorticity"][0]) == 4
    assert (run / "eval_ensemble" / "ensemble.png").stat().st_size > 0
    with xr.open_dataset(run / "eval_ensemble" / "ensemble.nc", engine="h5netcdf") as opened:
        np.testing.assert_allclose(opened.crps_vorticity, made["crps"]["vorticity"], rtol=1e-6)
    capsys.readouterr()
    for words, line in (
        ((f"ckpt=[{run}]",), "ckpt="),
        ((f"ckpt=[{run},{run}]",), "ckpt="),
        ((f"ckpt={run}", "members=1"), "members=1: give at least 2"),
        ((f"ckpt={run}", "members=2", "perturbation=0"), "perturbation=0"),
        ((f"ckpt={run}", "members=2", "report=true"), "report=True: is of one surrogate"),
        ((f"ckpt={run}", "members_from=input"), "members_from=input: is the source of members"),
        ((f"ckpt={run}", "members=2", "members_from=seed"), "members_from=seed: choose from"),
        ((f"ckpt={run}", "members=2", "members_from=noise"), "members_from=noise: the surrogate"),
        ((f"ckpt={run}", "members=2", "level=0.9"), "level=0.9: is of the bands"),
    ):
        assert neurop("eval", *words) == 2
        assert capsys.readouterr().err.startswith(f"neurop eval: {line}")


@pytest.mark.slow
def test_an_ensemble_of_drawn_last_layers(run: Path, neurop: Command) -> None:
    assert neurop("eval", f"ckpt={run}", "members=3", "members_from=last_layer") == 0
    made = record(run / "eval_ensemble" / "eval_ensemble.json")
    assert (made["members"], made["members_from"], made["perturbation"]) == (3, "last_layer", None)
    surrogate, data = library.load(run), NavierStokes(samples=42, resolution=16, steps=2).splits()
    posterior = laplace(surrogate, data["train"])
    scores = ensemble([posterior.member(i) for i in range(3)], data["test"])
    for name in ("spread", "crps"):
        np.testing.assert_allclose(made[name]["vorticity"], scores[name][:1, 0], rtol=1e-5)
    # On all samples of a file the posterior is still that of the training data of the run.
    u = NavierStokes(samples=42, resolution=16, steps=2).splits()["val"]
    u.to_xarray().to_netcdf("other.nc", engine="h5netcdf")
    words = ["members=3", "members_from=last_layer", "data=file", "data.path=other.nc"]
    words += ["data.boundary=periodic"]
    assert neurop("eval", f"ckpt={run}", *words, "split=all", "out=other") == 0
    made = record(Path("other/eval_ensemble.json"))
    scores = ensemble([posterior.member(i) for i in range(3)], u)
    np.testing.assert_allclose(made["spread"]["vorticity"], scores.spread[:1, 0], rtol=1e-4)
