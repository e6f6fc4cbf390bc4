"""``neurop compare``: several models on the same data, trained for the same time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from neurop.errors import InputError, nearest
from neurop.evaluation.baselines import BASELINES, fit_baseline
from neurop.fields.fieldset import FieldSet
from neurop.surrogate import Surrogate
from neurop.training.budget import Budget

from ._comparison import Comparison
from ._evaluation import as_int, as_ints, device
from ._hydra import option_names, overrides, run_folder
from ._output import save_config
from ._processes import check_training, train
from ._runs import find
from ._say import say
from ._settings.build import build
from ._settings.check import check_types
from ._settings.data import chosen_problem, data_set
from ._settings.saved import source_for

DEFAULT = ("fno", "persistence", "linear")
SETTINGS = {
    **dict.fromkeys(("models", "ckpt"), str | list[str] | None),
    "settings": dict[str, dict[str, Any]] | None,
}


def run(cfg: DictConfig) -> dict[str, Any]:
    """Compare models; write compare.json, compare.csv, a figure and the run folders of the models.

    Returns
    -------
    dict
        Smallest error of one step.

    Raises
    ------
    InputError
        If a setting cannot be used; before any training.
    ExternalFailure
        If a model failed; the others are compared.
    """
    check_types(cfg, SETTINGS)
    as_int("batch_size", cfg.batch_size, 1)
    if cfg.steps is not None:
        as_int("steps", cfg.steps, 1)
    comparison = Comparison(run_folder(), device(str(cfg.device)), cfg.steps, cfg.batch_size)
    return _of_models(cfg, comparison) if cfg.ckpt is None else _of_runs(cfg, comparison)


def _of_models(cfg: DictConfig, comparison: Comparison) -> dict[str, Any]:
    """Train each network in a process of its own, then evaluate it; then the baselines."""
    names = list(DEFAULT if cfg.models is None else _listed(cfg.models))
    known = [*option_names("model"), *BASELINES]
    for name in names:
        if name not in known:
            raise InputError.of("models", name, nearest(name, known))
    networks = [name for name in names if name not in BASELINES]
    for name in cfg.settings or ():
        if name not in networks:
            raise InputError.of("settings", name, f"not among models=; {nearest(name, networks)}")
    seeds = list(dict.fromkeys(as_ints("seeds", cfg.seeds, 0)))
    Budget.of(cfg.budget)
    for name in networks:
        check_training(cfg, name)
    source = data_set(cfg.data)
    splits = source.splits()  # made before the processes, which read it
    problem = chosen_problem(cfg, source, splits["train"])
    comparison.begin(source.name, splits["train"].digest(), splits["test"])
    save_config(comparison.folder, cfg, overrides())
    with comparison:
        for name in networks:
            for seed in seeds:
                folder = comparison.folder / (name if len(seeds) == 1 else f"{name}-seed{seed}")
                say(f"{name}: training for {cfg.budget}, {folder}.log", flush=True)
                if reason := train(cfg, name, seed, folder):
                    comparison.fail(name, reason)
                else:
                    comparison.take(name, folder)
        _enter(comparison, set(names), splits, problem, build(cfg.normalizer))
    return comparison.report({"budget": cfg.budget, "seeds": seeds})


def _of_runs(cfg: DictConfig, comparison: Comparison) -> dict[str, Any]:
    """Compare the surrogates of existing runs, which must have been trained on the same data."""
    baselines = set(DEFAULT[1:] if cfg.models is None else _listed(cfg.models))
    for name in sorted(baselines - BASELINES.keys()):
        remedy = f"runs are compared with baselines; choose from {', '.join(BASELINES)}"
        raise InputError.of("models", name, remedy)
    places = _listed(cfg.ckpt)
    found = [find(place) for place in places]
    if not found:
        raise InputError.of("ckpt", [], "give at least one run folder")
    surrogates = [Surrogate.load(one.model) for one in found]
    hashes = [one.card.origin.get("data_hash") for one in surrogates]
    for place, there in zip(places, hashes, strict=True):
        if there != hashes[0]:
            raise InputError.of(
                "ckpt",
                place,
                f"trained on data {there}, {places[0]} on {hashes[0]}; give runs on the same data",
            )
    words, stamp = overrides(chosen=False), comparison.folder.name
    chosen = any(word.split("=")[0].split(".")[0] == "data" for word in words)
    given = cfg if chosen else OmegaConf.create({"data": None})
    source = source_for(given, found[0])
    splits = source.splits()
    named = any(word.startswith(("name=", "hydra.")) for word in words)
    if not chosen and not named and len(comparison.folder.parents) > 1:
        # The name of the folder is that of data=, which is not used.
        comparison.folder = comparison.folder.parents[1] / f"{source.name}-compare" / stamp
    comparison.begin(source.name, splits["train"].digest(), splits["test"])
    with comparison:
        for name, place, one in zip(_names(surrogates, places), places, found, strict=True):
            comparison.take(name, one.run or one.model, place, one.model)
        _enter(comparison, baselines, splits, surrogates[0].card.problem)
    return comparison.report({"budget": None, "seeds": None})


def _names(surrogates: list[Surrogate], places: list[str]) -> list[str]:
    """Return a short name for each surrogate: its model, and its folder if models repeat."""
    models = [one.name for one in surrogates]
    if len(set(models)) == len(models):
        return models
    ends = [Path(place).name for place in places]
    words = ends if len(set(ends)) == len(ends) else places
    return [f"{model} {word}" for model, word in zip(models, words, strict=True)]


def _listed(value: Any) -> list[str]:
    """Return a name, or a list of names, as a list without repetitions."""
    return [value] if isinstance(value, str) else list(dict.fromkeys(value))


def _enter(comparison: Comparison, names: set[str], splits: dict[str, FieldSet], *how: Any) -> None:
    """Fit and evaluate baselines; of a map, persistence and climatology are one."""
    for name in (name for name in BASELINES if name in names):
        try:
            made = fit_baseline(name, splits["train"], splits["val"], *how)
        except InputError as error:
            comparison.fail(name, str(error))
            continue
        if made.name not in comparison.entries:
            comparison.enter(made.name, made)
