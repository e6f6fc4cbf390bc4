"""Training in one call: what is trained, what is returned, what is written, and when nothing is."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from raising import raises_input
from small import ARGUMENTS, evolution, mapping, surrogate
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

import neurop
from neurop.errors import InputError
from neurop.models import FNO
from neurop.objectives.regression import Regression
from neurop.problems import Evolution
from neurop.registry import Spec
from neurop.source import Source
from neurop.surrogate import Surrogate
from neurop.training.callbacks.ema import ExponentialAverage
from neurop.training.callbacks.spectral_bound import SpectralNormBound, channel_matrices, matrices
from neurop.training.fit import fit, splits_of
from neurop.transforms.coarse_to_fine import CoarseToFine
from neurop.transforms.noise import Noise

SPEC = FNO.spec(**ARGUMENTS)
SPLITS = {"train": evolution(), "val": evolution(samples=2, seed=1)}
TRAINER = partial(
    lightning.Trainer,
    max_epochs=1,
    accelerator="cpu",
    logger=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)


def weights(s: Surrogate) -> Tensor:
    return torch.cat([p.detach().flatten() for p in s.parameters()])


def error_of(s: Surrogate) -> float:
    """Return the mean relative error of one step over the validation set, field by field."""
    x = torch.from_numpy(SPLITS["val"].values).float()
    given, truth = x[:, :-1].flatten(0, 1), x[:, 1:].flatten(0, 1)
    with torch.no_grad():
        gap = (s(given) - truth).flatten(2).norm(dim=2)
    return float((gap / truth.flatten(2).norm(dim=2)).mean())


@pytest.mark.parametrize("model", [SPEC, Spec("fno", ARGUMENTS)])
def test_a_model_is_made_by_its_spec(model: Spec) -> None:
    s = fit(model, SPLITS, epochs=1, seed=3)
    assert s.name == "fno"
    assert not s.training
    assert torch.equal(weights(s), weights(fit(SPEC, SPLITS, epochs=1, seed=3)))
    assert not torch.equal(weights(s), weights(fit(SPEC, SPLITS, epochs=1, seed=4)))


def test_a_model_is_made_by_its_name() -> None:
    data = evolution((32,), samples=2, frames=3)
    assert fit("fno", data, epochs=1).name == "fno"


def test_a_surrogate_is_trained_itself() -> None:
    s = surrogate(evolution(), problem=Evolution(2, 2))
    before = weights(s)
    assert fit(s, SPLITS, epochs=1) is s
    assert s.card.history == 2
    assert not torch.equal(weights(s), before)


class Mode(Callback):
    """Asserts that the network is trained in training mode."""

    seen = 0

    def on_train_batch_start(self, trainer: lightning.Trainer, module: Any, *_: Any) -> None:
        assert all(part.training for part in module.surrogate.modules())
        self.seen += 1


def test_a_surrogate_in_evaluation_mode_is_trained_in_training_mode() -> None:
    mode = Mode()
    assert not fit(surrogate(evolution()).eval(), SPLITS, epochs=1, callbacks=[mode]).training
    assert mode.seen == 1


class Log(Callback):
    """Writes down the error of each validation after an epoch."""

    def __init__(self) -> None:
        self.errors: list[float] = []

    def on_validation_epoch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        if not trainer.sanity_checking:
            self.errors.append(float(trainer.callback_metrics["val/relative_l2"]))


def jump(optimizer: Optimizer, steps: float) -> LambdaLR:
    """Return a schedule whose rate grows a hundredfold after two epochs of 3 steps."""
    return LambdaLR(optimizer, lambda step: 1.0 if step < 6 else 100.0)


def test_the_weights_of_the_best_validation_error_are_returned() -> None:
    log = Log()
    s = fit(SPEC, SPLITS, epochs=5, batch_size=5, scheduler=jump, callbacks=[log])
    assert len(log.errors) == 5
    assert min(log.errors) < log.errors[-1] - 1e-3
    assert error_of(s) == pytest.approx(min(log.errors), rel=1e-5)


class Stop(Exception):
    """The end of a run."""


class Interrupt(Callback):
    """Ends a training in its third epoch."""

    def on_train_epoch_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        if trainer.current_epoch == 2:
            raise Stop


def test_a_resumed_training_is_the_uninterrupted_one_bit_for_bit(tmp_path: Path) -> None:
    def run(name: str, *more: Callback, **how: Any) -> Surrogate:
        s = surrogate(evolution(), problem=Evolution(2))
        return fit(
            s,
            SPLITS,
            Regression(pushforward=1),
            epochs=4,
            batch_size=4,
            augment=[Noise(0.05), CoarseToFine((6, 5), share=0.5)],
            callbacks=[ExponentialAverage(0.5), *more],
            folder=tmp_path / name,
            seed=5,
            **how,
        )

    whole = run("whole")
    with pytest.raises(Stop):
        run("part", Interrupt())
    assert not (tmp_path / "part" / "model").exists()
    again = run("part", resume=True)
    assert torch.equal(weights(again), weights(whole))
    last = [
        torch.load(tmp_path / name / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        for name in ("whole", "part")
    ]
    assert last[0].keys() == last[1].keys()
    assert all(torch.equal(last[0][key], last[1][key]) for key in last[0])


def test_the_folder_holds_the_surrogate_and_its_checkpoints(tmp_path: Path) -> None:
    s = fit(SPEC, SPLITS, epochs=1, folder=tmp_path / "run")
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["checkpoints", "model"]
    found = sorted(p.name for p in (tmp_path / "run" / "checkpoints").iterdir())
    assert found == ["best.ckpt", "last.ckpt"]
    assert torch.equal(weights(neurop.load(tmp_path / "run")), weights(s))


def test_nothing_is_left_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fit(SPEC, SPLITS, epochs=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("how", "key", "value"),
    [
        ({"model": "fnoo"}, "model", "fnoo"),
        ({"batch_size": 0}, "batch_size", 0),
        ({"augment": [CoarseToFine((10, 8))]}, "shape", (10, 8)),
        ({"trainer": partial(TRAINER, precision="bf16-true")}, "precision", "bf16-true"),
        ({"trainer": partial(TRAINER, precision="16-true")}, "precision", "16-true"),
        ({"model": FNO.spec(modes=6)}, None, None),
        ({"model": Spec("fno", {"wdth": 6})}, None, None),
        ({"optimizer": partial(torch.optim.AdamW, lr=-1.0)}, None, None),
        ({"data": {"train": evolution()}}, None, None),
        ({"data": evolution(samples=1)}, None, None),
        ({"resume": True}, None, None),
        ({"objective": Regression(pushforward=6)}, None, None),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_written(
    how: dict[str, Any], key: str | None, value: Any, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as error:
        fit(**({"model": SPEC, "data": SPLITS, "folder": tmp_path / "run", "epochs": 1} | how))
    assert "\n" not in str(error.value)
    if key:
        assert (error.value.key, error.value.value) == (key, value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("precision", ["64-true", "bf16-mixed"])
def test_other_precisions_train(precision: str) -> None:
    s = surrogate(evolution())
    before = error_of(s.float())
    made = fit(s, SPLITS, batch_size=5, trainer=partial(TRAINER, max_epochs=4, precision=precision))
    assert error_of(made.float()) < before


@pytest.mark.parametrize(("samples", "sizes"), [(2, (1, 1)), (19, (18, 1)), (30, (27, 3))])
def test_the_last_tenth_of_a_single_set_validates(samples: int, sizes: tuple[int, int]) -> None:
    data = evolution((4,), samples=samples, frames=2)
    made = splits_of(data)
    assert (len(made["train"]), len(made["val"])) == sizes
    both = np.concatenate([np.asarray(made[name].values) for name in ("train", "val")])
    np.testing.assert_array_equal(both, data.values)


class Waves(Source):
    """A data set that proposes its own problem."""

    name = "waves"
    problem = Evolution(2, increments=False)

    def splits(self) -> dict[str, Any]:
        return SPLITS


def test_the_problem_is_what_the_data_set_proposes() -> None:
    assert fit(SPEC, Waves(), epochs=1).card.problem == Evolution(2, increments=False)
    assert fit(SPEC, SPLITS, epochs=1).card.problem == Evolution()
    s = fit(SPEC, {"train": mapping(), "val": mapping()}, epochs=1)
    assert not s.card.is_state


def test_callbacks_prepare_the_surrogate_before_the_first_step() -> None:
    bound = SpectralNormBound(0.3)
    s = fit(SPEC, SPLITS, epochs=2, callbacks=[bound])
    norms = [
        torch.linalg.matrix_norm(matrices(w.detach()), 2).max() for w, _ in channel_matrices(s)
    ]
    assert max(float(n) for n in norms) <= 0.3 * (1 + 1.1e-5)


@pytest.mark.parametrize("data", [np.zeros((3, 4)), "file.npz", {"train": 1, "val": 2}, SPEC])
def test_what_is_no_data_is_named(data: Any) -> None:
    with raises_input("data", type(data).__name__):
        fit(SPEC, data)
