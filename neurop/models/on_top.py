"""A network on top of a frozen one: what the kinds of stages have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from neurop.models.operator import GridOperator, Operator


class OnTop(GridOperator):
    """A frozen network and a stage on top of it, which is trained.

    A subclass says how the two give the output. Gradients flow through the base to its input.

    Parameters
    ----------
    base
        Network whose weights are not trained, and which stays in evaluation mode.
    stage
        Network whose weights are trained.
    """

    def __init__(self, base: Operator, stage: Operator) -> None:
        super().__init__()
        self.base, self.stage = base, stage
        self.base.requires_grad_(False).eval()
        both = (base, stage)
        self.resolution_invariant = all(part.resolution_invariant for part in both)
        self.one_grid = base.one_grid or stage.one_grid
        known = [part.modes for part in both if part.modes is not None]
        self.modes = tuple(map(max, zip(*known, strict=True))) if known else None

    def train(self, mode: bool = True) -> Self:
        """Set the mode of the stage; the base stays in evaluation mode."""
        super().train(mode)
        self.base.eval()
        return self

    def resolved(self, shape: Sequence[int]) -> tuple[int, ...] | None:
        """Return the modes that a grid resolves, per axis: the fewest where a network lacks some.

        None if neither network has modes.
        """
        if self.modes is None:
            return None
        found = list(self.modes)
        for part in (self.base, self.stage):
            modes, there = part.modes, part.resolved(shape)
            for axis, (m, r) in enumerate(zip(modes or (), there or ())):
                found[axis] = min(found[axis], r) if r < m else found[axis]
        return tuple(found)

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...] | None:
        """Return the number of modes below the Nyquist frequency of a grid, per axis.

        None if neither network has modes.
        """
        both = [part.nyquist(shape) for part in (self.base, self.stage)]
        known = [below for below in both if below is not None]
        return tuple(map(max, zip(*known, strict=True))) if known else None
