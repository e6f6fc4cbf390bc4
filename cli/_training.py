"""A training: of a new surrogate (``neurop train``), or of a stage (``neurop refine``)."""

from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from inspect import signature
from io import StringIO
from pathlib import Path
from typing import Any, cast

import lightning
from lightning.pytorch.loggers import CSVLogger, Logger
from omegaconf import DictConfig, OmegaConf

from neurop import plots
from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.objectives.objective import Objective
from neurop.source import Source
from neurop.surrogate import Surrogate
from neurop.training.budget import Budget
from neurop.training.callbacks.epoch_log import progress_callbacks
from neurop.training.callbacks.timer import Timer
from neurop.training.estimate import Preflight
from neurop.training.fit import fit
from neurop.training.plan import planned

from ._errors import LISTS
from ._hydra import overrides, run_folder
from ._interrupt import explained, standing
from ._metrics import continued, ended_logs
from ._output import write_json
from ._process_group import first_process
from ._resume import before, check_data, differences, inexact
from ._settings.build import build, locate, trainer_callbacks
from ._settings.recommended import present
from ._settings.sized import epochs, values_of
from ._start import Start
from ._watch import Terminable, watched

Make = Callable[[DictConfig, Source, FieldSet, Objective, list[str]], Surrogate]
"""Function from settings, data set, training split and objective to the surrogate of a training.

Values that depend on the data are filled into the settings; lines about them are added to the list.
"""


