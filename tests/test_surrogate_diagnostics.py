"""Fields that are predicted along with the state and not fed back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from raising import raises_input

import neurop
from neurop import Field, FieldSet, Grid, Surrogate, Times, models
from neurop.evaluation.baselines import fit_baseline
from neurop.evaluation.rollout import rollout
from neurop.fields.standardize import Standardize
from neurop.problems import Evolution

FNO = models.FNO.spec(modes=4, width=4, depth=1)


def rain(diagnostics: tuple[str, ...] = ("rain",)) -> FieldSet:
    """Return a travelling wave u, and the rain max(u, 0) that falls with it."""
    x, t = np.arange(16) / 16, np.arange(6)[:, None] / 16
    phase = np.random.default_rng(0).uniform(size=(4, 1, 1))
    u = np.sin(2 * np.pi * (x - t - phase))
    fields = tuple(Field(n, u, "", n in diagnostics) for n, u in (("u", "K"), ("rain", "mm")))
    values = np.stack([u, 5 * np.maximum(u, 0)], axis=2)
    times = Times(np.arange(6.0), "h")
    return FieldSet(values, fields, Grid.periodic(1), times=times)


@pytest.fixture(params=[1, 2])
def surrogate(request: pytest.FixtureRequest) -> Surrogate:
    torch.manual_seed(0)
    return Surrogate.of(rain(), FNO, Evolution(history=request.param)).eval()


def test_the_network_takes_the_state_alone(surrogate: Surrogate) -> None:
    past = surrogate.card.history
    assert (surrogate.card.in_channels, surrogate.card.out_channels) == (past, 2)
    x = torch.as_tensor(rain().values[:, :past]).float()
    changed = x.clone()
    changed[:, :, 1] = torch.randn_like(changed[:, :, 1])
    made, again = (surrogate.trajectory(frames, 3) for frames in (x, changed))
    assert torch.equal(made, again)
    other = x.clone()
    other[:, -1, 0] += 0.1
    assert not torch.equal(surrogate.trajectory(other, 3), made)


def test_the_state_is_predicted_by_increments_and_the_diagnostic_by_values() -> None:
    data = rain()
    inputs, outputs = Standardize().fit(data, increments=True)
    u, precipitation = data.values[:, :, 0], data.values[:, :, 1]
    expected = np.diff(u, axis=1).std(), precipitation.std()
    np.testing.assert_allclose(outputs.std, expected, rtol=1e-5)
    assert outputs.mean[1].item() == pytest.approx(precipitation.mean(), rel=1e-5)
    assert inputs.std[1].item() == pytest.approx(precipitation.std(), rel=1e-5)
    s = Surrogate.of(data, FNO)
    torch.nn.init.zeros_(s.net.project.contract.weight)  # type: ignore[union-attr, operator]
    torch.nn.init.zeros_(s.net.project.contract.bias)  # type: ignore[union-attr, operator]
    x = torch.as_tensor(data.values[:, 0]).float()
    mean = outputs.mean[:, 0]
    made = s(x)
    torch.testing.assert_close(made[:, 0], x[:, 0] + mean[0])
    torch.testing.assert_close(made[:, 1], torch.full_like(x[:, 1], mean[1].item()))


def test_a_prediction_does_not_need_it(surrogate: Surrogate, tmp_path: Path) -> None:
    data = rain()
    surrogate.save(tmp_path / "model")
    again = neurop.load(tmp_path / "model")
    given = data.initial(surrogate.card.history)
    made = again.rollout(given[["u"]], steps=3)
    np.testing.assert_array_equal(made.rain, surrogate.rollout(given, steps=3).rain)
    truth = rollout(surrogate, data, 3)
    expected = truth.prediction.values[:, :, 1]
    np.testing.assert_allclose(made.rain.transpose("sample", "time", "x"), expected, rtol=1e-6)


def test_wrong_diagnostics_are_one_line() -> None:
    with raises_input("diagnostics", ("u", "rain")):
        rain(("u", "rain"))


def test_from_a_file(neurop: Callable[..., int], tmp_path: Path) -> None:
    u, precipitation = rain().values[:, :, 0], rain().values[:, :, 1]
    np.savez(tmp_path / "rain.npz", u=np.tile(u, (8, 1, 1)), rain=np.tile(precipitation, (8, 1, 1)))
    words = ["data=file", "data.path=rain.npz", "data.input=u", "data.target=rain"]
    words += ["data.axes=[sample,time,x]", "data.boundary=periodic"]
    sizes = ["model.modes=3", "model.width=4", "model.depth=1", "trainer.max_epochs=1"]
    assert neurop("train", *words, *sizes, "hydra.run.dir=run") == 0
    card = Surrogate.load("run/model").card
    assert ([f.name for f in card.outputs], card.diagnostics) == (["u", "rain"], ("rain",))
    assert neurop("rollout", "ckpt=run", "gif=false") == 0


def test_linear_regression_does_not_read_it() -> None:
    linear = fit_baseline("linear", rain(), rain())
    assert linear.card.in_channels == 1
    x = torch.as_tensor(rain().values[:, 0])
    changed = x.clone()
    changed[:, 1] = 7.0
    torch.testing.assert_close(linear(changed), linear(x))
    torch.testing.assert_close(linear(x)[:, 0], torch.as_tensor(rain().values[:, 1, 0]))
