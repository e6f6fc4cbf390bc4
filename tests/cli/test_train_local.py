"""``neurop train model=unet``, with what the data set recommends, and the other verbs after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

DATA = ("data.samples=42", "data.resolution=16", "data.steps=2")
UNET = ("model=unet", "model.width=4", "model.levels=1")


@pytest.mark.slow
def test_a_local_model_trains_and_says_that_it_is_of_one_resolution(
    neurop: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cpu = ("trainer.accelerator=cpu", "hydra.run.dir=run")
    assert neurop("train", *DATA, *UNET, *cpu, "debug=default") == 0
    said = capsys.readouterr().out
    line = "augment.coarse_to_fine is left out: unet is not resolution-invariant"
    assert line in said.splitlines()
    assert "modes" not in said
    assert neurop("superres", "ckpt=run", "resolutions=[16,24]") == 0
    warning = "warning: unet is not resolution-invariant: it was trained for 16 x 16 points"
    assert warning in capsys.readouterr().err
    record = json.loads((tmp_path / "run" / "superres" / "superres.json").read_text())
    assert "resolution-invariant" in record["warning"]
    assert record["resolutions"]["24"]["relative_l2"] > 0
    assert neurop("rollout", "ckpt=run", "steps=2", "gif=false") == 0
    assert neurop("eval", "ckpt=run") == 0
    assert "resolution" not in capsys.readouterr().err


def test_a_coarse_grid_for_it_is_refused(
    neurop: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("augment=[coarse_to_fine]", "augment.coarse_to_fine.shape=[8,8]")
    assert neurop("train", *DATA, *UNET, "~recommended", *asked) == 2
    start = "neurop train: augment.coarse_to_fine.shape=[8, 8]: on a coarse grid this network"
    assert capsys.readouterr().err.startswith(start)


def test_the_coarse_grid_of_an_experiment_is_left_out(
    neurop: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("experiment=ns_1e-4_cpu", "data.viscosity=1e-3", "debug=default")
    cpu = ("trainer.accelerator=cpu", "hydra.run.dir=run")
    assert neurop("train", *words, *DATA, *UNET, *cpu) == 0
    line = "augment.coarse_to_fine is left out: unet is not resolution-invariant"
    assert line in capsys.readouterr().out.splitlines()
    assert "coarse_to_fine" not in (tmp_path / "run" / "config.yaml").read_text()
