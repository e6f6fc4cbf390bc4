"""``neurop train``: fit a neural operator to a data set."""

from __future__ import annotations

import os
import platform
import sys
from functools import partial
from importlib.metadata import version
from inspect import signature
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import CSVLogger, Logger
from omegaconf import DictConfig, OmegaConf

from neurop import models, plots
from neurop.errors import InputError
from neurop.evaluation.headline import headline
from neurop.fields.fieldset import FieldSet
from neurop.problems import Problem
from neurop.registry import Spec
from neurop.source import Source
from neurop.surrogate import Surrogate
from neurop.training.budget import Budget
from neurop.training.callbacks.checkpoints import MONITOR
from neurop.training.callbacks.epoch_log import progress_callbacks
from neurop.training.callbacks.timer import Timer
from neurop.training.estimate import Preflight
from neurop.training.fit import fit
from neurop.training.online import OnlineLoader
from neurop.training.preflight import fewer_modes
from neurop.training.warm_start import load_weights

from ._console import table, wrote
from ._errors import LISTS
from ._hydra import group_file, overrides, run_folder
from ._interrupt import Progress, explained
from ._metrics import continued
from ._output import CONFIG, first_process, save_config, write_json
from ._runs import find
from ._settings.build import build, locate, trainer_callbacks
from ._settings.data import chosen_problem, data_set
from ._settings.places import with_places
from ._settings.recommended import fill_in, present, recommended
from ._settings.saved import read_yaml


def run(cfg: DictConfig) -> dict[str, Any]:
    """Train, save the surrogate with the best validation error, and score it on the test set.

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
    if isinstance(cfg.seed, bool) or not isinstance(cfg.seed, int) or not 0 <= cfg.seed < 2**32:
        raise InputError.of("seed", cfg.seed, f"give an integer from 0 to {2**32 - 1}")
    _check(cfg)
    lightning.seed_everything(cfg.seed, workers=True, verbose=False)
    own = trainer_callbacks(cfg.trainer)
    source = data_set(cfg.data)
    splits = source.splits()
    lines = fill_in(cfg, source, splits["train"], overrides())
    if line := recommended(cfg, group_file("recommended"), overrides()):
        lines.insert(0, line)
    surrogate = _surrogate(cfg, splits["train"], chosen_problem(cfg, source, splits["train"]))
    loader = _loader(cfg, source)
    timer = Timer()
    start = _Start(cfg, folder, f"{surrogate.name} on {source.name}", lines)
    show = cfg.trainer.enable_progress_bar
    extra = [build(node) for _, node in present(cfg.get("callback"))]
    with explained(folder, start.progress), continued(folder):
        surrogate = fit(
            surrogate,
            splits,
            build(cfg.objective),
            optimizer=build(cfg.optimizer),
            scheduler=build(cfg.get("scheduler")),
            augment=[build(node) for _, node in present(cfg.get("augment"))],
            callbacks=[*extra, start, Preflight(), *progress_callbacks(show), timer],
            budget=_budget(cfg, folder),
            loader=loader,
            trainer=partial(
                build,
                cfg.trainer,
                callbacks=own,
                logger=_loggers(cfg, folder),
                enable_progress_bar=show and sys.stdout.isatty(),
            ),
            folder=folder,
            resume=bool(cfg.resume),
            seed=cfg.seed,
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
    return {MONITOR: record[MONITOR], **metrics}


class _Start(Callback):
    """Print the settings and write the configuration before the first step, after all checks."""

    def __init__(self, cfg: DictConfig, folder: Path, title: str, lines: list[str]) -> None:
        self.cfg, self.folder, self.title, self.lines = cfg, folder, title, lines
        self.report: dict[str, Any] = {}
        self.progress = Progress()

    def setup(self, trainer: lightning.Trainer, *_: Any, **__: Any) -> None:
        self.progress.trainer = trainer
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        made = " per epoch, generated while training runs" * isinstance(data, OnlineLoader)
        if first_process():
            examples = len(data.examples["train"])
            print(
                *self.lines,
                f"{self.title}: {examples} training examples{made}",
                sep="\n",
                flush=True,
            )
        if self.cfg.budget is not None:
            self.cfg.trainer.max_steps = trainer.max_steps  # with which a resumed run goes on
        save_config(self.folder, *with_places(self.cfg, overrides()))
        write_json(self.folder / "versions.json", _versions())

    def on_fit_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        data = trainer.datamodule  # type: ignore[attr-defined]
        self.report = data.report() if isinstance(data, OnlineLoader) else {}


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


def _budget(cfg: DictConfig, folder: Path) -> Budget | None:
    """Return the budget; that of a resumed run is the number of steps that were counted first."""
    if cfg.budget is None:
        return None
    if cfg.resume and (folder / CONFIG).is_file():
        saved = read_yaml(folder / CONFIG)
        return Budget(steps=int(saved["trainer"]["max_steps"]))
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


def _surrogate(cfg: DictConfig, train: FieldSet, problem: Problem) -> Surrogate:
    name = models.REGISTRY.name_of(locate(cfg.model._target_, "model"))
    given = OmegaConf.to_container(cfg.model, resolve=True)
    assert isinstance(given, dict)
    arguments = {str(key): value for key, value in given.items() if key != "_target_"}
    normalizer = build(cfg.normalizer)
    constraints = [build(node) for _, node in present(cfg.get("constraint"))]

    def make(**more: Any) -> Surrogate:
        spec = Spec(name, arguments | more)
        return Surrogate.of(train, spec, problem, constraints, normalizer)

    surrogate = make()
    asked = any(word.startswith("model.modes=") for word in overrides())
    if not asked and (most := fewer_modes(surrogate)):
        # The user did not choose the number of modes, so it is reduced to the grid's.
        surrogate = make(modes=list(most))
        if first_process():
            points = " x ".join(map(str, train.shape))
            print(f"model.modes={list(most)}: all that {points} points resolve", flush=True)
    if cfg.init and not cfg.resume:
        load_weights(surrogate, find(str(cfg.init), setting="init").model)
    return surrogate


def _loggers(cfg: DictConfig, folder: Path) -> list[Logger]:
    """Return the chosen logger, and in any case the one that writes metrics.csv."""
    chosen = build(cfg.get("logger"), save_dir=str(folder))
    found = [] if chosen is None else [chosen]
    if isinstance(chosen, CSVLogger):
        return found
    return [*found, CSVLogger(str(folder), name="", version="")]


def _versions() -> dict[str, Any]:
    packages = ("neurop", "torch", "lightning", "hydra-core", "numpy", "xarray", "h5py")
    return {
        "python": platform.python_version(),
        **{p: version(p) for p in packages},
        "system": platform.platform(),
        "processor": platform.machine(),
        "cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "cuda": torch.version.cuda,
    }
