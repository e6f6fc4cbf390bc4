"""The training step: its loss by hand, its schedule, its grid, and that it is the same every
time.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import lightning
import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from raising import raises_input
from small import Scale, evolution, surrogate
from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.objectives.objective import Objective
from neurop.objectives.regression import Regression
from neurop.problems import Evolution
from neurop.surrogate import Surrogate
from neurop.training.module import TrainingModule
from neurop.transforms.coarse_to_fine import CoarseToFine
from neurop.transforms.noise import Noise
from neurop.transforms.shift import Shift
from neurop.transforms.transform import Batch

from .conftest import ADAM, fit, loader, trainer


@pytest.mark.parametrize("grid", [None, Grid.latlon()])
def test_the_loss_is_that_of_the_whole_trajectory(grid: Grid | None) -> None:
    data = evolution((7, 8), grid=grid)
    s = surrogate(data, problem=Evolution(2)).double()
    module = TrainingModule(s, Regression(), ADAM)
    module.log = lambda *a, **k: None  # type: ignore[method-assign]
    x = torch.from_numpy(data.values)
    loss = module.training_step({"input": x[:, :2], "target": x[:, 2:5]}, 0)
    made = s.trajectory(x[:, :2], 3).detach().numpy()
    w = data.grid.weights((7, 8))
    # Each field by itself: (sample, field).
    gap, size = (
        np.sqrt((w * f**2).sum((1, 3, 4)))
        for f in (made - data.values[:, 2:5], data.values[:, 2:5])
    )
    assert loss.item() == pytest.approx((gap / size).mean(), rel=1e-12)
    # Gradients flow through all steps: the slope along one weight is that of the whole trajectory.
    loss.backward()
    weight = s.net.lift.bias
    slope, h = weight.grad[0].item(), 1e-4
    both = []
    for sign in (1, -1):
        with torch.no_grad():
            weight[0] += sign * h
            both.append(module.training_step({"input": x[:, :2], "target": x[:, 2:5]}, 0).item())
            weight[0] -= sign * h
    assert slope == pytest.approx((both[0] - both[1]) / (2 * h), rel=1e-5)


def test_validation_is_the_mean_over_all_windows() -> None:
    train, val = evolution(), evolution(samples=3, seed=4)
    module = fit(train, val, epochs=1, batch_size=4)
    s = module.surrogate
    x = torch.from_numpy(val.values).float()
    # 15 windows in batches of 4, 4, 4 and 3.
    inputs, targets = x[:, :-1].flatten(0, 1), x[:, 1:].flatten(0, 1)
    gap = (s(inputs) - targets).detach().flatten(2).norm(dim=2) / targets.flatten(2).norm(dim=2)
    assert module.trainer_.callback_metrics["val/relative_l2"].item() == pytest.approx(
        gap.mean().item(), rel=1e-4
    )


def test_the_same_seed_gives_the_same_weights() -> None:
    weights = [
        torch.cat([p.flatten() for p in fit(evolution(), evolution(), seed=seed).parameters()])
        for seed in (5, 5, 6)
    ]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_rate_and_steps_follow_the_schedule() -> None:
    module = fit(evolution(), evolution(), epochs=4, batch_size=5)
    optimizer = module.trainer_.optimizers[0]
    assert module.trainer_.global_step == 12
    assert optimizer.param_groups[0]["lr"] == pytest.approx(1e-2 * 0.01)


def test_without_a_schedule_the_rate_stays() -> None:
    module = TrainingModule(surrogate(evolution()).train(), Regression(), ADAM)
    run = trainer(2)
    run.fit(module, loader(evolution()))
    assert run.optimizers[0].param_groups[0]["lr"] == 1e-2
    assert "lr" not in run.callback_metrics


class Recorder(Regression):
    """Writes down the grid of each training batch."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator) -> Any:
        self.shapes.append(tuple(batch["target"].shape[3:]))
        return super().forward(surrogate, batch, rng)


def test_coarse_epochs_come_first_and_validation_stays_fine() -> None:
    recorder = Recorder()
    coarse = [CoarseToFine((6, 5), share=0.75)]
    fit(evolution(), evolution(), 4, recorder, augment=coarse, batch_size=15)
    assert recorder.shapes == [(6, 5)] * 3 + [(9, 8)]


@pytest.mark.parametrize(("epochs", "steps"), [(-1, 8), (100, 8), (4, -1), (4, 100)])
def test_the_share_counts_whichever_ends_the_training_sooner(epochs: int, steps: int) -> None:
    """Three quarters of 8 steps, or of 4 epochs of 2 steps: 6 steps either way."""
    recorder, data = Recorder(), evolution()
    coarse = [CoarseToFine((6, 5), share=0.75)]
    module = TrainingModule(surrogate(data).train(), recorder, ADAM, augment=coarse)
    trainer(epochs, max_steps=steps).fit(module, loader(data, batch_size=7))
    assert recorder.shapes == [(6, 5)] * 6 + [(9, 8)] * 2


class Stop(Callback):
    """Ends a training after its first step."""

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        trainer.should_stop = True


