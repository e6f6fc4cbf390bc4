"""A surrogate on a part of its grid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from raising import raises_input
from sea_surface import land, sea_surface
from torch.utils.data import default_collate

import neurop
from neurop import Field, FieldSet, Grid, Surrogate, models
from neurop.constraints.means import Means
from neurop.evaluation.baselines import fit_baseline
from neurop.evaluation.floor import truncation_floor
from neurop.evaluation.rollout import rollout
from neurop.evaluation.score import score
from neurop.evaluation.superres import superres
from neurop.fields.condition import Condition
from neurop.fields.labelled import from_xarray
from neurop.fields.mask import mask_missing
from neurop.fields.times import Times
from neurop.formats.conditions import ConditionNames
from neurop.objectives.regression import Regression
from neurop.problems import Evolution, Map
from neurop.training.module import TrainingModule
from neurop.transforms.coarse_to_fine import CoarseToFine

SEA = ~land()
GRID = Grid.latlon()
FNO = models.FNO.spec(modes=4, width=4, depth=1)


def ocean(samples: int = 3, frames: int = 4) -> FieldSet:
    fields = (Field("sst", "K"),)
    made = mask_missing(from_xarray(sea_surface(samples, frames), fields, GRID))
    return replace(made, times=Times(np.arange(frames) * 24.0, "h"))


def with_outside(data: FieldSet, value: float) -> FieldSet:
    return replace(data, values=np.where(SEA, data.values, value))


@pytest.fixture(scope="module")
def surrogate() -> Surrogate:
    torch.manual_seed(0)
    return Surrogate.of(ocean(), FNO).eval()


def test_what_is_outside_changes_nothing_inside(surrogate: Surrogate) -> None:
    data = ocean()
    losses, gradients = [], []
    for value in (0.0, 1e4):
        changed = with_outside(data, value)
        batch = default_collate([Evolution(unroll=2).examples(changed)[i] for i in range(2)])
        surrogate.zero_grad()
        (loss,) = Regression(gradient=0.1)(surrogate, batch, np.random.default_rng(0)).values()
        loss.backward()
        losses.append(loss.item())
        gradients.append([p.grad.clone() for p in surrogate.parameters() if p.grad is not None])
    assert losses[0] == losses[1]
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))
    assert any(g.abs().max() > 0 for g in gradients[0])


@pytest.mark.parametrize("value", [0.0, 1e4])
def test_scores_are_those_of_the_sea(surrogate: Surrogate, value: float) -> None:
    data = with_outside(ocean(), value)
    found, expected = (score(surrogate, d) for d in (data, ocean()))
    weights = GRID.weights(SEA.shape) * SEA
    x = torch.as_tensor(data.values[0, :1]).float()
    given = torch.as_tensor(data.given(0, 0)).float()
    with torch.no_grad():
        p = surrogate(x, given=given)[0, 0].double().numpy()
    y = data.values[0, 1, 0]
    norms = [np.sqrt((weights * z**2)[SEA].sum()) for z in (p - y, y)]
    one = found.relative_l2_samples.values[0, 0]
    assert one == pytest.approx(norms[0] / norms[1], rel=1e-5)
    for name in ("relative_l2", "rmse_one_step", "persistence_relative_l2"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6)
    np.testing.assert_array_equal(np.isnan(found.prediction.values[0, 0]), ~SEA)
    np.testing.assert_allclose(
        rollout(surrogate, data, 3).relative_l2, rollout(surrogate, ocean(), 3).relative_l2, 1e-5
    )


def test_a_rollout_of_labelled_data_keeps_the_gaps(surrogate: Surrogate) -> None:
    given = sea_surface(3, 4)[["sst"]].isel(time=[0], drop=False)
    made = surrogate.rollout(given, steps=3)  # the mask is that of the missing values
    assert made.sst.dims == ("sample", "time", "latitude", "longitude")
    np.testing.assert_array_equal(np.isnan(made.sst.values[1, 2]), ~SEA)
    mask = (("latitude", "longitude"), SEA * 1.0)
    again = surrogate.rollout(given.fillna(7.0).assign(mask=mask), steps=3)
    np.testing.assert_array_equal(again.sst.values, made.sst.values)
    with raises_input("mask", None):
        surrogate.rollout(given.fillna(7.0), steps=3)
    wrong = given.assign(mask=(("latitude", "longitude"), np.ones(SEA.shape)))
    with raises_input("field", "sst"):  # the mask has cells without values
        surrogate.rollout(wrong, steps=3)


def test_conserved_means_are_those_of_the_sea() -> None:
    data = ocean()
    torch.manual_seed(0)
    s = Surrogate.of(data, FNO, constraints=[Means(("sst",))]).double().eval()
    frames = torch.as_tensor(data.values[:, :1])
    given = torch.stack([torch.as_tensor(data.given(i, 0, 3)) for i in range(3)]).double()
    made = s.trajectory(frames, 3, given).detach().numpy()
    weights = GRID.weights(SEA.shape) * SEA
    before, after = ((weights * z).sum((-2, -1)) for z in (data.values[:, :1], made))
    np.testing.assert_allclose(after, np.broadcast_to(before, after.shape), rtol=1e-10)


def test_a_map_on_its_own_domain_per_sample() -> None:
    rng = np.random.default_rng(0)
    inside = rng.random((5, 12)) > 0.3
    x, y = rng.normal(size=(2, 5, 1, 1, 12))
    y = np.where(inside[:, None, None], y, np.nan)
    raw = FieldSet(x, (Field("a"),), Grid.periodic(1), y, (Field("b", "K"),), source="obstacles")
    data = mask_missing(raw)
    s = Surrogate.of(data, models.FNO.spec(modes=3, width=4, depth=1), Map()).eval()
    assert s.scale.item() == pytest.approx(y[np.isfinite(y)].std(), rel=1e-5)
    found = score(s, data)
    p = found.prediction.values
    assert found.relative_l2_samples.shape == (5, 1)
    for i, sample in enumerate((0, 2, 4)):
        np.testing.assert_array_equal(np.isnan(p[i, 0]), ~inside[sample])
        error, size = (p[i, 0] - y[sample, 0, 0])[inside[sample]], y[sample, 0, 0, inside[sample]]
        expected = np.linalg.norm(error) / np.linalg.norm(size)
        assert found.relative_l2_samples.values[sample, 0] == pytest.approx(expected, rel=1e-4)
    fine = superres(s, {12: data})
    assert float(fine.relative_l2[0]) == pytest.approx(float(found.relative_l2), rel=1e-5)


def test_it_is_saved_with_its_mask_and_predicts_on_its_own_grid(
    surrogate: Surrogate, tmp_path: Path
) -> None:
    surrogate.save(tmp_path / "model")
    again = neurop.load(tmp_path / "model")
    given = sea_surface(3, 4)[["sst"]].isel(time=0, drop=True)
    np.testing.assert_array_equal(again.predict(given).sst, surrogate.predict(given).sst)
    data = ocean()
    x, c = torch.as_tensor(data.values[:1, 0]).float(), torch.as_tensor(data.given(0, 0))
    with raises_input("grid", (37, 72)):
        surrogate(x, grid=(37, 72), given=c)
    with raises_input("grid", (1, 2)):
        surrogate.at(x, torch.tensor([[0.0, 0.0]]), given=c)


def test_an_inverted_mask_is_not_taken_for_its_inverse(surrogate: Surrogate) -> None:
    data = ConditionNames(mask="1-land").masked(
        replace(
            ocean(),
            conditions=(Condition(Field("land"), "mask", land()[None, None, None] * 1.0),),
        )
    )
    torch.manual_seed(0)
    s = Surrogate.of(data, FNO).eval()
    assert [known.name for known in s.card.conditions] == ["1-land"]
    given = sea_surface(3, 4)[["sst", "land"]].isel(time=0, drop=True)
    np.testing.assert_array_equal(np.isnan(s.predict(given).sst.values[0]), ~SEA)


def test_a_coarse_grid_and_a_floor_are_not_for_a_mask(surrogate: Surrogate) -> None:
    module = TrainingModule(surrogate, Regression(), torch.optim.AdamW)
    assert module.setting.masked
    setting = replace(module.setting, grid=Grid.periodic(2), shape=(16, 16))
    with raises_input("shape", (8, 8)):
        CoarseToFine((8, 8)).check(setting)
    assert truncation_floor(surrogate, ocean()) is None


def test_baselines_do_not_see_what_is_outside() -> None:
    made = [fit_baseline("linear", with_outside(ocean(8), v), ocean(3)) for v in (0.0, 1e4)]
    errors = [float(score(one, with_outside(ocean(3), 5.0)).relative_l2) for one in made]
    assert errors[0] == pytest.approx(errors[1], rel=1e-6)
    assert errors[0] < 0.01
