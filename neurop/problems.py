"""What is asked of a surrogate: which functions of a sample go in, and which are predicted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

from neurop.errors import InputError
from neurop.fields.fieldset import Field, FieldSet
from neurop.fields.windows import Windows
from neurop.registry import Registry


class Problem(ABC):
    """The question that a surrogate answers; its subclasses are frozen dataclasses.

    Attributes
    ----------
    history
        Frames that go in.
    unroll
        Frames that a training example predicts, each from the predictions before it.
    increments
        Whether the network predicts the change of the last frame.
    """

    history: int
    unroll: int
    increments: bool

    @abstractmethod
    def check(self, data: FieldSet) -> None:
        """Raise InputError unless the data can pose this question."""

    def inputs(self, data: FieldSet) -> tuple[Field, ...]:
        """Return the fields that go in, one per channel of a frame."""
        return data.fields

    @abstractmethod
    def outputs(self, data: FieldSet) -> tuple[Field, ...]:
        """Return the fields that are predicted."""

    def examples(self, data: FieldSet, extra: int = 0) -> Windows:
        """Return the training examples of a set, with `extra` target frames after those of the
        problem.

        Raises
        ------
        InputError
            If a trajectory is shorter than one example.
        """
        self.check(data)
        return Windows(data, self.history, self.unroll + extra)


@dataclass(frozen=True)
class Map(Problem):
    """Input fields to target fields of the same sample, such as permeability to pressure."""

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
    """A state in time to its next state; the output is the next input.

    Parameters
    ----------
    history
        Frames that go in.
    unroll
        Steps of the surrogate per training example, each on its own predictions (autoregressive
        training).
    increments
        Predict the change of the last frame, rather than the next frame itself.

    Raises
    ------
    InputError
        If a number of frames is below 1.
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

    def outputs(self, data: FieldSet) -> tuple[Field, ...]:
        """Return the fields of the state."""
        return data.fields


REGISTRY = Registry(
    "problem",
    {"evolution": "neurop.problems:Evolution", "map": "neurop.problems:Map"},
    "neurop.problems",
)
"""Registered name to class: a saved surrogate names its problem by this."""


def problem_of(data: FieldSet) -> Problem:
    """Return the question that a set poses by itself: a map where it has targets, else an
    evolution.
    """
    return Evolution() if data.targets is None else Map()


def automatic(
    data: FieldSet,
    default: Problem | None = None,
    history: int | None = None,
    unroll: int | None = None,
    increments: bool | None = None,
) -> Problem:
    """Return the question that a set poses, with some of its values replaced.

    Parameters
    ----------
    data
        The training set.
    default
        What the data set proposes; what the data pose by themselves if it proposes nothing.
    history, unroll, increments
        Values of an evolution that replace those of the default; None keeps them.

    Raises
    ------
    InputError
        If a value is given for a map.
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
