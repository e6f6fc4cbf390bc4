"""Training by an equation: what the loss is, and that it needs no target."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from contracts.objective import ObjectiveContract
from small import Scale, evolution, mapping, surrogate
from torch import Tensor

from neurop.datasets import Burgers, SpaceTime
from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import FNO
from neurop.objectives.combined import Combined
from neurop.objectives.objective import Objective
from neurop.objectives.pino import Pino
from neurop.objectives.predicted_fields import frames_given, predicted
from neurop.objectives.regression import Regression
from neurop.objectives.residual import Residual
from neurop.physics.derivatives.on_grid import GridDerivatives
from neurop.physics.derivatives.weak import WeakForm
from neurop.physics.equations.equation import Equation
from neurop.problems import Evolution, Map
from neurop.surrogate import Surrogate
from neurop.training.fit import fit
from neurop.training.loader import Loader
from neurop.transforms.transform import Batch

RNG = np.random.default_rng(0)


class Decay(Equation):
    """u_t + rate u + c u_x = 0."""

    unknowns = ("u",)

    def __init__(self, rate: float = 0.5, speed: float = 0.3) -> None:
        self.rate, self.speed = rate, speed

    def residual(self, u: object, d: object, a: object) -> dict[str, Tensor]:
        v = u["u"]  # type: ignore[index]
        return {"decay": d(v, "t") + self.rate * d(v) + self.speed * d(v, "x")}  # type: ignore[operator]


class Stationary(Equation):
    """-u_xx = a."""

    unknowns = ("u",)

    def residual(self, u: object, d: object, a: object) -> dict[str, Tensor]:
        return {"balance": -d(u["u"], "x", "x") - d(a["a"])}  # type: ignore[index,operator]


def centred(rate: float | None = None) -> Surrogate:
    """Return a surrogate whose normalisers have no mean; with a rate, the exact decay."""
    s = surrogate(evolution(), problem=Evolution(2, 2, increments=False)).double()
    if rate is not None:
        s.net = Scale(2, math.exp(-0.5 * rate)).double()
    s.input_norm.mean.zero_()
    s.output_norm.mean.zero_()
    s.output_norm.std.copy_(s.input_norm.std)
    return s


class TestResidual(ObjectiveContract):
    """Targets play no part; a solution of the equation has no residual."""

    surrogate = staticmethod(centred)

    def make(self) -> Objective:
        return Residual(Decay(rate=0.05, speed=0.0))

    def batch(self, s: Surrogate, exact: bool = False) -> Batch:
        x = torch.from_numpy(evolution(frames=9).values)[:, :1]
        frames = torch.cat([x, x * math.exp(-0.5 * 0.05)], dim=1)
        return {"input": frames, "target": frames}

    @pytest.mark.parametrize("seed", [0])
    def test_it_is_0_at_the_truth_and_nowhere_else(self, seed: int) -> None:
        right, wrong = centred(0.05), centred(0.06)
        solution = self.value(right, self.batch(right), seed).item()
        assert solution < 1e-3  # the error of the differences in time
        assert self.value(wrong, self.batch(wrong), seed).item() == pytest.approx(0.2, abs=0.02)


def maps(count: int = 6) -> FieldSet:
    """Return -u_xx = a with one field each, solved exactly."""
    x = np.arange(16) / 16
    k = 2 * math.pi * (1 + np.arange(count)[:, None] % 3)
    u = np.sin(k * x) + 0.1 * np.arange(count)[:, None]
    a = k**2 * np.sin(k * x)
    fields = (Field("a"),), Grid.periodic(1)
    return FieldSet(a[:, None, None], *fields, u[:, None, None], (Field("u"),), source="pairs")


def test_the_solution_of_a_map_has_no_residual_and_zero_has_1() -> None:
    data = maps()
    s = Surrogate.of(data, "fno").double()
    batch = {"input": torch.as_tensor(data.values)}
    truth = torch.as_tensor(data.targets)[:, 0]
    objective = Residual(Stationary())
    for factor, size in ((0.0, 1.0), (1.0, 0.0), (0.5, 0.5)):
        s.forward = lambda x, grid=None, given=None, f=factor: f * truth  # type: ignore[method-assign, misc]
        # The mean of norms over the root of the mean of their squares.
        norms = torch.as_tensor(data.values).square().mean(-1).sqrt()
        mean = float(norms.mean() / norms.square().mean().sqrt())
        assert float(objective(s, batch, RNG)["balance"]) == pytest.approx(size * mean, abs=1e-10)


@pytest.mark.parametrize("mean", [0.0, 40.0])
@pytest.mark.parametrize("order", [-1.0, 1.0])
def test_the_order_weighs_waves_and_the_mean_is_seen(order: float, mean: float) -> None:
    """The residual of u = 0 is a: a mean and a wave of k = 1 to 3, of which the norm is k^s."""
    data = maps(3)
    s = Surrogate.of(data, "fno").double()
    longest = mean * (2 * math.pi) ** order
    sizes = [
        math.hypot(data.values[i].std() * (2 * math.pi * (1 + i)) ** order, longest)
        for i in range(3)
    ]
    s.forward = lambda x, grid=None, given=None: torch.zeros(3, 1, 16).double()  # type: ignore[method-assign, misc]
    batch = {"input": torch.as_tensor(data.values) + mean}
    found = Residual(Stationary(), order)(s, batch, RNG)
    assert float(found["balance"]) == pytest.approx(
        np.mean(sizes) / np.sqrt(np.mean(np.square(sizes)))
    )


def space_time(steps: int = 8) -> tuple[SpaceTime, dict[str, FieldSet]]:
    source = Burgers(samples=8, resolution=32, viscosity=0.05, steps=steps, storage={"held_out": 2})
    data = SpaceTime(source, given=2)
    return data, data.splits()


@pytest.fixture
def splits(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> dict[str, FieldSet]:
    monkeypatch.setenv("NEUROP_DATA", str(tmp_path))
    return space_time()[1]


def test_a_map_over_space_and_time_is_taken_with_its_input_frames(
    splits: dict[str, FieldSet],
) -> None:
    test = splits["test"]
    s = Surrogate.of(test, "fno")
    assert frames_given(s.card) == 2
    assert test.targets is not None
    truth = torch.as_tensor(np.asarray(test.targets))[:, 0].float()
    s.forward = lambda x, grid=None, given=None: truth  # type: ignore[method-assign, misc]
    found = predicted(s, {"input": torch.as_tensor(np.asarray(test.values)).float()})
    assert found.known == 2
    assert found.values.shape == (2, 1, 32, 9)
    assert found.grid.coordinates((32, 9))["t"] == pytest.approx(np.arange(9) / 8)
    assert torch.equal(found.values[..., 2:], truth)
    frames = torch.as_tensor(np.asarray(space_time()[0].source.splits()["test"].values))
    assert torch.equal(found.values, frames.float().movedim(1, -1))
    last = found.persistent().values
    assert torch.equal(last[..., 1:], found.values[..., 1:2].expand(2, 1, 32, 8))


def test_a_jump_to_another_solution_after_the_given_frame_is_no_solution() -> None:
    """The later frames decay as they should, from half of the given one; those between are free.

    The least residual is 1.42 of that of persistence. Without the equation at the given frame it
    would be 0.35, by frames that alternate.
    """
    s = surrogate(evolution((4,), channels=1), problem=Evolution(1, 16)).double()
    t = 0.5 * torch.arange(17, dtype=torch.float64)
    later = 0.5 * torch.exp(-0.0625 * t[6:])
    free = torch.full((5,), 0.5, dtype=torch.float64, requires_grad=True)
    ones = torch.ones(1, 1, 1, 4, dtype=torch.float64)
    s.trajectory = lambda *_: torch.cat([free, later]).view(1, 16, 1, 1) * ones  # type: ignore[method-assign]
    objective = Residual(Decay(rate=0.0625, speed=0.0))
    optimizer = torch.optim.LBFGS([free], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = objective(s, {"input": ones}, RNG)["decay"]
        value.backward()
        return value

    optimizer.step(loss)
    assert loss().item() == pytest.approx(1.42, abs=0.01)


def test_the_equation_of_the_data_is_taken_and_a_training_needs_no_target(
    splits: dict[str, FieldSet],
) -> None:
    """The weights are those of a training whose targets are something else."""
    source, _ = space_time()
    weights = []
    for factor in (1.0, 7.0):
        train = splits["train"]
        changed = replace(train, targets=factor * np.asarray(train.targets))
        objective = Residual()
        objective.bind(source.equation)
        torch.manual_seed(0)
        s = Surrogate.of(train, FNO.spec(modes=4, width=4, depth=1), Map())
        fit(s, {"train": changed, "val": splits["val"]}, objective, epochs=2, batch_size=2)
        weights.append(torch.cat([p.detach().flatten() for p in s.net.parameters()]))
    assert torch.equal(*weights)


def test_samples_without_targets_count_by_the_equation_alone(splits: dict[str, FieldSet]) -> None:
    source, _ = space_time()
    s = Surrogate.of(splits["train"], "fno").double()
    objective = Pino(weight=0.5)
    objective.bind(source.equation)
    loader = Loader(splits, Map(), batch_size=4, labels=1)
    batch = {k: v.double() for k, v in next(iter(loader.train_dataloader())).items()}
    known = ~batch["target"].isnan().flatten(1).any(1)
    assert known.tolist() == [True, False, True, False]
    one = {name: x[known] for name, x in batch.items()}
    terms = objective(s, batch, RNG)
    data, residual = Regression()(s, one, RNG), Residual(source.equation)(s, batch, RNG)
    assert torch.equal(terms["data"], data["relative_l2"])
    assert torch.equal(terms["equation"], 0.5 * residual["momentum"])
    none = batch | {"target": torch.full_like(batch["target"], torch.nan)}
    without = objective(s, none, RNG)
    assert without["data"].item() == 0.0
    assert without.keys() == terms.keys()  # processes log them together


def test_labels_are_for_objectives_that_can_do_without(splits: dict[str, FieldSet]) -> None:
    with pytest.raises(InputError) as caught:
        fit("fno", splits, loader=partial(Loader, labels=2))
    assert caught.value.key == "labels"
    for labels in (-1, 9):
        with pytest.raises(InputError):
            Loader(splits, Map(), labels=labels)
    with pytest.raises(InputError):
        Loader({"train": evolution(), "val": evolution()}, Evolution(), labels=1)


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: Residual(order=2.0), "order"),
        (lambda: Residual(equation="burgers"), "equation"),  # type: ignore[arg-type]
        (lambda: Residual().check(surrogate(evolution())), "equation"),
        (lambda: Residual(Stationary()).check(surrogate(evolution())), "unroll"),
        (lambda: Residual(Other()).check(surrogate(evolution())), "unknowns"),
        (lambda: Residual(Stationary())(*example()), "equation"),
        (lambda: Residual(Stationary()).check(uneven()), "layout"),
        (lambda: Combined({}), "objectives"),
        (lambda: Combined({"a": Regression()}, {"b": 1.0}), "weights.b"),
        (lambda: Pino(weight=-1.0), "weights.equation"),
    ],
)
def test_what_cannot_be_trained(make: object, key: str) -> None:
    with pytest.raises(InputError) as caught:
        make()  # type: ignore[operator]
    assert caught.value.key == key


class Other(Stationary):
    unknowns = ("w",)


def uneven() -> Surrogate:
    """Return a surrogate of a map over space and time whose times are in the middle of cells."""
    grid = Grid((Axis("x"), Axis("t", "open", layout="cells")))
    u = np.random.default_rng(0).normal(size=(3, 1, 1, 8, 6))
    return Surrogate.of(FieldSet(u, (Field("u_0"),), grid, u, (Field("u"),)), "fno")


def example() -> tuple[Surrogate, Batch, np.random.Generator]:
    data = mapping((8, 9))
    s = Surrogate.of(replace(data, fields=(Field("b"),)), "fno")
    return s, {"input": torch.as_tensor(data.values).float()}, RNG


def test_a_residual_that_vanishes_anyway_is_refused() -> None:
    data = maps()
    s = Surrogate.of(data, "fno")
    with pytest.raises(InputError, match="trivial"):
        Residual(Stationary())(s, {"input": torch.zeros(2, 1, 1, 16)}, RNG)


def test_derivatives_may_be_others() -> None:
    """Weak derivatives average; differences along x have an error."""
    data = maps()
    s = Surrogate.of(data, "fno").double()
    truth = torch.as_tensor(data.targets)[:, 0]
    s.forward = lambda x, grid=None, given=None: truth  # type: ignore[method-assign, misc]
    batch = {"input": torch.as_tensor(data.values)}
    weak = Residual(Stationary(), derivatives=partial(WeakForm, radius=6))
    plain = Residual(Stationary(), derivatives=partial(GridDerivatives, spectral=False))
    assert float(weak(s, batch, RNG)["balance"]) < 1e-2
    assert 1e-4 < float(plain(s, batch, RNG)["balance"]) < 0.1


def test_validation_gives_the_residual_of_the_truth_too(splits: dict[str, FieldSet]) -> None:
    """It is the error of the differences in time, the floor of what the residual can tell."""
    source, _ = space_time()
    s = Surrogate.of(splits["train"], "fno").double()
    batch = {k: v.double() for k, v in next(iter(Loader(splits, Map()).val_dataloader())).items()}
    objective = Pino()
    objective.bind(source.equation)
    found = objective.scores(s, batch, RNG)
    s.forward = lambda x, grid=None, given=None: batch["target"][:, 0]  # type: ignore[method-assign, misc]
    exact = Residual(source.equation)(s, batch, RNG)["momentum"]
    assert torch.equal(found["residual_of_truth"], exact)
    assert 0.005 < exact.item() < 0.5 < found["residual"].item()
