"""Checks of what goes into a surrogate: tensors and normalisers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from neurop import models
from neurop.errors import InputError

if TYPE_CHECKING:
    from neurop.card import Card
    from neurop.fields.normalizer import Normalizer


class ResolutionWarning(UserWarning):
    """A network of local kernels is used on another grid than that of its training."""


def check_input(
    card: Card,
    x: Tensor,
    given: Tensor | None,
    dtype: torch.dtype,
    grid: Sequence[int] | None = None,
) -> None:
    """Raise InputError unless frames and conditions are those that a surrogate takes.

    A model that is not resolution-invariant is warned of (:class:`ResolutionWarning`) on another
    grid than that of the training.

    Parameters
    ----------
    card
        Card of the surrogate.
    x
        Frames, ``(batch, history * channels, *grid)``.
    given
        Conditions of the step, ``(batch, given channels, *grid)``; None for a surrogate without.
    dtype
        Precision of the weights.
    grid
        Points per axis of the result; None for those of `x`.
    """
    axes = ", ".join(card.grid.names)
    channels = card.history * len(card.inputs)
    if x.dim() != 2 + card.grid.dimensions or x.shape[1] != channels:
        raise InputError(
            f"input has shape {tuple(x.shape)}; need (batch, {channels}, {axes}): "
            f"{card.history} frames of {', '.join(f.name for f in card.inputs)}",
            "x",
            tuple(x.shape),
        )
    if x.dtype != dtype:
        remedy = f"the surrogate is of {dtype}; convert one of them: x.to(...) or "
        raise InputError.of("x", x.dtype, remedy + "surrogate.double()")
    names = ", ".join(name for known in card.conditions for name in known.channels)
    if given is None and names:
        raise InputError.of("given", None, f"the surrogate needs {names}; give one channel of each")
    expected = (x.shape[0], card.given_channels, *x.shape[2:])
    if given is not None and tuple(given.shape) != expected:
        need = f"need {expected}, the channels {names}" if names else "the surrogate takes none"
        raise InputError.of("given", tuple(given.shape), need)
    if grid is not None and any(known.role == "mask" for known in card.conditions):
        remedy = "a surrogate with a mask predicts on the grid of its input; give it there"
        raise InputError.of("grid", tuple(grid), remedy)
    points = tuple(x.shape[2:])
    elsewhere = not torch.compiler.is_compiling() and points != card.shape
    if elsewhere and (line := of_one_resolution(card)):
        warnings.warn(f"{line}, not {_sizes(points)}", ResolutionWarning, stacklevel=3)


def of_one_resolution(card: Card) -> str:
    """Return a line about a model that is not resolution-invariant; empty if it is."""
    known = card.model.name in models.REGISTRY.names()
    if not known or models.resolution_invariant(card.model):
        return ""
    name, shape = card.model.name, _sizes(card.shape)
    return f"{name} is not resolution-invariant: it was trained for {shape} points"


def _sizes(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def check_norms(
    card: Card, input_norm: Normalizer, output_norm: Normalizer, given_norm: Normalizer | None
) -> None:
    """Raise InputError unless each normaliser has the channels that the card names."""
    for key, norm, count in (
        ("input_norm", input_norm, len(card.inputs)),
        ("output_norm", output_norm, len(card.outputs)),
        ("given_norm", given_norm, card.given_channels),
    ):
        if (channels := 0 if norm is None else len(norm.std)) != count:
            remedy = f"channels, but {count} fields are named; give one for each"
            raise InputError.of(key, channels, remedy)
