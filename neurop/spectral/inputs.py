"""Checks of sizes and input shapes that layers and models share."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.axis import Axis


def at_least_one(**sizes: float) -> None:
    """Raise InputError naming the first size below 1.

    Examples
    --------
    >>> at_least_one(width=8, depth=0)
    Traceback (most recent call last):
    neurop.errors.InputError: depth=0: at least 1 is needed
    """
    for name, value in sizes.items():
        if value < 1:
            raise InputError.of(name, value, "at least 1 is needed")


def one_per_axis(axes: Sequence[Axis], modes: Sequence[int]) -> None:
    """Raise InputError unless there is one number of modes per axis."""
    if len(modes) != len(axes):
        remedy = f"the grid has {len(axes)} axes; give one number per axis"
        raise InputError.of("modes", tuple(modes), remedy)


def check_waves(axes: Sequence[Axis], what: str) -> None:
    """Raise InputError if an axis has Chebyshev points, for what needs uniform ones.

    Parameters
    ----------
    axes
        Axes of a grid.
    what
        What needs waves or uniform points, for the message.

    Examples
    --------
    >>> check_waves([Axis("t", "open", layout="chebyshev")], "a stencil")
    Traceback (most recent call last):
    neurop.errors.InputError: layout=chebyshev: axis t: a stencil needs uniform points; use fno
    """
    for axis in axes:
        if axis.layout == "chebyshev":
            remedy = f"axis {axis.name}: {what} needs uniform points; use fno"
            raise InputError.of("layout", axis.layout, remedy)


def check_input(x: Tensor, channels: int, axes: int | Sequence[str]) -> None:
    """Raise InputError unless `x` has the shape ``(batch, channels, *grid)``.

    Parameters
    ----------
    x
        Input of a layer or a model.
    channels
        Required number of channels.
    axes
        Names of the grid axes, or their number.

    Examples
    --------
    >>> import torch
    >>> check_input(torch.zeros(1, 2, 8), 3, ("x",))
    Traceback (most recent call last):
    neurop.errors.InputError: input has shape (1, 2, 8); need (batch, 3, x)
    """
    count = axes if isinstance(axes, int) else len(axes)
    if x.dim() != 2 + count or x.shape[1] != channels:
        grid = f"and {axes} grid axes" if isinstance(axes, int) else ", ".join(axes)
        raise InputError(
            f"input has shape {tuple(x.shape)}; need (batch, {channels}, {grid})",
            "x",
            tuple(x.shape),
        )
