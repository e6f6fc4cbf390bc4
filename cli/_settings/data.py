"""Create the data set that a configuration names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from neurop.source import Source, check_source

from .build import build

if TYPE_CHECKING:
    from neurop.fields.fieldset import FieldSet
    from neurop.problems import Problem


def data_set(node: Any) -> Source:
    """Return the data set of a node of the configuration.

    Raises
    ------
    InputError
        As :func:`build`, and if the object is not a :class:`neurop.source.Source`.
    """
    return check_source(build(node))


def chosen_problem(cfg: DictConfig, source: Source, train: FieldSet) -> Problem:
    """Return the problem that the configuration names, of a data set by default."""
    from neurop.problems import Problem  # imports torch

    made = build(cfg.problem)
    found: Problem = made if isinstance(made, Problem) else made(train, source.problem)
    return found
