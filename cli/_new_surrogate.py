"""The surrogate of ``neurop train``, made from the settings and the data."""

from __future__ import annotations

from omegaconf import DictConfig

from neurop import models
from neurop.fields.fieldset import FieldSet
from neurop.fields.noise_input import NoiseInput
from neurop.objectives.objective import Objective
from neurop.problems import Problem
from neurop.source import Source
from neurop.surrogate import Surrogate
from neurop.training.preflight import fewer_modes
from neurop.training.warm_start import load_weights

from ._hydra import group_file, overrides
from ._resume import before
from ._runs import find
from ._settings.build import build
from ._settings.data import chosen_problem
from ._settings.model_spec import model_spec
from ._settings.recommended import fill_in, present, recommended
from ._settings.sized import fitting, free, resized


def new_surrogate(
    cfg: DictConfig, source: Source, train: FieldSet, objective: Objective, lines: list[str]
) -> Surrogate:
    """Return an untrained surrogate, of a size that fits the data, or that of a resumed run.

    Arguments as of :data:`neurop.cli._training.Make`.
    """
    problem = chosen_problem(cfg, source, train)
    spec = model_spec(cfg.model)
    anywhere = models.resolution_invariant(spec)
    lines += fill_in(cfg, source, train, spec.name, anywhere, overrides())
    if line := recommended(cfg, group_file("recommended"), overrides()):
        lines.insert(0, line)
    return _sized(cfg, train, problem, objective.noise(train), lines)


def _sized(
    cfg: DictConfig,
    train: FieldSet,
    problem: Problem,
    noise: NoiseInput | None,
    lines: list[str],
) -> Surrogate:
    """Return the surrogate, of a size that fits the data; add a line about it."""
    spec = model_spec(cfg.model)
    normalizer = build(cfg.normalizer)
    constraints = [build(node) for _, node in present(cfg.get("constraint"))]

    surrogate = Surrogate.of(train, spec, problem, constraints, normalizer, noise)
    given = overrides()
    names = free(cfg, given) if _own_size() else set()
    if cfg.init and not cfg.resume:
        earlier = Surrogate.load(find(str(cfg.init), setting="init").model).card.model
        own = earlier.arguments if earlier.name == spec.name else {}
        arguments = spec.arguments
        found = {key: own[key] for key in names if own.get(key, arguments[key]) != arguments[key]}
    elif cfg.resume:
        kept = before(cfg).get("model", {})
        found = {key: kept[key] for key in names if isinstance(kept.get(key), int | list)}
        found = {key: value for key, value in found.items() if value != spec.arguments[key]}
    else:
        found = fitting(surrogate, train, names)
    points = " x ".join(map(str, train.shape))
    if found:
        surrogate = resized(surrogate, found)
        words = " ".join(f"model.{key}={value}" for key, value in found.items())
        lines.append(f"{words}: for {len(train)} samples of {points} points")
    # Modes that the grid does not resolve are left out, unless the user chose the number.
    asked = any(word.startswith("model.modes=") for word in given)
    if not asked and "modes" in spec.arguments and (most := fewer_modes(surrogate)):
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