@dataclass(frozen=True)
class Trained:
    """A training that has ended.

    Parameters
    ----------
    folder
        Run folder.
    surrogate
        Surrogate with the best validation error.
    splits
        Splits of the data.
    record
        Content of ``train.json`` but for the scores.
    monitor
        Name of the validation error in it.
    """

    folder: Path
    surrogate: Surrogate
    splits: Mapping[str, FieldSet]
    record: dict[str, Any]
    monitor: str

    def save(self, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """Write ``train.json`` and the curves; return what ranks the jobs of a sweep."""
        write_json(self.folder / "train.json", {**self.record, **metrics})
        if (self.folder / "metrics.csv").is_file():
            curves = plots.loss_curves(plots.read_metrics(self.folder / "metrics.csv"))
            plots.save(curves, self.folder / "plots" / "loss.png")
        return {self.monitor: self.record.get(self.monitor), **metrics}


def trained(
    cfg: DictConfig, source: Source, splits: dict[str, FieldSet] | None, make: Make
) -> Trained | None:
    """Train, and save the surrogate with the best validation error.

    Parameters
    ----------
    cfg
        Composed configuration.
    source
        Data set.
    splits
        Its splits; None if they may have to be generated, before which all settings are tried on an
        outline of them.
    make
        Function that makes the surrogate.

    Returns
    -------
    Trained or None
        None in the further processes of a training on several devices.

    Raises
    ------
    InputError
        If a setting cannot be used.
    """
    folder = run_folder()
    _check(cfg)
    if splits is None and (outline := source.outline()) is not None:
        _try(cfg, source, outline, folder, make)
    splits = splits or source.splits()
    parts = _parts(cfg, source, splits, make)
    surrogate, lines = parts.pop("model"), parts.pop("lines")
    if cfg.resume:
        check_data(surrogate, Path(str(cfg.resume)))
        lines += differences(before(cfg), cfg)
    lines += inexact(cfg, source.online)
    timer = Timer()
    start = Start(cfg, folder, f"{surrogate.name} on {source.name}", lines)
    start.values = math.inf if source.online else values_of(splits["train"])
    show = cfg.trainer.enable_progress_bar
    parts["callbacks"] += [start, Preflight(), *progress_callbacks(show), timer, Terminable()]
    parts["trainer"] = partial(
        parts["trainer"],
        logger=_loggers(cfg, folder),
        enable_progress_bar=show and sys.stdout.isatty(),
    )
    where = partial(standing, folder, start.progress)
    with explained(folder, start.progress), watched(where), continued(folder), ended_logs():
        surrogate = fit(
            surrogate,
            splits,
            **parts,
            budget=_budget(cfg),
            folder=folder,
            resume=bool(cfg.resume),
        )
    if not first_process():
        return None
    record = {
        "model": surrogate.name,
        "data": source.name,
        "data_hash": surrogate.card.origin["data_hash"],
        "train_shape": list(surrogate.card.shape),
        **{k: v for k, v in surrogate.card.origin.items() if k in ("held_out", "members")},
        "parameters": surrogate.parameters_count(),
        "seed": cfg.seed,
        **timer.record(),
        **start.report,
    }
    return Trained(folder, surrogate, splits, record, f"val/{parts['objective'].monitor}")


def _parts(
    cfg: DictConfig, source: Source, splits: dict[str, FieldSet], make: Make
) -> dict[str, Any]:
    """Return the surrogate and the other arguments of a fit, made from the settings and the data.

    Values that depend on the data are filled into the settings.
    """
    lightning.seed_everything(cfg.seed, workers=True, verbose=False)
    own = trainer_callbacks(cfg.trainer)
    train = splits["train"]
    objective, lines = build(cfg.objective), list[str]()
    objective.bind(source.equation)
    length = before(cfg).get("trainer", {}).get("max_epochs")
    if cfg.trainer.max_epochs is None and isinstance(length, int):
        cfg.trainer.max_epochs = length
    model = make(cfg, source, train, objective, lines)
    examples = len(model.card.problem.examples(train, objective.extra_frames))
    if source.online:  # of which the set has the first ones
        # An epoch of the online loader has as many as the training split of the whole set.
        whole = getattr(source, "samples", 0) - 2 * getattr(source, "held_out", 0)
        examples = examples * max(whole, len(train)) // len(train)
    if line := epochs(cfg, examples):
        lines.append(line)
    return {
        "model": model,
        "lines": lines,
        "objective": objective,
        "optimizer": build(cfg.optimizer),
        "scheduler": build(cfg.get("scheduler")),
        "augment": [build(node) for _, node in present(cfg.get("augment"))],
        "callbacks": [build(node) for _, node in present(cfg.get("callback"))],
        "loader": _loader(cfg, source),
        "trainer": partial(build, cfg.trainer, callbacks=own),
        "seed": cfg.seed,
    }


def _try(
    cfg: DictConfig, source: Source, outline: dict[str, FieldSet], folder: Path, make: Make
) -> None:
    """Raise InputError for settings that a training on the data would refuse; write nothing."""
    trial = cast(DictConfig, OmegaConf.create(OmegaConf.to_container(cfg, resolve=True)))
    with redirect_stdout(StringIO()), warnings.catch_warnings():  # the training itself says them
        warnings.simplefilter("ignore")
        parts = _parts(trial, source, outline, make)
        del parts["lines"]
        plan = planned(parts.pop("model"), outline, **parts)
        # In place of a budget, as in the training, which has no number of epochs then.
        length = {} if trial.budget is None else {"max_steps": 1, "max_epochs": -1}
        plan.trainer(folder, callbacks=plan.callbacks, logger=_loggers(trial, folder), **length)


def _check(cfg: DictConfig) -> None:
    """Raise InputError for wrong settings that can be found before data are generated."""
    if cfg.budget is not None:
        Budget.of(cfg.budget)
    build(cfg.objective)
    for group in LISTS:
        for _, node in present(cfg.get(group)):
            # Values `auto` are known only with the data set.
            if "auto" not in node.values():
                build(node)


def _budget(cfg: DictConfig) -> Budget | None:
    """Return the budget; that of a resumed run is the number of steps that were counted first."""
    if cfg.budget is None:
        return None
    if saved := before(cfg):
        # Only what was said now: the words of the run itself stand before resume=.
        words = [word.split("=")[0].lstrip("+") for word in overrides(chosen=False)]
        named = words[words.index("resume") :] if "resume" in words else []
        if "trainer.max_epochs" in named:
            remedy = "the run has a budget of steps; give trainer.max_steps"
            raise InputError.of("trainer.max_epochs", cfg.trainer.max_epochs, remedy)
        node = cfg.trainer if "trainer.max_steps" in named else saved["trainer"]
        return Budget(steps=int(node["max_steps"]))
    return Budget.of(cfg.budget)


def _loader(cfg: DictConfig, source: Source) -> Any:
    online = "source" in signature(locate(str(cfg.loader._target_), "loader")).parameters
    if source.online and not online:
        raise InputError(
            "data.storage.mode=online: add loader=online, or use mode=stored",
            "data.storage.mode",
            "online",
        )
    return build(cfg.loader, **({"source": source} if online else {}))


def _loggers(cfg: DictConfig, folder: Path) -> list[Logger]:
    """Return the chosen logger, and in any case the one that writes metrics.csv."""
    # MLflow asks to be allowed a folder of files in place of a data base: it goes with the run.
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    below = OmegaConf.select(cfg, "logger.save_dir") or "."  # none if it is missing (???)
    chosen = build(cfg.get("logger"), save_dir=str((folder / below).absolute()))
    found = [] if chosen is None else [chosen]
    if isinstance(chosen, CSVLogger):
        return found
    return [*found, CSVLogger(str(folder), name="", version="")]
