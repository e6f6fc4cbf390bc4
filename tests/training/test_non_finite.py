"""A loss that leaves the numbers ends the training at its step, with what led there."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import pytest
import torch
from raising import raises_input
from small import evolution, surrogate

from neurop.objectives.regression import Regression
from neurop.training.module import TrainingModule

from .conftest import loader, trainer


@pytest.mark.trust(
    "A loss that is not finite ends the training, with its step, samples and gradient",
    "a rate at which the loss overflows",
)
@pytest.mark.parametrize("clip", [None, 1e30])
def test_the_step_is_named(clip: float | None) -> None:
    data = evolution(samples=3)
    steep = partial(torch.optim.SGD, lr=1e30)
    module = TrainingModule(surrogate(data).train(), Regression(), steep)
    batches = loader(data, seed=1, batch_size=2)
    with raises_input("lr", 1e30, "the loss became (nan|inf) in step") as raised:
        trainer(2, gradient_clip_val=clip).fit(module, batches)
    found = re.fullmatch(
        r"lr=1e\+30: the loss became (?:nan|inf) in step (\d+) \(epoch 1, batch (\d+), samples "
        r"([\d, ]+) of the training split\); the largest gradient before it was ([\d.e+-]+); lower "
        r"it, (.*) gradient_clip_val.*, or look at these samples",
        str(raised.value).replace("the trainer's ", ""),
    )
    assert found is not None, str(raised.value)
    assert found[5] == ("set" if clip is None else "lower")
    assert found[1] == found[2]  # the first epoch
    windows = batches.examples["train"]
    order = list(batches.train_dataloader().sampler)
    chosen = order[2 * (int(found[2]) - 1) : 2 * int(found[2])]
    samples = {int(np.searchsorted(windows.ends, i, side="right")) for i in chosen}
    assert found[3] == ", ".join(map(str, sorted(samples)))
    assert float(found[4]) > 0


def test_the_weights_are_those_before_the_loss() -> None:
    """No step is made with a loss that is not finite."""
    data = evolution(samples=2)
    module = TrainingModule(surrogate(data).train(), Regression(), partial(torch.optim.SGD, lr=0.1))
    before = [p.clone() for p in module.parameters()]
    broken = loader(data, seed=1, batch_size=2)
    broken.examples["train"].fields.values[:, :, 0, 0] = np.nan
    with raises_input("lr", 0.1, r"the loss became nan in step 1 \(epoch 1, batch 1, samples"):
        trainer().fit(module, broken)
    assert all(map(torch.equal, before, module.parameters()))
