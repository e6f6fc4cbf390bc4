"""An equation of the user's own, named in the command, as the only teacher."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

EQUATION = '''
"""A linear decay."""

from neurop.physics.equations.equation import Equation


class Decay(Equation):
    unknowns = ("u",)

    def __init__(self, rate):
        self.rate = rate

    def residual(self, u, d, a):
        return {"balance": d(u["u"], "t") + self.rate * d(u["u"])}
'''
DATA = ["data=space_time", "data@data.source=file", "data.source.path=own.npz"]
DATA += ["data.source.axes=[sample,time,x]", "data.source.boundary=periodic", "data.given=1"]
DATA += ["data.source.input=u", "data.source.step=0.125"]
WORDS = ["model.modes=3", "model.width=8", "model.depth=1", "loader.batch_size=4"]
WORDS += ["trainer.max_epochs=8", "optimizer.lr=0.01", "objective=residual", "hydra.run.dir=run"]
OWN = "objective.equation={_target_:decayof.linear.Decay,rate:1.0}"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    times = np.linspace(0, 1, 9)
    first = np.cos(2 * np.pi * (np.arange(12) / 12 - rng.uniform(size=(60, 1))))
    np.savez(tmp_path / "own.npz", u=first[:, None] * np.exp(-times)[:, None])
    (tmp_path / "site" / "decayof").mkdir(parents=True)
    (tmp_path / "site" / "decayof" / "__init__.py").touch()
    (tmp_path / "site" / "decayof" / "linear.py").write_text(EQUATION)
    monkeypatch.syspath_prepend(tmp_path / "site")


def test_it_trains_without_targets(own: None, neurop: Callable[..., int]) -> None:
    assert neurop("train", *DATA, *WORDS, OWN, "trust=[decayof]") == 0
    assert neurop("eval", "ckpt=run") == 0
    found = json.loads(Path("run/eval/eval.json").read_text())
    assert found["relative_l2"] < 0.1


def test_without_trust_nothing_is_imported(
    own: None, neurop: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("train", *DATA, *WORDS, OWN) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert "trust=[decayof]" in line
    assert not Path("run").exists()
