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
    problem: Problem, stages: Stages | None = None, minimizer: Minimizer | None = None
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
        Finds the parameters of a stage; :class:`LevenbergMarquardt` by default.
    """
    stages, minimizer = stages or Stages(), minimizer or LevenbergMarquardt()
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
            rows.finish(minimizer(rows, rows.start()))
        network.append(stage, record)
    return network
