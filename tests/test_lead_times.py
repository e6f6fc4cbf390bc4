"""One surrogate for several lead times."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from raising import raises_input
from torch import Tensor

import neurop
from neurop import Field, FieldSet, Grid, Surrogate, Times, models
from neurop.datasets import KuramotoSivashinsky
from neurop.evaluation.baselines import fit_baseline
from neurop.evaluation.compare import errors_of
from neurop.evaluation.leads import with_lead
from neurop.evaluation.rollout import rollout
from neurop.evaluation.score import score
from neurop.fields.lazy import Lazy
from neurop.fields.lead_times import SeveralLeads, at_lead
from neurop.problems import LeadTimes

DECAY = 0.3
PROBLEM = LeadTimes(increments=False, leads=(1, 2, 4))


def decaying(frames: int = 9) -> FieldSet:
    """Return exp(-0.3 t) u(x, 0), frames half a second apart."""
    start = np.random.default_rng(0).normal(size=(3, 1, 1, 16))
    t = 0.5 * np.arange(frames)
    values = start * np.exp(-DECAY * t)[None, :, None, None]
    return FieldSet(values, (Field("u", "K"),), Grid.periodic(1), times=Times(t, "s"))


class Exact(torch.nn.Module):
    """The step over the lead time that is the last channel."""

    def __init__(self, s: Surrogate) -> None:
        super().__init__()
        assert s.given_norm is not None
        self.norms, self.out = (s.input_norm, s.given_norm), s.output_norm
        self.none = torch.nn.Parameter(torch.zeros(()))

    def forward(self, z: Tensor) -> Tensor:
        u, lead = self.norms[0].inverse(z[:, :1]), self.norms[1].inverse(z[:, 1:])
        return self.out((-DECAY * lead).exp() * u)


@pytest.fixture
def exact() -> Surrogate:
    s = Surrogate.of(decaying(), models.FNO.spec(modes=2, width=2, depth=1), PROBLEM)
    s.net = Exact(s)  # type: ignore[assignment]
    return s.double().eval()


def test_windows_of_every_lead_time() -> None:
    data = decaying(6)
    found = SeveralLeads(data, (1, 3), history=1, steps=1)
    pairs = {
        (float(w["given"][0, 0, 0]), float(w["input"][0, 0, 0]), float(w["target"][0, 0, 0]))
        for w in (found[i] for i in range(len(found)))
    }
    u = data.values[:, :, 0, 0].astype(np.float32)
    expected = {
        (0.5 * lead, float(u[s, t]), float(u[s, t + lead]))
        for s in range(3)
        for lead in (1, 3)
        for t in range(6 - lead)
    }
    assert pairs == expected
    assert len(found) == len(expected) == 3 * (5 + 3)


def test_the_card_and_the_normalisers_know_the_lead_times() -> None:
    s = Surrogate.of(decaying(), "fno", PROBLEM)
    (known,) = s.card.conditions
    assert (known.name, known.role, known.unit) == ("lead_time", "parameter", "s")
    assert (known.low, known.high) == (0.5, 2.0)
    assert s.given_norm is not None
    assert s.given_norm.std.item() == pytest.approx(np.std([0.5, 1.0, 2.0]))


@pytest.mark.parametrize("lead", [1, 2, 4])
def test_the_exact_step_has_no_error_at_any_lead_time(exact: Surrogate, lead: int) -> None:
    data = with_lead(exact, decaying(), lead)
    assert float(score(exact, data).relative_l2) < 1e-6
    run = rollout(exact, data, 8 // lead)
    assert float(run.relative_l2.max()) < 1e-6
    np.testing.assert_allclose(run.time, 0.5 * lead * np.arange(1, 8 // lead + 1))


def test_the_shortest_lead_time_is_the_default(exact: Surrogate) -> None:
    assert float(rollout(exact, decaying(), 8).relative_l2.max()) < 1e-6
    given = decaying().initial()
    made = exact.rollout(given, steps=3)
    np.testing.assert_allclose(made.time, [0.5, 1.0, 1.5])
    for lead in (2.0, 1.0):
        later = exact.rollout(given.assign(lead_time=((), lead, {"units": "s"})), steps=2)
        np.testing.assert_allclose(later.time, [lead, 2 * lead])
        factor = np.exp(-DECAY * lead)
        np.testing.assert_allclose(
            later.u.isel(time=0), factor * given.u.isel(time=0), rtol=1e-5, atol=1e-6
        )


def test_a_lead_time_outside_the_training_is_warned_of(exact: Surrogate) -> None:
    with pytest.warns(UserWarning, match="'lead_time' is 4 to 4 in .* trained on 0.5 to 2"):
        score(exact, at_lead(decaying(), 8))


def test_saved_and_loaded(tmp_path: Path) -> None:
    torch.manual_seed(0)
    s = Surrogate.of(decaying(), models.FNO.spec(modes=2, width=4, depth=1), PROBLEM).eval()
    s.save(tmp_path)
    again = neurop.load(tmp_path)
    assert again.card.problem == PROBLEM
    given = decaying().initial()
    xr.testing.assert_identical(again.rollout(given, steps=2), s.rollout(given, steps=2))


def test_wrong_lead_times_are_one_line(exact: Surrogate) -> None:
    for leads in ((1,), (2, 1), (0, 1), (1, 1)):
        with raises_input("leads", leads):
            LeadTimes(leads=leads)
    with raises_input("leads", 4):
        PROBLEM.examples(decaying(4))
    with raises_input("lead_time", 9):
        at_lead(decaying(9), 9)
    plain = Surrogate.of(decaying(), "fno")
    with raises_input("lead_time", 2):
        with_lead(plain, decaying(), 2)


@pytest.mark.slow
def test_by_the_command(neurop: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    data = ["data=kuramoto_sivashinsky", "data.samples=42", "data.resolution=32", "data.steps=8"]
    words = ["~recommended", "model.modes=3", "model.width=4", "model.depth=1"]
    words += ["trainer.max_epochs=1", "problem=lead_times", "problem.leads=[1,4]"]
    assert neurop("train", *data, *words, "hydra.run.dir=run") == 0
    assert neurop("rollout", "ckpt=run", "gif=false", "lead_time=4") == 0
    record = json.loads(Path("run/rollout/rollout.json").read_text())
    assert record["known_steps"] == 2
    # The start counts frames of the data, whatever the lead time.
    assert neurop("rollout", "ckpt=run", "gif=false", "lead_time=4", "start=3") == 0
    late = json.loads(Path("run/rollout/rollout.json").read_text())
    assert (late["start"], late["known_steps"]) == (3, 1)
    truth = xr.open_dataset("run/rollout/rollout.nc").velocity_truth.isel(step=-1).values
    made = KuramotoSivashinsky(samples=42, resolution=32, steps=8)
    frames = made.test().values[:, 7, 0]
    np.testing.assert_allclose(truth, frames, rtol=1e-6)
    assert neurop("rollout", "ckpt=run", "lead_time=4", "start=9") == 2
    assert "start=9: the data have 9 frames" in capsys.readouterr().err
    assert neurop("eval", "ckpt=run", "lead_time=4") == 0
    assert neurop("rollout", "ckpt=run", "lead_time=0") == 2
    assert "lead_time=0: give at least 1" in capsys.readouterr().err


def test_lazy_values_are_refused() -> None:
    data = decaying()
    read = data.values.__getitem__
    lazy = Lazy(lambda samples, frames: read((samples, frames)), data.values.shape, (1, 4), "test")
    with raises_input("lazy", True):
        at_lead(replace(data, values=lazy), 2)


def test_errors_for_a_comparison(exact: Surrogate) -> None:
    found = errors_of(exact, decaying())
    assert float(found.error.max()) < 1e-6
    with raises_input("leads", (2, 4)):
        fit_baseline("persistence", decaying(), decaying(), LeadTimes(leads=(2, 4)))
