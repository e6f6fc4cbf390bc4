"""Size of the network and length of the training, from the data, where nobody chose them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from inspect import signature
from typing import Any

from omegaconf import DictConfig

from neurop.fields.fieldset import FieldSet
from neurop.registry import Spec
from neurop.surrogate import Surrogate

from .build import locate

STEPS, EPOCHS = 1000, 10
"""Optimizer steps, and epochs, of a training whose length is left to the data, at least."""
FEW = 500
"""Steps below which a training is said to be short."""
MODES = {1: 16, 2: 16}
"""Modes per axis, by the number of axes, as the weights grow with their product; 8 for others."""
WIDTHS = (24, 16, 12, 8)
"""Widths in place of a larger one, while the parameters are more than RATIO per value."""
RATIO, MANY = 4, 10
"""Parameters per value of the training data that are allowed, and that are said to be many."""


def epochs(cfg: DictConfig, examples: int) -> str | None:
    """Set ``trainer.max_epochs`` if no setting gives the length; return a line about it.

    It is 10, or as many as 1000 steps take.
    """
    trainer = cfg.trainer
    if trainer.max_epochs is not None or trainer.max_steps != -1 or cfg.budget is not None:
        return None
    devices, nodes = trainer.get("devices"), trainer.get("num_nodes")
    share = (devices if isinstance(devices, int) and devices > 0 else 1) * (nodes or 1)
    batches = max(1, examples // (cfg.loader.batch_size * share))
    limit = trainer.get("limit_train_batches")
    if limit is not None:
        batches = max(1, min(batches, limit if isinstance(limit, int) else int(limit * batches)))
    each = math.ceil(batches / (trainer.accumulate_grad_batches or 1))
    trainer.max_epochs = max(EPOCHS, math.ceil(STEPS / each))
    return f"trainer.max_epochs={trainer.max_epochs}: {trainer.max_epochs * each} steps"


def free(cfg: DictConfig, given: Iterable[str]) -> set[str]:
    """Return which of modes and width have the value of the model itself, not one of the user."""
    takes = signature(locate(str(cfg.model._target_), "model")).parameters
    named = {word.split("=", 1)[0].lstrip("+~") for word in given}
    return {
        key
        for key in ("modes", "width")
        if key in takes and f"model.{key}" not in named and cfg.model.get(key) == takes[key].default
    }


def fitting(surrogate: Surrogate, train: FieldSet, names: set[str]) -> dict[str, int]:
    """Return modes and width for three-dimensional or few data, in place of larger ones.

    Parameters
    ----------
    surrogate
        Surrogate of the given size.
    train
        Training set.
    names
        Which of ``modes`` and ``width`` may be changed.
    """
    arguments, made = surrogate.card.model.arguments, dict[str, int]()
    most = MODES.get(len(train.shape), 8)
    if "modes" in names and isinstance(arguments["modes"], int) and arguments["modes"] > most:
        made["modes"] = most
    if "width" not in names:
        return made
    allowed, width = RATIO * values_of(train), arguments["width"]
    for narrow in (width, *(w for w in WIDTHS if w < width)):
        if narrow != width:
            made["width"] = narrow
        if resized(surrogate, made).parameters_count() <= allowed:
            break
    return made


def resized(surrogate: Surrogate, arguments: dict[str, Any]) -> Surrogate:
    """Return an untrained surrogate with other arguments of the network."""
    card = surrogate.card
    model = Spec(card.model.name, card.model.arguments | arguments)
    norms = (surrogate.input_norm, surrogate.output_norm, surrogate.given_norm)
    return Surrogate(replace(card, model=model), *norms, noise=surrogate.noise)


def values_of(train: FieldSet) -> int:
    """Return the number of values that a network learns from: those of the predicted fields."""
    values = train.targets if train.has_targets else train.values
    assert values is not None
    return math.prod(values.shape)


def cautions(steps: float, parameters: int, values: float) -> list[str]:
    """Return a line each for a short training and a large network.

    Examples
    --------
    >>> cautions(20, 52_000_000, 442_368)[0]
    '20 optimizer steps are few; give more by trainer.max_epochs, or a time by budget=10min'
    >>> cautions(1000, 50_000, 442_368)
    []
    """
    lines = []
    if steps < FEW:
        lines.append(
            f"{steps:.0f} optimizer steps are few; give more by trainer.max_epochs, or a time by "
            "budget=10min"
        )
    if parameters > MANY * values:
        lines.append(
            f"{parameters:,} parameters for {values:,} training values; lower model.width or "
            "model.modes, or give more data"
        )
    return lines
