"""The loop over stages, which regression and equations share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.refinement.multistage.estimators import kappa
from neurop.refinement.multistage.levenberg_marquardt import LevenbergMarquardt
from neurop.refinement.multistage.network import MultistageNetwork, made
from neurop.refinement.multistage.rows import Block, Rows

EARLY, LATE = 20, 150
"""Gauss-Newton steps of the first two of several stages, and of the others, at most."""
Minimizer = Callable[[Rows, Tensor], Tensor]
"""Returns parameters of small rows, from rows and the parameters to start from."""


@dataclass(frozen=True)
class Stages:
    """The networks of the stages.

    Parameters
    ----------
    widths
        Units of a hidden layer, one per stage; their number is the largest number of stages.
    depth
        Hidden layers.
    seed
        Of the initial weights; each stage takes the next.

    Raises
    ------
    InputError
        If there is no stage.
    """

    widths: Sequence[int] = (20, 20, 30, 30)
    depth: int = 3
    seed: int = 0

    def __post_init__(self) -> None:
        if not len(self.widths):
            raise InputError.of("widths", tuple(self.widths), "need one number per stage")


@dataclass(frozen=True)
class Target:
    """What the next stage is to learn.

    Parameters
    ----------
    scale
        Amplitude of the stage.
    residual
        Root mean square of the residual.
    frequencies
        Of the residual on every axis, in cycles per length of the axis.
    finished
        Whether the residual is rounding.
    blocks
        Rows of the stage, of size 1.
    """

    scale: float
    residual: float
    frequencies: Sequence[float]
    finished: bool
    blocks: Sequence[Block]


class Problem(Protocol):
    """What gives each stage its target."""

    domain: Sequence[Sequence[float]]

    def target(self, network: MultistageNetwork) -> Target:
        """Return the target of the stage that follows those of a network."""


def grow(
    problem: Problem,
    stages: Stages | None = None,
    minimizer: Minimizer | Sequence[Minimizer] | None = None,
) -> MultistageNetwork:
    """Return a network with stages, each fitted to the residual of the sum of those before it.

    It has fewer stages than widths are given if the residual is rounding before.

    Parameters
    ----------
    problem
        Gives the targets.
    stages
        Networks of the stages.
    minimizer
        Finds the parameters of a stage; or several, one for each stage, of which the last is used
        again. By default :class:`LevenbergMarquardt`, with :data:`EARLY` iterations in the first
        two of several stages and :data:`LATE` in the others: more of them in the first lower the
        residual further, but leave it faster waves, of which the next stage learns less.
    """
    stages = stages or Stages()
    each = _each(minimizer, len(stages.widths))
    network, axes = MultistageNetwork(problem.domain), len(problem.domain)
    for number, width in enumerate(stages.widths):
        target = problem.target(network)
        if number and target.finished:
            break
        factors = [kappa(f, axes, width) if number else 1.0 for f in target.frequencies]
        record = {
            "scale": target.scale or 1.0,
            "width": width,
            "depth": stages.depth,
            "kappa": factors,
            "activation": "sin" if number else "tanh",
            "residual": target.residual,
            "frequency": list(target.frequencies),
        }
        stage = made(problem.domain, record, stages.seed + number)
        rows = Rows(stage, target.blocks)
        with torch.enable_grad():
            rows.finish(each[number](rows, rows.start()))
        network.append(stage, record)
    return network


def _each(minimizer: Minimizer | Sequence[Minimizer] | None, count: int) -> list[Minimizer]:
    """Return the minimizer of every stage."""
    if minimizer is None:
        early = min(2, count - 1)
        chosen: list[Minimizer] = [LevenbergMarquardt(iterations=EARLY)] * early
        return chosen + [LevenbergMarquardt(iterations=LATE)] * (count - early)
    given = [minimizer] if callable(minimizer) else list(minimizer)
    if not given:
        raise InputError.of("minimizer", minimizer, "give one, or one per stage")
    return (given + given[-1:] * count)[:count]
