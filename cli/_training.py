"""The training of ``neurop train``, after its first checks."""

from __future__ import annotations

import math
import os
import sys
import warnings
from contextlib import redirect_stdout
from functools import partial
from inspect import signature
from io import StringIO
from pathlib import Path
from typing import Any, cast

import lightning
from lightning.pytorch.loggers import CSVLogger, Logger
from omegaconf import DictConfig, OmegaConf

from neurop import models, plots
from neurop.errors import InputError
from neurop.evaluation.headline import headline
from neurop.fields.fieldset import FieldSet
from neurop.fields.noise_input import NoiseInput
from neurop.problems import Problem
from neurop.registry import Spec
from neurop.source import Source
from neurop.surrogate import Surrogate
from neurop.training.budget import Budget
from neurop.training.callbacks.epoch_log import progress_callbacks
from neurop.training.callbacks.timer import Timer
from neurop.training.estimate import Preflight
from neurop.training.fit import fit
from neurop.training.plan import planned
from neurop.training.preflight import fewer_modes
from neurop.training.warm_start import load_weights

from ._console import table, wrote
from ._errors import LISTS
from ._hydra import group_file, overrides, run_folder
from ._interrupt import explained, standing
from ._metrics import continued, ended_logs
from ._output import CONFIG, write_json
from ._process_group import first_process
from ._resume import check_data, differences, inexact
from ._runs import find
from ._settings.build import build, locate, trainer_callbacks
from ._settings.data import chosen_problem
from ._settings.recommended import fill_in, present, recommended
from ._settings.saved import read_yaml
from ._settings.sized import epochs, fitting, free, resized, values_of
from ._start import Start
from ._watch import Terminable, watched


def train(cfg: DictConfig, source: Source, splits: dict[str, FieldSet] | None) -> dict[str, Any]:
    """Train, save the surrogate with the best validation error, and score it on the test set.

    Parameters
    ----------
    cfg
        Composed configuration.
    source
        Data set.
    splits
        Its splits; None if they may have to be generated, before which all settings are tried on an
        outline of them.

    Returns
    -------
    dict
        The smallest validation error, by which a sweep ranks its jobs, and the scores of the test
        set, which is used this once.

    Raises
    ------
    InputError
        If a setting cannot be used.
    """
    folder = run_folder()
    _check(cfg)
    if splits is None and (outline := source.outline()) is not None:
        _try(cfg, source, outline, folder)
    splits = splits or source.splits()
    parts = _parts(cfg, source, splits)
    surrogate, lines = parts.pop("model"), parts.pop("lines")
    if cfg.resume:
        check_data(surrogate, Path(str(cfg.resume)))
        lines += differences(_before(cfg), cfg)
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
        return {}
    metrics = {f"test/{name}": value for name, value in headline(surrogate, splits["test"])}
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
    write_json(folder / "train.json", record | metrics)
    if (folder / "metrics.csv").is_file():
        curves = plots.loss_curves(plots.read_metrics(folder / "metrics.csv"))
        plots.save(curves, folder / "plots" / "loss.png")
    title = f"{surrogate.name} on {source.name} after {record['seconds']:.0f} s"
    table(title, ["test metric", "value"], [[k, v] for k, v in metrics.items()])
    wrote(folder)
    monitor = f"val/{parts['objective'].monitor}"
    return {monitor: record.get(monitor), **metrics}


def _parts(cfg: DictConfig, source: Source, splits: dict[str, FieldSet]) -> dict[str, Any]:
    """Return the surrogate and the other arguments of a fit, made from the settings and the data.

    Values that depend on the data are filled into the settings.
    """
    lightning.seed_everything(cfg.seed, workers=True, verbose=False)
    own = trainer_callbacks(cfg.trainer)
    train = splits["train"]
    objective, problem = build(cfg.objective), chosen_problem(cfg, source, train)
    objective.bind(source.equation)
    lines = fill_in(cfg, source, train, overrides())
    if line := recommended(cfg, group_file("recommended"), overrides()):
        lines.insert(0, line)
    length = _before(cfg).get("trainer", {}).get("max_epochs")
    if cfg.trainer.max_epochs is None and isinstance(length, int):
        cfg.trainer.max_epochs = length
    model = _surrogate(cfg, train, problem, objective.noise(train), lines)
    examples = len(problem.examples(train, objective.extra_frames))
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


