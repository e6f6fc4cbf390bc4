"""What is known to be wrong before the first batch is said before the first batch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch.strategies import FSDPStrategy, SingleDeviceStrategy
from raising import raises_input
from small import Scale, evolution, surrogate

from neurop.fields.standardize import Standardize
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.objectives.regression import Regression
from neurop.problems import Evolution
from neurop.training.callbacks.checkpoints import checkpoints
from neurop.training.module import TrainingModule
from neurop.training.optimizers.muon import Muon
from neurop.training.optimizers.soap import SOAP
from neurop.training.preflight import (
    check_checkpoint,
    check_clipping,
    check_counts,
    check_modes,
    check_optimizer,
)
from neurop.training.schedule import warmup_cosine

from .conftest import ADAM, loader, trainer


def with_modes(modes: Any, shape: tuple[int, ...] = (9, 8), grid: Grid | None = None) -> Any:
    return surrogate(
        evolution(shape, grid=grid), arguments={"modes": modes, "width": 4, "depth": 1}
    )


@pytest.mark.parametrize("modes", [4, 1, (5, 4), (5, 1)])
def test_modes_that_the_grid_resolves_pass(modes: Any) -> None:
    # 9 points resolve the frequencies 0 to 4, 8 points those from 0 to 3.
    check_modes(with_modes(modes))


@pytest.mark.parametrize(
    ("modes", "value", "most"),
    [
        (5, (5, 5), "axis y resolve 4 modes"),
        ((6, 4), (6, 4), "axis x resolve 5 modes"),
        (99, (99, 99), "axis x resolve 5 modes"),
    ],
)
def test_modes_beyond_the_grid_are_named(modes: Any, value: tuple[int, ...], most: str) -> None:
    with raises_input("modes", value, most):
        check_modes(with_modes(modes))


def test_the_norm_of_sharded_gradients_cannot_be_bounded() -> None:
    made = SimpleNamespace(strategy=FSDPStrategy(), gradient_clip_val=1.0)
    with raises_input("gradient_clip_val", 1.0):
        check_clipping(made)
    check_clipping(SimpleNamespace(strategy=FSDPStrategy(), gradient_clip_val=None))
    check_clipping(SimpleNamespace(strategy=SingleDeviceStrategy(), gradient_clip_val=1.0))


@pytest.mark.parametrize("make", [Muon, SOAP])
def test_matrices_are_not_sharded(make: Callable[..., Any]) -> None:
    made = SimpleNamespace(strategy=FSDPStrategy(), max_epochs=1, max_steps=-1)
    with raises_input("optimizer", make.__name__):
        check_optimizer(make, None, made)
    check_optimizer(ADAM, None, made)
    made.strategy = SingleDeviceStrategy()
    check_optimizer(make, None, made)


def test_a_training_without_a_validation_is_refused() -> None:
    with raises_input("check_val_every_n_epoch", 5, "no validation in 4 epochs"):
        check_counts(trainer(4, check_val_every_n_epoch=5))
    check_counts(trainer(5, check_val_every_n_epoch=5))
    # A number of steps ends with one.
    check_counts(trainer(-1, max_steps=3, check_val_every_n_epoch=5))


def test_padding_lets_an_open_axis_hold_more() -> None:
    check_modes(with_modes((5, 5), grid=Grid((Axis("x"), Axis("y", "dirichlet")))))


def test_a_network_without_modes_passes() -> None:
    s = surrogate(evolution())
    s.net = Scale(2)
    check_modes(s)


def limits(epochs: int | None, steps: int = -1) -> Any:
    return SimpleNamespace(max_epochs=epochs, max_steps=steps)


@pytest.mark.parametrize(
    ("optimizer", "schedule", "run", "argument", "message"),
    [
        (
            partial(torch.optim.AdamW, lr=-1.0),
            None,
            limits(3),
            ("optimizer", None),
            "learning rate: -1",
        ),
        (
            partial(torch.optim.AdamW, betas=(0.9, 2.0)),
            None,
            limits(3),
            ("optimizer", None),
            "beta",
        ),
        (ADAM, partial(warmup_cosine, warmup=3), limits(3), ("warmup", 3), "share"),
        (ADAM, warmup_cosine, limits(-1), ("steps", torch.inf), "max_epochs"),
    ],
)
def test_what_the_optimizer_refuses(
    optimizer: Any, schedule: Any, run: Any, argument: tuple[str, Any], message: str
) -> None:
    with raises_input(*argument, message):
        check_optimizer(optimizer, schedule, run)


def test_what_the_optimizer_takes() -> None:
    for run in (limits(3), limits(-1, 100), limits(None)):
        check_optimizer(ADAM, warmup_cosine, run)
    check_optimizer(ADAM, None, limits(-1))


@pytest.fixture
def last(tmp_path: Path) -> Path:
    """A checkpoint after two epochs."""
    module = TrainingModule(surrogate(evolution()).train(), Regression(), ADAM)
    run = trainer(
        2, callbacks=[*checkpoints(tmp_path)], enable_checkpointing=True, default_root_dir=tmp_path
    )
    run.fit(module, loader(evolution()))
    return tmp_path / "last.ckpt"


def module(**how: Any) -> TrainingModule:
    return TrainingModule(surrogate(evolution(), **how), Regression(), ADAM)


def test_a_checkpoint_of_the_same_model_passes(last: Path) -> None:
    for epochs in (2, 3, None, -1):
        check_checkpoint(last, module(seed=1), epochs)


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ({"arguments": {"modes": 3, "width": 7, "depth": 1}}, r"net\.\S+ .*6.* there and \(.*7"),
        ({"arguments": {"modes": 3, "width": 6, "depth": 2}}, r"net\.blocks\.1\.\S+ .* None there"),
        ({"problem": Evolution(2)}, r"net\.lift\.weight .*\(6, 6\) there and \(6, 8\)"),
        (
            {"normalizer": Standardize(pointwise=True)},
            r"input_norm\.mean .*\(2, 1, 1\) there and \(2, 9, 8\)",
        ),
    ],
)
def test_a_checkpoint_of_another_training(how: Any, what: str, last: Path) -> None:
    with raises_input("resume", str(last), what):
        check_checkpoint(last, module(**how), 3)


def test_a_checkpoint_beyond_the_last_epoch(last: Path) -> None:
    with raises_input("max_epochs", 1, "give 2 or more"):
        check_checkpoint(last, module(), 1)


@pytest.mark.trust(
    "A damaged file is one line, never a traceback or a wrong number",
    "checkpoints",
)
@pytest.mark.parametrize(
    "damage",
    [
        lambda f: f.write_bytes(f.read_bytes()[: f.stat().st_size // 2]),
        lambda f: f.write_bytes(b""),
        lambda f: f.write_bytes(b"text"),
        lambda f: torch.save({"epoch": 1}, f),
        lambda f: torch.save([1], f),
        lambda f: torch.save({"state_dict": Path("x"), "epoch": 1}, f),
        lambda f: edited(f, lambda saved: saved.pop("optimizer_states")),
        lambda f: edited(f, lambda saved: saved.pop("lr_schedulers")),
        lambda f: edited(f, lambda saved: saved["loops"].pop("fit_loop")),
    ],
)
def test_a_damaged_checkpoint_is_one_line(damage: Callable[[Path], Any], last: Path) -> None:
    damage(last)
    with raises_input("resume", str(last), "damaged"):
        check_checkpoint(last, module())


def edited(path: Path, edit: Callable[[Any], Any]) -> None:
    saved = torch.load(path, weights_only=True)
    edit(saved)
    torch.save(saved, path)


@pytest.mark.trust(
    "A damaged file is one line, never a traceback or a wrong number",
    "checkpoints",
)
def test_an_optimizer_of_other_weights(last: Path) -> None:
    def shrink(saved: Any) -> None:
        saved["optimizer_states"][0]["state"][0]["exp_avg"] = torch.zeros(3)

    edited(last, shrink)
    with raises_input("resume", str(last), r"optimizer has shape \(3,\) for weight 0"):
        check_checkpoint(last, module())


def test_a_checkpoint_that_is_not_there(tmp_path: Path) -> None:
    with raises_input("resume", str(tmp_path / "last.ckpt")):
        check_checkpoint(tmp_path / "last.ckpt", module())
