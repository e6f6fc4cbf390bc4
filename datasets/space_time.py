r"""Trajectories of another data set as maps over space and time, from the first frames to the rest.

**Equation.** that of `source`.

**Fields.** in: the first frames of `source`, ``<field>_0`` and so on, the same at every time; out:
its fields at all later times.

**Grid.** the axes of `source`, and t with the times of the frames to predict; only flat grids.

**Boundary.** that of `source`; t is open.

**Time step.** that of `source`.

**Parameters.** those of `source`.

**Size.** that of `source`; the input is stored once, not once per time.

**Cost.** that of `source`.

**What is hard.** The prediction is not autoregressive, so errors do not grow from step to step; but
a sample is a complete trajectory, while a surrogate of single steps learns from every frame, and
the lead time is limited to that of the trajectories.

**Source.** Li et al., Fourier neural operator for parametric PDEs, ICLR 2021, arXiv:2010.08895,
section 5.3 (FNO-3D).
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from neurop.datasets.kuramoto_sivashinsky import KuramotoSivashinsky
from neurop.datasets.navier_stokes import NavierStokes
from neurop.datasets.shallow_water import ShallowWater
from neurop.errors import InputError
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.frames_as_channels import TIME, frame_names
from neurop.fields.lazy import Lazy
from neurop.fields.times import Times
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.source import Source, check_source


class SpaceTime(Source):
    r"""Trajectories of a data set as pairs of fields on a grid with time as its last axis.

    .. math:: (u_0, \dots, u_{h-1})(x) \;\mapsto\; u(x, t), \qquad t = t_h, \dots, t_{h+T-1}

    The first `given` frames are the input channels, the same at each time; the `steps` frames after
    them are the target. A surrogate for it is a map, which can also be evaluated at other
    resolutions. The time axis is open, its points have equal weights, and its coordinates are the
    times of the frames.

    Parameters
    ----------
    source
        Data set of the trajectories.
    given
        Number h of input frames.
    steps
        Number T of frames to predict; by default all later frames.

    Raises
    ------
    InputError
        If `source` is a map, on a sphere or an online data set, or its trajectories are too short.

    Examples
    --------
    >>> SpaceTime(NavierStokes(samples=100), given=10).name
    'navier_stokes_space_time'
    """

    def __init__(self, source: Source, given: int = 10, steps: int | None = None) -> None:
        if given < 1:
            raise InputError.of("given", given, "give at least 1 frame")
        if steps is not None and steps < 2:
            raise InputError.of("steps", steps, "a time axis needs 2 frames or more")
        if check_source(source).online:
            remedy = "pairs over space and time need stored trajectories; use stored"
            raise InputError.of("mode", source.mode, remedy)
        self.source, self.given, self.steps = source, given, steps
        self.name = f"{source.name}_space_time"
        self.folder, self.generated = source.folder, source.generated
        self.equation = source.equation

    def splits(self) -> dict[str, FieldSet]:
        """Return the sets ``train``, ``val`` and ``test``."""
        return {
            name: self._turned(fields, self.steps) for name, fields in self.source.splits().items()
        }

    def outline(self) -> dict[str, FieldSet] | None:
        """Return the splits with samples of noise, as far as the source has them."""
        splits = self.source.outline()
        return splits and {name: self._turned(f, self.steps) for name, f in splits.items()}

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        """Return the test set on another grid, refined in time according to its last size.

        Raises
        ------
        InputError
            If the source has no such grid, or cannot provide frames between its own.
        """
        test = self.splits()["test"]
        times, asked = test.shape[-1], shape[-1]
        if len(shape) != len(test.shape) or asked % times:
            raise InputError(
                f"{self.name} has no grid {'x'.join(map(str, shape))}; give sizes whose last is a "
                f"multiple of {times} times",
                "shape",
                tuple(shape),
            )
        factor = asked // times
        if factor == 1:
            return self._turned(self.source.at(tuple(shape[:-1])), times)
        if not isinstance(self.source, NavierStokes | KuramotoSivashinsky | ShallowWater):
            raise InputError(
                f"{self.name} has no grid {'x'.join(map(str, shape))}: {self.source.name} has no "
                f"frames between its {times} times; give {times}",
                "shape",
                tuple(shape),
            )
        closer: Any = copy(self.source)
        # The last times lie after the last frame of the coarse set.
        closer.interval, closer.steps = closer.interval / factor, (closer.steps + 1) * factor - 1
        closer.samples = 2 * closer.held_out + 1
        # The input frames are unchanged: as far apart as before.
        return self._turned(closer.at(tuple(shape[:-1])), asked, factor)

    def _turned(self, fields: FieldSet, steps: int | None, every: int = 1) -> FieldSet:
        """Return the pairs of a set of trajectories, with input frames `every` frames apart."""
        if fields.has_targets:
            raise InputError(
                f"{fields.source} is a map and has no time axis; name a data set of trajectories",
                "source",
                fields.source,
            )
        if isinstance(fields.grid, Sphere):
            raise InputError(
                f"{fields.source} lies on a {fields.grid.geometry}, which takes no third axis; "
                "name data on a flat grid",
                "source",
                fields.source,
            )
        if moving := [c.field.name for c in fields.conditions if c.role == "forcing"]:
            raise InputError(
                f"{fields.source} has the forcing '{moving[0]}', which a map over space and time "
                "does not take; leave it out",
                "source",
                fields.source,
            )
        given = self.given * every
        frames = fields.values.shape[1]
        stop = frames if steps is None else given + steps
        if not given + 2 <= stop <= frames:
            raise InputError(
                f"{fields.source}: {frames} frames are fewer than given={given} + "
                f"steps={steps or 2}; lower one of them",
                "steps",
                steps or 2,
            )
        names = frame_names([f.name for f in fields.fields], self.given)
        inputs = tuple(
            Field(name, f.unit, f"{f.long_name or f.name}, frame {i // len(fields.fields)}")
            for i, (name, f) in enumerate(zip(names, self.given * fields.fields, strict=True))
        )
        return replace(
            fields,
            values=mapped(
                fields.values,
                partial(repeated, every=every, times=stop - given),
                slice(0, given),
                len(inputs),
                stop - given,
            ),
            fields=inputs,
            grid=Grid((*fields.grid.axes, _axis(fields, given, stop))),
            targets=mapped(
                fields.values, _targets, slice(given, stop), len(fields.fields), stop - given
            ),
            target_fields=fields.fields,
            times=None,
            conditions=tuple(over_time(one, stop - given) for one in fields.conditions),
            source=f"{fields.source} over space and time",
        )


def over_time(one: Condition, steps: int) -> Condition:
    """Return a parameter or a static field with a last axis for the time."""
    count = 1 if one.role == "parameter" else steps
    values = np.asarray(one.values)[..., None]
    return replace(one, values=np.broadcast_to(values, (*values.shape[:-1], count)))


def _axis(fields: FieldSet, given: int, stop: int) -> Axis:
    """Return the time axis: in the unit of the times, or dates in hours since the first frame."""
    given_times = fields.times or Times(np.arange(stop, dtype=np.float64))
    times, unit = given_times.values, given_times.unit
    if given_times.dated:
        times, unit = (times - times[0]) / np.timedelta64(1, "h"), "h"
    step = float(times[1] - times[0])
    return Axis(TIME, "open", float(times[given]), step * (stop - given), unit)


def repeated(frames: NDArray[Any], every: int, times: int) -> NDArray[Any]:
    """Return ``(sample, given * channel, *grid, times)``, a view that repeats the input in time."""
    frames = frames[:, ::every]
    channels = frames.reshape(len(frames), -1, *frames.shape[3:])[..., None]
    # Not broadcast_to: its views are read-only, of which PyTorch warns.
    return as_strided(channels, (*channels.shape[:-1], times), (*channels.strides[:-1], 0))


def _targets(frames: NDArray[Any]) -> NDArray[Any]:
    """Return ``(sample, channel, *grid, times)``."""
    return np.moveaxis(frames, 1, -1)


def mapped(
    values: NDArray[Any] | Lazy, turn: Any, which: slice, channels: int, times: int
) -> NDArray[Any] | Lazy:
    """Return the turned frames ``(sample, 1, channel, *grid, times)``, lazy if `values` are."""
    shape = (len(values), 1, channels, *values.shape[3:], times)
    if isinstance(values, Lazy):
        return Lazy(
            partial(_read, values, turn, which),
            shape,
            (1, 1),
            f"{values.key} over space and time {which} {shape}",
        )
    return turn(values[:, which])[:, None]


def _read(values: Lazy, turn: Any, which: slice, samples: slice, _: slice) -> NDArray[Any]:
    return turn(np.asarray(values[samples, which]))[:, None]