def test_a_training_without_end_stays_on_the_full_grid() -> None:
    recorder, data = Recorder(), evolution()
    module = TrainingModule(surrogate(data).train(), recorder, ADAM, augment=[CoarseToFine((6, 5))])
    trainer(-1, callbacks=[Stop()]).fit(module, loader(data))
    assert recorder.shapes == [(9, 8)]


def test_augmented_data_keep_their_precision_in_mixed_training() -> None:
    seen: list[torch.dtype] = []

    def recorder(surrogate: Surrogate, batch: Batch, rng: np.random.Generator) -> dict[str, Tensor]:
        seen.extend((batch["input"].dtype, batch["target"].dtype))
        return {"loss": surrogate(batch["input"].flatten(1, 2)).square().mean()}

    module = TrainingModule(
        surrogate(evolution()), recorder, ADAM, augment=[CoarseToFine((6, 5), 1.0)]
    )
    module.log = lambda *a, **k: None  # type: ignore[method-assign]
    module._progress = lambda: 0.0  # type: ignore[method-assign]
    x = torch.from_numpy(evolution().values).float()
    with torch.autocast("cpu", torch.bfloat16):
        loss = module.training_step({"input": x[:, :1], "target": x[:, 1:2]}, 0)
    assert seen == [torch.float32, torch.float32]
    assert loss.isfinite()


def test_transforms_act_in_their_order_in_training_and_not_in_validation() -> None:
    data, found = evolution(), []
    for augment in ((), (Noise(0.2),), (Noise(0.2), Shift()), (Shift(), Noise(0.2))):
        s = surrogate(data).train()
        module = TrainingModule(s, Regression(), ADAM, augment=augment)
        run, batches = trainer(1), loader(data, batch_size=4)
        before = run.validate(module, batches, verbose=False)[0]["val/relative_l2"]
        run.fit(module, batches)
        found.append((before, s.net.lift.weight.detach().clone()))
    assert len({before for before, _ in found}) == 1
    assert len({tuple(weight.flatten().tolist()) for _, weight in found}) == 4


def test_a_transform_without_meaning_is_refused_at_once() -> None:
    with pytest.raises(InputError) as error:
        TrainingModule(surrogate(evolution()), Regression(), ADAM, augment=[CoarseToFine((10, 8))])
    assert (error.value.key, error.value.value) == ("shape", (10, 8))


class Two(Regression):
    """Two terms."""

    def forward(self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator) -> Any:
        (loss,) = super().forward(surrogate, batch, rng).values()
        return {"a": 2 * loss, "b": 3 * loss}


def test_the_terms_are_summed_and_logged() -> None:
    data = evolution()
    module = fit(data, data, 1, Two(), batch_size=15)
    logged = module.trainer_.callback_metrics
    loss = float(logged["train/loss"])
    assert [float(logged[f"train/{n}"]) for n in "ab"] == pytest.approx([0.4 * loss, 0.6 * loss])
    before = surrogate(data).train()
    x = torch.from_numpy(data.values).float()
    batch = {"input": x[:, :-1].flatten(0, 1)[:, None], "target": x[:, 1:].flatten(0, 1)[:, None]}
    terms = TrainingModule(before, Two(), ADAM).losses(batch)
    assert sum(terms.values()).item() == pytest.approx(loss, rel=1e-5)


class Explosion(Objective):
    def forward(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        return {"bang": surrogate(batch["input"].flatten(1, 2)).sum() * torch.inf}


def test_a_loss_that_is_no_number_stops_the_training() -> None:
    with raises_input("lr", 0.01, r"inf in step 1 \(epoch 1, batch 1, samples 0, 1, 2 of"):
        fit(evolution(), evolution(), objective=Explosion())


def test_a_validation_error_that_is_no_number_stops_the_training() -> None:
    s = surrogate(evolution())
    s.net = Scale(2)
    module = TrainingModule(s.train(), Regression(), partial(torch.optim.SGD, lr=torch.inf))
    with raises_input("lr", torch.inf, "validation error .* epoch 1"):
        trainer(1).fit(module, loader(evolution()))


def test_validation_before_training_leaves_training_possible() -> None:
    data = evolution()
    module = TrainingModule(surrogate(data).train(), Regression(), ADAM)
    run, batches = trainer(1), loader(data)
    run.validate(module, batches, verbose=False)
    before = torch.cat([p.detach().flatten().clone() for p in module.parameters()])
    run.fit(module, batches)
    assert not torch.equal(torch.cat([p.flatten() for p in module.parameters()]), before)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_fused_optimizer_trains_in_any_precision(precision: str) -> None:
    train = evolution()
    fused = partial(torch.optim.AdamW, lr=1e-2, fused=True)
    module = TrainingModule(surrogate(train).train(), Regression(), fused)
    before = module.surrogate.net.lift.weight.detach().clone()
    made = trainer(1, precision=precision, gradient_clip_val=1.0)
    made.fit(module, loader(train, batch_size=4))
    assert made.optimizers[0].defaults["fused"] == (precision == "32-true")
    assert not torch.equal(module.surrogate.net.lift.weight, before)
