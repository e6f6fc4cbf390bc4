"""``neurop train``: fit a neural operator to a data set."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.loggers import CSVLogger, Logger
from omegaconf import DictConfig, OmegaConf

from neurop import models, plots
from neurop.errors import InputError
from neurop.evaluation import rollout, score
from neurop.fields.fieldset import FieldSet
from neurop.surrogate import Surrogate
from neurop.training import (
    Batches,
    Online,
    Operator,
    Preflight,
    Stability,
    Timer,
    averaging,
    check_checkpoint,
    check_modes,
    check_optimizer,
    checkpoints,
    fewer_modes,
    load_weights,
    progress,
)
from neurop.training.callbacks.spectral_bound import SpectralNormBound

from ._build import build, locate
from ._check import check_types
from ._console import table, wrote
from ._hydra import overrides, run_folder
from ._metrics import continued
from ._output import first_process, save_config, write_json
from ._runs import LAST, find

TRAJECTORY = 10
"""Steps of the rollout from the first frame that a run reports, where the test set has them."""
ONLINE = " per epoch, of samples that are solved for meanwhile"
SETTINGS = {
    "seed": int,
    "training.batch_size": int,
    "training.unroll": int,
    "training.pushforward": int,
    "training.noise": float,
    "training.spectral_norm": float | None,
    "training.filter": float | None,
    "training.increments": bool,
    "training.anomalies": bool,
    "training.band": list[int] | None,
    "training.conserve": list[str] | None,
    "training.limit": float | None,
    "training.ema": float | None,
    "training.coarse": list[int] | None,
    "training.coarse_share": float,
    "training.symmetries": list[str] | None,
    "training.workers": int,
    "training.compile": bool,
    "training.reservoir": int | None,
    "training.solvers": int,
}
FROM_THE_DATA = ("_target_", "in_channels", "out_channels", "domain")


def run(cfg: DictConfig) -> dict[str, Any]:
    """Train, save the surrogate with the best validation error, and score it on the test set.

    Returns
    -------
    dict
        The headline metrics; the first decides which job of a sweep is best.
    """
    folder, how = run_folder(), cfg.training
    check_types(cfg, SETTINGS)
    if not 0 <= cfg.seed < 2**32:
        raise InputError(f"seed={cfg.seed}; give a whole number from 0 to {2**32 - 1}")
    lightning.seed_everything(cfg.seed, workers=True, verbose=False)
    source = build(cfg.data)
    splits = source.splits()
    surrogate = _surrogate(cfg, splits["train"], source.history)
    stability = Stability(how.noise, how.pushforward, cfg.seed)
    batches = _batches(cfg, source, splits)
    module = Operator(
        surrogate, build(cfg.loss), build(cfg.optimizer), build(cfg.get("scheduler")), stability
    )
    last = Path(cfg.resume) / LAST if cfg.resume else None
    if last:
        check_checkpoint(last, module, cfg.trainer.max_epochs)
    best, latest = checkpoints(folder / LAST.parent)
    clock = Timer()
    show = cfg.trainer.enable_progress_bar
    trainer = build(
        cfg.trainer,
        logger=_loggers(cfg, folder),
        callbacks=[
            best,
            latest,
            *_gain(cfg, module),
            *averaging(how.ema),
            Preflight(),
            *progress(show),
            clock,
        ],
        default_root_dir=str(folder),
        enable_progress_bar=show and sys.stdout.isatty(),
    )
    check_optimizer(module.make_optimizer, module.make_scheduler, trainer)
    _say(
        f"{surrogate.name} on {source.name}: {len(batches.windows['train'])} training "
        f"windows{ONLINE * isinstance(batches, Online)}"
    )
    save_config(folder, cfg, overrides())
    write_json(folder / "versions.json", _versions())
    with continued(folder):
        trainer.fit(module, batches, ckpt_path=last, weights_only=True)
    seconds = clock.total
    if not first_process():
        return {}
    if best.best_model_path:
        module.load_state_dict(
            torch.load(best.best_model_path, map_location="cpu", weights_only=True)["state_dict"]
        )
    surrogate = surrogate.to(
        "cpu" if trainer.strategy.root_device.type == "cpu" else trainer.strategy.root_device
    ).eval()
    surrogate.save(folder / "model")
    metrics = _test(surrogate, splits["test"])
    record = {
        "model": surrogate.name,
        "data": source.name,
        "data_hash": surrogate.specification.origin["data_hash"],
        "train_shape": list(surrogate.train_shape),
        "parameters": surrogate.parameters_count(),
        "epochs": trainer.current_epoch,
        "steps": trainer.global_step,
        "seconds": round(seconds, 1),
        "waiting_share": clock.share and round(clock.share, 4),
        "step_ms": round(1e3 * clock.steps / max(clock.count, 1), 2),
        "peak_mb": _peak_mb(),
        "seed": cfg.seed,
        "val/relative_l2": float(best.best_model_score)
        if best.best_model_score is not None
        else None,
    }
    if isinstance(batches, Online):
        record |= batches.report()
    write_json(folder / "train.json", record | metrics)
    if (folder / "metrics.csv").is_file():
        plots.save(
            plots.loss_curves(plots.read_metrics(folder / "metrics.csv")),
            folder / "plots" / "loss.png",
        )
    table(
        f"{surrogate.name} on {source.name} after {seconds:.0f} s",
        ["test metric", "value"],
        [[k, v] for k, v in metrics.items()],
    )
    wrote(folder)
    return metrics


def _batches(cfg: DictConfig, source: Any, splits: dict[str, FieldSet]) -> Batches:
    names = ("batch_size", "workers", "coarse", "coarse_share", "symmetries")
    steps = cfg.training.unroll + cfg.training.pushforward
    how = {"history": source.history, "steps": steps, "seed": cfg.seed} | {
        name: cfg.training[name] for name in names
    }
    if getattr(source, "mode", "stored") != "online":
        return Batches(splits, **how)
    return Online(source, splits, cfg.training.reservoir, cfg.training.solvers, **how)


def _surrogate(cfg: DictConfig, train: FieldSet, history: int) -> Surrogate:
    name = models.name_of(locate(cfg.model._target_, "model"))  # type: ignore[arg-type]
    given = OmegaConf.to_container(cfg.model, resolve=True)
    assert isinstance(given, dict)
    arguments = {str(key): value for key, value in given.items() if key not in FROM_THE_DATA}
    how = cfg.training
    settings = (history, how.increments, how.anomalies, how.band, how.conserve or (), how.limit)
    surrogate = Surrogate.of(train, name, arguments, *settings)
    if not any(word.startswith("model.modes=") for word in overrides()) and (
        most := fewer_modes(surrogate)
    ):
        # Nobody asked for the number that the grid cannot hold.
        surrogate = Surrogate.of(train, name, arguments | {"modes": list(most)}, *settings)
        _say(
            f"model.modes={list(most)}: all that {' x '.join(map(str, train.shape))} points resolve"
        )
    check_modes(surrogate)
    if cfg.init and not cfg.resume:
        load_weights(surrogate, find(str(cfg.init), setting="init").model)
    if how.compile:
        surrogate.net.compile()
    return surrogate


def _gain(cfg: DictConfig, module: Operator) -> list[SpectralNormBound]:
    given = (cfg.training.spectral_norm, cfg.training.filter)
    return [] if given == (None, None) else [SpectralNormBound(module, *given)]


def _loggers(cfg: DictConfig, folder: Path) -> list[Logger]:
    """Return the chosen logger and, whatever it is, the one that writes metrics.csv."""
    chosen = build(cfg.get("logger"), save_dir=str(folder))
    found = [] if chosen is None else [chosen]
    return (
        found
        if isinstance(chosen, CSVLogger)
        else [*found, CSVLogger(str(folder), name="", version="")]
    )


def _test(surrogate: Surrogate, test: FieldSet) -> dict[str, Any]:
    scores = score(surrogate, test, leads=None if test.is_map else [1])
    names = [
        name
        for name in ("relative_l2", "relative_l2_worst", "persistence_relative_l2")
        if name in scores
    ]
    metrics: dict[str, Any] = {f"test/{name}": float(scores[name]) for name in names}
    for field, value in zip(scores.field.values, scores.rmse_one_step.values, strict=True):
        metrics[f"test/rmse/{field}"] = float(value)
    if not test.is_map:
        steps = min(TRAJECTORY, test.values.shape[1] - surrogate.history)
        run = rollout(surrogate, test, steps)
        metrics[f"test/trajectory_{steps}_relative_l2"] = float(run.trajectory_relative_l2)
    return metrics


def _versions() -> dict[str, Any]:
    packages = ("neurop", "torch", "lightning", "hydra-core", "numpy", "xarray", "h5py")
    where = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    machine = {
        "system": platform.platform(),
        "processor": platform.machine(),
        "cpus": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }
    return {
        "python": platform.python_version(),
        **{p: version(p) for p in packages},
        **machine,
        "gpu": where,
        "cuda": torch.version.cuda,
    }


def _peak_mb() -> float | None:
    """Return the most memory that the run has held: of the GPU where one is used, else of the
    process.
    """
    if torch.cuda.is_available():
        return round(torch.cuda.max_memory_allocated() / 1e6, 1)
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:  # Windows
        return None
    unit = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, kB elsewhere
    return round(getrusage(RUSAGE_SELF).ru_maxrss / unit, 1)


def _say(line: str) -> None:
    if first_process():
        print(line, flush=True)
