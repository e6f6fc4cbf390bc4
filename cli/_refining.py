"""The training of ``neurop refine``, after its first checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from typing import Any

from omegaconf import DictConfig, open_dict

from neurop.errors import InputError
from neurop.evaluation.headline import headline
from neurop.fields.fieldset import FieldSet
from neurop.refinement import REGISTRY
from neurop.refinement.stage import residual_rms, squares_left
from neurop.source import Source
from neurop.surrogate import Surrogate

from ._console import table, wrote
from ._hydra import overrides
from ._runs import Checkpoint
from ._say import say
from ._settings.build import build, locate
from ._settings.model_spec import model_spec
from ._settings.places import absolute_checkpoint
from ._settings.recommended import fill_in
from ._training import trained

LEAST = 0.02
"""Smallest reduction of the validation error that is worth a stage."""


def refine(
    cfg: DictConfig, checkpoint: Checkpoint, source: Source, data: DictConfig
) -> dict[str, Any]:
    """Train a stage, save the refined surrogate, and score it next to the one that it refines.

    Parameters
    ----------
    cfg
        Composed configuration.
    checkpoint
        Surrogate that is refined.
    source, data
        Its data set, and the settings of that, which are saved with those of the run.

    Returns
    -------
    dict
        The smallest validation error, and the scores of the test set.

    Raises
    ------
    InputError
        If a setting cannot be used, or the data are not those of the surrogate's training.
    """
    base = Surrogate.load(checkpoint.model)
    method = _method(cfg)
    splits = source.splits()
    _check_data(base, splits["train"], checkpoint)
    with open_dict(cfg):
        cfg.data, cfg.ckpt = data, absolute_checkpoint(checkpoint.name)
        cfg.pop("change", None)
    if checkpoint.unfinished:
        say(f"{checkpoint.run} has not ended; these are its best weights so far", flush=True)
    shrinkage = dict[str, dict[str, float]]()

    def make(
        cfg: DictConfig, source: Source, train: FieldSet, objective: Any, lines: list[str]
    ) -> Surrogate:
        if objective.noise(train) is not None:
            remedy = "needs a surrogate that takes noise, which cannot be refined; leave it out"
            raise InputError.of("objective", type(objective).__name__, remedy)
        made = method(base, train)
        anywhere = made.net.resolution_invariant
        lines += fill_in(cfg, source, train, made.name, anywhere, overrides())
        shrinkage.update(_shrinkage(base, splits))
        lines += [_line(name, **found) for name, found in shrinkage.items()]
        return made

    done = trained(cfg, source, splits, make)
    if done is None:
        return {}
    scores = {
        name: {
            **{f"val/{k}": v for k, v in headline(one, splits["val"]) if k == "relative_l2"},
            **{f"test/{k}": v for k, v in headline(one, splits["test"])},
        }
        for name, one in (("before", base), ("after", done.surrogate))
    }
    metrics = {key: value for key, value in scores["after"].items() if key.startswith("test/")}
    before = {"refined": checkpoint.name, "before": scores["before"], "shrinkage": shrinkage}
    result = done.save(metrics)
    done.save({**metrics, **before})
    title = f"{checkpoint.name} and a stage more, after {done.record['seconds']:.0f} s"
    rows = [[key, scores["before"][key], value] for key, value in scores["after"].items()]
    table(title, ["metric", "before", "after"], rows)
    old, new = (scores[name]["val/relative_l2"] for name in ("before", "after"))
    if new > (1 - LEAST) * old:
        change = 100 * (new / old - 1)
        gain = f"{'raises' if change > 0 else 'reduces'} the validation error by {abs(change):.1f}"
        say(f"the stage {gain} %, which is not worth a stage")
    wrote(done.folder)
    return result


def _method(cfg: DictConfig) -> Callable[..., Surrogate]:
    """Return the method, with the model of the stage if one is chosen."""
    kind = locate(str(cfg.method._target_), "method")
    REGISTRY.name_of(kind)
    method: Callable[..., Surrogate] = build(cfg.method)
    if cfg.get("model") is None:
        return method
    if "model" not in signature(kind).parameters:
        raise InputError.of("model", cfg.model._target_, "the method has no network of its own")
    return partial(method, model=model_spec(cfg.model))


def _check_data(base: Surrogate, train: FieldSet, checkpoint: Checkpoint) -> None:
    """Raise InputError unless the data are those that the surrogate was trained on."""
    known, now = base.card.origin.get("data_hash"), train.digest()
    if known is not None and known != now:
        raise InputError(
            f"ckpt={checkpoint.name}: the data are others than those of its training (digest "
            f"{now[:12]}, not {str(known)[:12]}); restore them, or give them by data=",
            "ckpt",
            checkpoint.name,
        )


def _shrinkage(base: Surrogate, splits: Mapping[str, FieldSet]) -> dict[str, dict[str, float]]:
    """Return the rms of the residual of each field on training and validation data."""
    both = (residual_rms(base, splits[name]).tolist() for name in ("train", "val"))
    names = [field.name for field in base.card.outputs]
    return {
        name: {"train": train, "val": val, "squares_left": squares_left(train, val)}
        for name, train, val in zip(names, *both, strict=True)
    }


def _line(name: str, train: float, val: float, squares_left: float) -> str:
    """Return a line about the residual of a field."""
    ratio = train / val if val > 0 else 1.0
    return (
        f"residual of {name}: rms {train:.3g} on training, {val:.3g} on validation data, ratio "
        f"{ratio:.2f}; a stage fitted to it leaves {100 * squares_left:.0f} % or more of the "
        "squared error"
    )
