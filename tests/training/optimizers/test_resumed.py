"""A training with either optimizer: repeats, and goes on bit for bit from its checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from small import ARGUMENTS, evolution, surrogate
from torch import Tensor
from torch.optim import Optimizer

from neurop.training.fit import fit
from neurop.training.optimizers.muon import Muon
from neurop.training.optimizers.soap import SOAP

OPTIMIZERS = {"muon": Muon, "soap": partial(SOAP, interval=2)}
SPLITS = {"train": evolution(samples=4), "val": evolution(samples=2, seed=1)}


class Stop(Exception):
    """The end of a run."""


class Interrupt(Callback):
    """Ends a training in its third epoch."""

    def on_train_epoch_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        if trainer.current_epoch == 2:
            raise Stop


def weights(optimizer: Callable[..., Optimizer], folder: Path, **how: Any) -> Tensor:
    """Return the weights after a training of four epochs, of which a checkpoint is kept."""
    s = surrogate(SPLITS["train"], arguments=ARGUMENTS)
    fit(s, SPLITS, epochs=4, batch_size=4, optimizer=optimizer, folder=folder, seed=5, **how)
    return torch.cat([weight.detach().flatten() for weight in s.parameters()])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_resumed_training_is_the_uninterrupted_one(name: str, tmp_path: Path) -> None:
    whole = weights(OPTIMIZERS[name], tmp_path / "whole")
    with pytest.raises(Stop):
        weights(OPTIMIZERS[name], tmp_path / "part", callbacks=[Interrupt()])
    assert torch.equal(weights(OPTIMIZERS[name], tmp_path / "part", resume=True), whole)
    last = torch.load(tmp_path / "part" / "checkpoints" / "last.ckpt", weights_only=True)
    kinds = {type(v) for s in last["optimizer_states"][0]["state"].values() for v in s.values()}
    assert kinds == {Tensor, int}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_mixed_precision_trains(name: str, tmp_path: Path) -> None:
    make = partial(
        lightning.Trainer, precision="bf16-mixed", accelerator="cpu", logger=False, max_epochs=4
    )
    s = surrogate(SPLITS["train"], arguments=ARGUMENTS)
    before = [weight.detach().clone() for weight in s.parameters()]
    fit(s, SPLITS, batch_size=4, optimizer=OPTIMIZERS[name], trainer=make, folder=tmp_path / "run")
    assert all(weight.isfinite().all() for weight in s.parameters())
    assert any(not torch.equal(a, b) for a, b in zip(before, s.parameters()))
