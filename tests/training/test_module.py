"""The training step: its loss by hand, its schedule, its grid, and that it is the same every
time.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from small import Scale, evolution, surrogate
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.losses import RelativeL2
from neurop.training import Batches, Operator

from .conftest import ADAM, fit, trainer


@pytest.mark.parametrize("grid", [None, Grid.latlon()])
def test_the_loss_is_that_of_the_whole_trajectory(grid: Grid | None) -> None:
    data = evolution((7, 8), grid=grid)
    s = surrogate(data, history=2).double()
    module = Operator(s, RelativeL2(), ADAM)
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
    module = Operator(surrogate(evolution()).train(), RelativeL2(), ADAM)
    run = trainer(2)
    run.fit(module, Batches({"train": evolution(), "val": evolution()}))
    assert run.optimizers[0].param_groups[0]["lr"] == 1e-2
    assert "lr" not in run.callback_metrics


class Recorder(RelativeL2):
    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, prediction: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
        self.shapes.append((tuple(prediction.shape[3:]), tuple(weights.shape)))
        return super().forward(prediction, truth, weights)


def test_coarse_epochs_come_first_and_validation_stays_fine() -> None:
    loss = Recorder()
    module = fit(
        evolution(), evolution(), 4, loss=loss, batch_size=15, coarse=(6, 5), coarse_share=0.75
    )
    assert loss.shapes == [((6, 5), (6, 5))] * 3 + [((9, 8), (9, 8))]
    assert set(module._measures) == {(6, 5), (9, 8)}


class Explosion(nn.Module):
    def forward(self, prediction: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
        return prediction.sum() * torch.inf


def test_a_loss_that_is_no_number_stops_the_training() -> None:
    with pytest.raises(
        InputError,
        match=r"the loss became -?(nan|inf) in epoch 0; lower optimizer\.lr=0\.01 or trainer\.",
    ):
        fit(evolution(), evolution(), loss=Explosion())


def test_a_validation_error_that_is_no_number_stops_the_training() -> None:
    s = surrogate(evolution())
    s.net = Scale(2)
    module = Operator(s.train(), RelativeL2(), partial(torch.optim.SGD, lr=torch.inf))
    with pytest.raises(
        InputError,
        match=r"the validation error became (nan|inf) in epoch 0; lower optimizer\.lr=inf",
    ):
        trainer(1).fit(module, Batches({"train": evolution(), "val": evolution()}))


def test_validation_before_training_leaves_training_possible() -> None:
    data = evolution()
    module, batches = (
        Operator(surrogate(data).train(), RelativeL2(), ADAM),
        Batches({"train": data, "val": data}),
    )
    run = trainer(1)
    run.validate(module, batches, verbose=False)
    before = torch.cat([p.detach().flatten().clone() for p in module.parameters()])
    run.fit(module, batches)
    assert not torch.equal(torch.cat([p.flatten() for p in module.parameters()]), before)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_fused_optimizer_trains_in_any_precision(precision: str) -> None:
    train = evolution()
    module = Operator(
        surrogate(train).train(), RelativeL2(), partial(torch.optim.AdamW, lr=1e-2, fused=True)
    )
    before = module.surrogate.net.lift.weight.detach().clone()
    made = trainer(1, precision=precision, gradient_clip_val=1.0)
    made.fit(module, Batches({"train": train, "val": train}, 1, batch_size=4))
    assert made.optimizers[0].defaults["fused"] == (precision == "32-true")
    assert not torch.equal(module.surrogate.net.lift.weight, before)
