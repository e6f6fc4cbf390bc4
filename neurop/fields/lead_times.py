"""Frames some lead time apart, and training examples of several lead times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from neurop.errors import InputError
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.windows import Windows

NAME = "lead_time"
"""Name of the parameter that gives the lead time to a network."""


def lead_time(data: FieldSet, leads: Sequence[int]) -> Condition:
    """Return lead times in frames as a parameter in the unit of time, one value for each."""
    step, unit = (1, "1") if data.times is None else (data.step, data.time_unit)
    if isinstance(step, np.timedelta64):
        step, unit = step / np.timedelta64(1, "s"), "s"
    values = np.array(leads, np.float64) * float(step)
    field = Field(NAME, unit, "lead time")
    return Condition(field, "parameter", values.reshape(-1, *[1] * (2 + data.grid.dimensions)))


def at_lead(data: FieldSet, lead: int, first: int = 0) -> FieldSet:
    """Return the frames that are `lead` apart, with the lead time as a parameter.

    Parameters
    ----------
    data
        Evolution with values in memory.
    lead
        Lead time in frames, 1 or more.
    first
        First frame.

    Raises
    ------
    InputError
        If the lead time is below 1, leaves fewer than two frames, or the values stay in a file.

    Examples
    --------
    >>> from neurop import Grid, Times
    >>> states, times = np.zeros((1, 9, 1, 8)), Times(np.arange(9.0), "h")
    >>> data = FieldSet(states, (Field("u"),), Grid.periodic(1), times=times)
    >>> at_lead(data, 4).times.values, at_lead(data, 4).conditions[0].values.ravel()
    (array([0., 4., 8.]), array([4.]))
    """
    if not 1 <= lead < data.values.shape[1]:
        remedy = f"{data.label} has {data.values.shape[1]} frames; give 1 or more, and fewer"
        raise InputError.of("lead_time", lead, remedy)
    if data.is_lazy:
        remedy = "lead times need the values in memory: lazy=false"
        raise InputError.of("lazy", True, f"{data.label}: {remedy}")
    part = data.frames(slice(first, None, lead))
    return replace(part, conditions=(*part.conditions, lead_time(data, [lead])))


class SeveralLeads(Dataset[dict[str, Tensor]]):
    """The windows of a set for several lead times, one after the other.

    Parameters
    ----------
    data
        Evolution with values in memory.
    leads
        Lead times in frames.
    history, steps
        Input and target frames of a window (:class:`neurop.fields.windows.Windows`), all one lead
        time apart.

    Raises
    ------
    InputError
        If a lead time leaves no window.
    """

    def __init__(self, data: FieldSet, leads: Sequence[int], history: int, steps: int) -> None:
        self.history, self.steps = history, steps
        self.parts = []
        for lead in leads:
            if (history + steps - 1) * lead >= max(map(data.length, range(len(data)))):
                frames = (history + steps - 1) * lead + 1
                remedy = f"needs {frames} frames; {data.label} has {data.values.shape[1]}"
                raise InputError.of("leads", lead, remedy)
            for first in range(lead):
                part = at_lead(data, lead, first)
                if max(map(part.length, range(len(part)))) >= history + steps:
                    self.parts.append(Windows(part, history, steps))
        self.ends = np.cumsum([len(part) for part in self.parts])

    def __len__(self) -> int:
        """Return the number of windows."""
        return int(self.ends[-1])

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """Return one window."""
        part = int(np.searchsorted(self.ends, index, side="right"))
        return self.parts[part][index - int(self.ends[part]) + len(self.parts[part])]

    def blocks(self) -> tuple[NDArray[np.intp] | None, int]:
        """Return that the values are in memory (:meth:`neurop.fields.windows.Windows.blocks`)."""
        return None, 1
