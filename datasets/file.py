r"""Your own arrays: a file, the names of its arrays, and the names of their axes.

**Equation.** yours.

**Fields.** `input`, and `target` for a map from fields to fields; without a target the input is the state of an evolution in time.

**Grid.** every axis of `axes` but ``sample``, ``time`` and ``channel``; regular points.

**Boundary.** per axis ``periodic``, ``dirichlet``, ``neumann`` or ``open``.

**Time step.** `step`, in seconds if the unit matters to you.

**Parameters.** none.

**Size.** what fits into memory.

**Cost.** none, nothing is generated.

**What is hard.** the file must tell or you must know: `neurop inspect FILE` prints what it could tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from neurop.data.adapters import arrays
from neurop.data.fieldset import Field, FieldSet
from neurop.errors import InputError
from neurop.physics.grid import Axis, Grid


class File:
    """The data set of one file.

    Parameters
    ----------
    path
        HDF5, NetCDF, ``.npz`` or ``.npy``.
    input
        Name of the array that goes in, or of several of the same shape.
    target
        Name of the array to predict from it, or several; null for an evolution in time.
    axes
        Name of each axis of the arrays, in the file's order. ``sample``, ``time`` and ``channel`` have a meaning, the
        others are the grid's.
    boundary, length, layout
        Of the grid's axes (:class:`neurop.physics.grid.Axis`): one value for all, or one per axis by name.
    step
        Time between frames.
    history
        Frames that a surrogate sees.
    held_out
        Share of the samples for validation, and again for the test: the last ones, or of a single trajectory its last frames.

    Raises
    ------
    InputError
        If the axes have no grid, or a share leaves nothing.
    """

    def __init__(
        self,
        path: str,
        input: str | Sequence[str],
        target: str | Sequence[str] | None = None,
        axes: Sequence[str] = ("sample", "time", "x", "y"),
        boundary: str | Mapping[str, str] = "periodic",
        length: float | Mapping[str, float] = 1.0,
        layout: str | Mapping[str, str] = "left",
        step: float = 1.0,
        history: int = 1,
        held_out: float = 0.1,
    ) -> None:
        self.path, self.axes, self.step, self.history, self.held_out = path, tuple(axes), step, history, held_out
        self.input, self.target = _names(input), _names(target)
        self.name = "file"
        grid = [a for a in axes if a not in arrays.LEADING]
        if not grid or len(set(axes)) < len(axes):
            raise InputError(f"data.axes=[{', '.join(axes)}]; name each axis once, the grid's beside sample, time and channel")
        if bool(self.target) == ("time" in axes):
            raise InputError(f"data.axes=[{', '.join(axes)}]: an evolution needs an axis time, a map (data.target) has none")
        if not 0 < held_out < 0.5:
            raise InputError(f"data.held_out={held_out}; give a share above 0 and below 0.5")
        options = {"boundary": boundary, "length": length, "layout": layout}
        for key, given in options.items():
            if isinstance(given, Mapping) and (missing := [a for a in grid if a not in given]):
                raise InputError(f"data.{key} names no {missing[0]}; give one value for all axes, or one for each of {', '.join(grid)}")
        chosen: list[dict[str, Any]] = [{k: v[a] if isinstance(v, Mapping) else v for k, v in options.items()} for a in grid]
        self.grid = Grid(tuple(Axis(a, **kw) for a, kw in zip(grid, chosen, strict=True)))

    def splits(self) -> dict[str, FieldSet]:
        """Return ``train``, ``val`` and ``test``, in this order in the file."""
        whole = self._all
        count = len(whole) if len(whole) > 2 or whole.is_map else whole.values.shape[1]
        held = max(round(self.held_out * count), 1)
        if count <= 2 * held:
            raise InputError(f"{self.path}: {count} samples leave none to train on, with {held} each for validation and test")
        parts = {"train": slice(0, count - 2 * held), "val": slice(count - 2 * held, count - held), "test": slice(count - held, None)}
        by = whole.samples if count == len(whole) else whole.frames
        return {name: by(part) for name, part in parts.items()}

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        """Return the test set; there is one resolution, the file's."""
        if tuple(shape) != self._all.shape:
            there, asked = (" x ".join(map(str, s)) for s in (self._all.shape, shape))
            raise InputError(f"{self.path} has one resolution, {there}, not {asked}")
        return self.splits()["test"]

    @cached_property
    def _all(self) -> FieldSet:
        found = arrays.read(self.path, [*self.input, *self.target])
        values, fields = self._joined(found, self.input)
        targets, target_fields = self._joined(found, self.target) if self.target else (None, ())
        if targets is not None and (targets.shape[0], targets.shape[3:]) != (values.shape[0], values.shape[3:]):
            raise InputError(f"{self.path}: input and target differ in samples or grid, {values.shape} and {targets.shape}")
        times = None if self.target else self.step * np.arange(values.shape[1])
        return FieldSet(values, fields, self.grid, targets, target_fields, times, source=self.path).check_finite()

    def _joined(self, found: Mapping[str, Any], names: Sequence[str]) -> tuple[Any, tuple[Field, ...]]:
        """Return the named arrays as the channels of one."""
        parts = {name: arrays.ordered(found[name], self.axes, name) for name in names}
        if len({part.shape[:2] + part.shape[3:] for part in parts.values()}) > 1:
            shapes = ", ".join(f"{name} {part.shape}" for name, part in parts.items())
            raise InputError(f"{self.path}: {shapes} differ in shape; they cannot be channels of one input")
        fields = [Field(name if p.shape[2] == 1 else f"{name}{i}") for name, p in parts.items() for i in range(p.shape[2])]
        return np.concatenate(list(parts.values()), axis=2), tuple(fields)


def _names(given: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if given is None else (given,) if isinstance(given, str) else tuple(given)
