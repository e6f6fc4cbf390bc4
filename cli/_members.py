"""Members of an ensemble of one surrogate: drawn noise, drawn last layers, or perturbed inputs."""

from __future__ import annotations

from omegaconf import DictConfig

from neurop.errors import InputError
from neurop.evaluation import Perturbation
from neurop.evaluation.batches import check_compatible
from neurop.evaluation.laplace import laplace
from neurop.evaluation.leads import with_lead
from neurop.surrogate import Surrogate

from ._evaluation import Task, as_int
from ._trained_on import trained_on

SOURCES = ("noise", "last_layer", "input")


def check_members(cfg: DictConfig) -> None:
    """Raise InputError unless the settings of members belong together."""
    if cfg.members is not None:
        as_int("members", cfg.members, 2)
    if cfg.members_from is None:
        return
    if cfg.members_from not in SOURCES:
        choices = ", ".join(SOURCES)
        raise InputError.of("members_from", cfg.members_from, f"choose from {choices}")
    if cfg.members is None:
        remedy = "is the source of members; give their number by members="
        raise InputError.of("members_from", cfg.members_from, remedy)


def draw(
    cfg: DictConfig, task: Task, surrogates: list[Surrogate]
) -> tuple[list[Surrogate], str | None, Perturbation | None]:
    """Return the surrogates of the members, their source, and the perturbation of their inputs.

    Without a given source, members of surrogates with noise differ in it, others in their inputs.

    Raises
    ------
    InputError
        If the surrogates have no such members.
    """
    if cfg.members is None:
        return surrogates, None, None
    noisy = all(one.noise for one in surrogates)
    source = cfg.members_from or ("noise" if noisy else "input")
    numbers = range(cfg.members)
    if source == "noise":
        if not noisy:
            remedy = "the surrogate takes no noise; train with objective=crps, or choose another"
            raise InputError.of("members_from", source, remedy)
        return [one.member((0, i)) for one in surrogates for i in numbers], source, None
    train = trained_on(cfg, task)
    if source == "last_layer":
        posteriors = [laplace(one, train, batch_size=cfg.batch_size) for one in surrogates]
        return [one.member(i) for one in posteriors for i in numbers], source, None
    states = check_compatible(task.surrogate, with_lead(task.surrogate, train))
    return surrogates, source, Perturbation(states, float(cfg.perturbation), cfg.members)
