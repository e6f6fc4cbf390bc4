"""Problems: which functions of a sample are the input, and which are predicted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from neurop.errors import InputError
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.lead_times import SeveralLeads, lead_time
from neurop.fields.windows import Windows
from neurop.registry import Registry


class Problem(ABC):
    """Base class of problems: inputs and outputs of a surrogate. Subclasses are frozen dataclasses.

    Attributes
    ----------
    history
        Number of input frames.
    unroll
        Number of frames that a training example predicts autoregressively.
    increments
        Whether the network predicts the change of the last frame.
    """

    history: int
    unroll: int
    increments: bool

    @abstractmethod
    def check(self, data: FieldSet) -> None:
        """Raise InputError unless the data fit this problem."""

    def inputs(self, data: FieldSet) -> tuple[Field, ...]:
        """Return the input fields, one per channel of a frame."""
        return data.fields

    @abstractmethod
    def outputs(self, data: FieldSet) -> tuple[Field, ...]:
        """Return the fields that are predicted."""

    def conditions(self, data: FieldSet) -> tuple[Condition, ...]:
        """Return what the network takes besides the conditions of the data; nothing by default."""
        return ()

    def typical(self, data: FieldSet) -> FieldSet:
        """Return the frames whose statistics normalise the network; the data by default."""
        return data

    def examples(self, data: FieldSet, extra: int = 0) -> Windows | SeveralLeads:
        """Return the training examples of a set, each with `extra` further target frames.

        Raises
        ------
        InputError
            If a trajectory is shorter than one example.
        """
        self.check(data)
        return Windows(data, self.history, self.unroll + extra)


@dataclass(frozen=True)
class Map(Problem):
    """Map from input fields to target fields of a sample, such as permeability to pressure.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop.geometry.grid import Grid
    >>> a = np.ones((2, 1, 1, 8))
    >>> data = FieldSet(a, (Field("a"),), Grid.periodic(1), a, (Field("u"),))
    >>> Map().outputs(data)[0].name
    'u'
    """

    history = 1
    unroll = 1
    increments = False

    def check(self, data: FieldSet) -> None:
        """Raise InputError unless the data have targets."""
        if data.targets is None:
            raise InputError(
                f"{data.label} hold states in time and no targets; use problem=evolution",
                "problem",
                "map",
            )

    def outputs(self, data: FieldSet) -> tuple[Field, ...]:
        """Return the target fields."""
        return data.target_fields


@dataclass(frozen=True)
class Evolution(Problem):
    r"""Evolution of a state in time: the output is the next state, and the next input.

    .. math:: u_{t+1} = G(u_{t-h+1}, \dots, u_t), \quad\text{or}\quad u_{t+1} = u_t + G(\dots)

    Parameters
    ----------
    history
        Number of input frames h.
    unroll
        Steps of the surrogate per training example, each on its own predictions (autoregressive
        training).
    increments
        Whether the network predicts the change of the last frame, rather than the next frame.

    Raises
    ------
    InputError
        If a number of frames is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop.geometry.grid import Grid
    >>> data = FieldSet(np.zeros((2, 5, 1, 8)), (Field("u"),), Grid.periodic(1))
    >>> len(Evolution(history=2).examples(data))  # three windows of three frames per sample
    6
    """

    history: int = 1
    unroll: int = 1
    increments: bool = True

    def __post_init__(self) -> None:
        for name in ("history", "unroll"):
            if getattr(self, name) < 1:
                raise InputError.of(name, getattr(self, name), "give at least 1")

    def check(self, data: FieldSet) -> None:
        """Raise InputError if the data are pairs of inputs and targets."""
        if data.targets is not None:
            raise InputError(
                f"{data.label} hold inputs and targets and no states in time; use problem=map",
                "problem",
                "evolution",
            )
        if data.values.shape[1] < 2:
            raise InputError(
                f"{data.label}: 1 frame per sample; an evolution needs 2 or more, or give targets "
                "for a map",
                "frames",
                data.values.shape[1],
            )

    def outputs(self, data: FieldSet) -> tuple[Field, ...]:
        """Return the fields of the state."""
        return data.fields


@dataclass(frozen=True)
class LeadTimes(Evolution):
    r"""Evolution with several time steps: one network predicts over each of some lead times.

    .. math:: u_{t+l} = G(u_{t-(h-1)l}, \dots, u_t, l)

    The lead time l is a parameter of the network, ``lead_time``, in the unit of time of the data.
    An evaluation takes the shortest one unless another is given.

    Parameters
    ----------
    history, unroll, increments
        As of :class:`Evolution`, with frames one lead time apart. Increments are normalised by
        those over the longest lead time.
    leads
        Lead times in frames, ascending.

    Raises
    ------
    InputError
        If a number of frames is below 1, or the lead times are fewer than two or do not ascend.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop.geometry.grid import Grid
    >>> data = FieldSet(np.zeros((2, 5, 1, 8)), (Field("u"),), Grid.periodic(1))
    >>> len(LeadTimes(leads=(1, 3)).examples(data))  # four windows of lead 1, two of lead 3, twice
    12
    """

    leads: tuple[int, ...] = (1, 2, 4)

    def __post_init__(self) -> None:
        super().__post_init__()
        leads = tuple(self.leads)
        object.__setattr__(self, "leads", leads)
        if len(leads) < 2 or leads[0] < 1 or list(leads) != sorted(set(leads)):
            raise InputError.of("leads", leads, "give two or more numbers from 1 on, ascending")

    def conditions(self, data: FieldSet) -> tuple[Condition, ...]:
        """Return the lead times."""
        return (lead_time(data, self.leads),)

    def typical(self, data: FieldSet) -> FieldSet:
        """Return the frames that are the longest lead time apart."""
        return data.frames(slice(None, None, self.leads[-1]))

    def examples(self, data: FieldSet, extra: int = 0) -> SeveralLeads:
        """Return the training examples of all lead times."""
        self.check(data)
        return SeveralLeads(data, self.leads, self.history, self.unroll + extra)


REGISTRY = Registry(
    "problem",
    {
        "evolution": "neurop.problems:Evolution",
        "lead_times": "neurop.problems:LeadTimes",
        "map": "neurop.problems:Map",
    },
    "neurop.problems",
)
"""Registered name to class, as used in saved surrogates."""


def problem_of(data: FieldSet) -> Problem:
    """Return the default problem of a set: a map if it has targets, else an evolution."""
    return Evolution() if data.targets is None else Map()


def automatic(
    data: FieldSet,
    default: Problem | None = None,
    history: int | None = None,
    unroll: int | None = None,
    increments: bool | None = None,
) -> Problem:
    """Return the default problem of a data set, with some of its values replaced.

    Parameters
    ----------
    data
        Training set.
    default
        Problem that the data set proposes; :func:`problem_of` by default.
    history, unroll, increments
        Values of an evolution that replace those of the default; None keeps them.

    Raises
    ------
    InputError
        If another value is given for a map.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop.geometry.grid import Grid
    >>> data = FieldSet(np.zeros((2, 5, 1, 8)), (Field("u"),), Grid.periodic(1))
    >>> automatic(data, unroll=3)
    Evolution(history=1, unroll=3, increments=True)
    """
    problem = default or problem_of(data)
    given = {"history": history, "unroll": unroll, "increments": increments}
    given = {name: value for name, value in given.items() if value is not None}
    if isinstance(problem, Map):
        for name, value in given.items():
            if value != getattr(problem, name):
                raise InputError.of(name, value, "is for an evolution; leave it out for a map")
        return problem
    return replace(problem, **given)  # type: ignore[type-var]
