"""Groups of settings: a small dataclass in Python, a mapping in YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar, get_args

from neurop.errors import InputError, nearest

Mode = Literal["stored", "online"]
"""Source of the training samples: a file, or solvers that run during the training."""

Group = TypeVar("Group")


def grouped(kind: type[Group], given: Group | Mapping[str, Any] | None, name: str) -> Group:
    """Return a group of settings from itself, a mapping of some of its keys, or None for defaults.

    Parameters
    ----------
    kind
        Dataclass of the group.
    given
        Value of the argument.
    name
        Name of the argument, for messages.

    Raises
    ------
    InputError
        If `given` is not a mapping, or has a key that the group lacks.

    Examples
    --------
    >>> grouped(Storage, {"seed": 1}, "storage")
    Storage(seed=1, folder=None, mode='stored', held_out=20, resolutions=None)
    """
    if given is None:
        return kind()
    if isinstance(given, kind):
        return given
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    if not isinstance(given, Mapping):
        raise InputError.of(name, given, f"give a mapping of {', '.join(known)}")
    for key in given:
        if key not in known:
            raise InputError(
                f"{name} has no '{key}'; {nearest(str(key), known)}", str(key), given[key]
            )
    return kind(**given)


@dataclass(frozen=True)
class Storage:
    """Storage of the samples of a generated set, and their division into splits.

    Parameters
    ----------
    seed
        Seed of the data set, 0 or more; sample i is determined by the parameters, the seed and i.
    folder
        Folder of the files; by default ``$NEUROP_DATA``, else ``./data``.
    mode
        Storage of the training samples. ``stored``: all samples are in the file. ``online``: the
        file has the held-out samples and `held_out` initial training samples (at most `samples` in
        all); solvers generate further samples during the training, and `samples` is the length of
        an epoch.
    held_out
        Number of samples of the test set, the first ones, and of the validation set, the next ones.
    resolutions
        Number of training samples on other grids, by the points of their first axis, in addition to
        those of the set: ``{128: 10}``. They are the first of the training samples, solved again.

    Raises
    ------
    InputError
        For a value out of its bounds.

    Examples
    --------
    >>> from neurop.datasets import Darcy
    >>> Darcy(samples=100, storage=Storage(seed=1, held_out=10)).held_out
    10
    """

    seed: int = 0
    folder: str | None = None
    mode: Mode = "stored"
    held_out: int = 20
    resolutions: Mapping[int, int] | None = None

    def __post_init__(self) -> None:
        for what, value, least in (("held_out", self.held_out, 1), ("seed", self.seed, 0)):
            if value < least:
                raise InputError.of(what, value, f"use {least} or more")
        if self.mode not in get_args(Mode):
            raise InputError.of("mode", self.mode, f"choose {' or '.join(get_args(Mode))}")
        numbers = [*(self.resolutions or {}).items()]
        if any(not isinstance(n, int) or n < 1 for pair in numbers for n in pair):
            remedy = "give points of the first axis and trajectories, such as {128: 10}"
            raise InputError.of("resolutions", dict(numbers), remedy)
        if numbers and self.mode == "online":
            remedy = "needs stored samples; leave it out, or set mode to stored"
            raise InputError.of("resolutions", dict(numbers), remedy)