def _try(cfg: DictConfig, source: Source, outline: dict[str, FieldSet], folder: Path) -> None:
    """Raise InputError for settings that a training on the data would refuse; write nothing."""
    trial = cast(DictConfig, OmegaConf.create(OmegaConf.to_container(cfg, resolve=True)))
    with redirect_stdout(StringIO()), warnings.catch_warnings():  # the training itself says them
        warnings.simplefilter("ignore")
        parts = _parts(trial, source, outline)
        del parts["lines"]
        plan = planned(parts.pop("model"), outline, **parts)
        # In place of a budget, as in the training, which has no number of epochs then.
        length = {} if trial.budget is None else {"max_steps": 1, "max_epochs": -1}
        plan.trainer(folder, callbacks=plan.callbacks, logger=_loggers(trial, folder), **length)


def _check(cfg: DictConfig) -> None:
    """Raise InputError for wrong settings that can be found before data are generated."""
    if cfg.init and not cfg.resume:
        find(str(cfg.init), setting="init")
    if cfg.budget is not None:
        Budget.of(cfg.budget)
    build(cfg.objective)
    for group in LISTS:
        for _, node in present(cfg.get(group)):
            # Values `auto` are known only with the data set.
            if "auto" not in node.values():
                build(node)


def _before(cfg: DictConfig) -> dict[str, Any]:
    """Return the settings that a resumed run began with; empty for a new run."""
    path = Path(str(cfg.resume)) / CONFIG
    found = read_yaml(path) if cfg.resume and path.is_file() else {}
    return found if isinstance(found, dict) else {}


def _budget(cfg: DictConfig) -> Budget | None:
    """Return the budget; that of a resumed run is the number of steps that were counted first."""
    if cfg.budget is None:
        return None
    if saved := _before(cfg):
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


def _surrogate(
    cfg: DictConfig,
    train: FieldSet,
    problem: Problem,
    noise: NoiseInput | None,
    lines: list[str],
) -> Surrogate:
    """Return the surrogate, of a size that fits the data; add a line about it."""
    name = models.REGISTRY.name_of(locate(cfg.model._target_, "model"))
    node = OmegaConf.to_container(cfg.model, resolve=True)
    assert isinstance(node, dict)
    arguments = {str(key): value for key, value in node.items() if key != "_target_"}
    normalizer = build(cfg.normalizer)
    constraints = [build(node) for _, node in present(cfg.get("constraint"))]

    spec = Spec(name, arguments)
    surrogate = Surrogate.of(train, spec, problem, constraints, normalizer, noise)
    given = overrides()
    names = free(cfg, given) if _own_size() else set()
    if cfg.init and not cfg.resume:
        earlier = Surrogate.load(find(str(cfg.init), setting="init").model).card.model
        own = earlier.arguments if earlier.name == name else {}
        found = {key: own[key] for key in names if own.get(key, arguments[key]) != arguments[key]}
    elif cfg.resume:
        kept = _before(cfg).get("model", {})
        found = {key: kept[key] for key in names if isinstance(kept.get(key), int | list)}
        found = {key: value for key, value in found.items() if value != arguments[key]}
    else:
        found = fitting(surrogate, train, names)
    points = " x ".join(map(str, train.shape))
    if found:
        surrogate = resized(surrogate, found)
        words = " ".join(f"model.{key}={value}" for key, value in found.items())
        lines.append(f"{words}: for {len(train)} samples of {points} points")
    # Modes that the grid does not resolve are left out, unless the user chose the number.
    asked = any(word.startswith("model.modes=") for word in given)
    if not asked and (most := fewer_modes(surrogate)):
        found["modes"] = list(most)
        surrogate = resized(surrogate, found)
        lines.append(f"model.modes={list(most)}: all that {points} points resolve")
    cfg.model.update(found)
    if cfg.init and not cfg.resume:
        load_weights(surrogate, find(str(cfg.init), setting="init").model)
    return surrogate


def _own_size() -> bool:
    """Return whether neither the data set nor an experiment recommends the size of the network."""
    return all(group_file(group) is None for group in ("recommended", "experiment"))


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
