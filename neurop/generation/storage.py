"""Settings that are given as one group: a small dataclass in Python, a mapping in YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar, get_args

from neurop.errors import InputError, nearest

Mode = Literal["stored", "online"]
"""Whether training reads its samples from a file, or has them made while it runs."""

Group = TypeVar("Group")


def grouped(kind: type[Group], given: Group | Mapping[str, Any] | None, name: str) -> Group:
    """Return a group of settings from itself, from a mapping of some of its keys, or from None for
    the defaults.

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
        If `given` is no mapping, or has a key that the group does not have.

    Examples
    --------
    >>> grouped(Storage, {"seed": 1}, "storage")
    Storage(seed=1, folder=None, mode='stored', held_out=20)
    """
    if given is None:
        return kind()
    if isinstance(given, kind):
        return given
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    if not isinstance(given, Mapping):
        raise InputError(f"{name}={given}: give a mapping of {', '.join(known)}")
    for key in given:
        if key not in known:
            raise InputError(f"{name} has no '{key}'; {nearest(str(key), known)}")
    return kind(**given)


@dataclass(frozen=True)
class Storage:
    """Where the samples of a generated set are, and how they are shared out.

    Parameters
    ----------
    seed
        Seed of the whole set, from 0; sample i depends on the parameters, the seed and i alone.
    folder
        Folder of the files; default ``$NEUROP_DATA``, else ``./data``.
    mode
        ``stored``: all samples are in the file. ``online``: the file has the held-out samples and
        as many training samples to begin with (`held_out`, at most `samples` in all); training
        solves for more of them while it runs, of the numbers after those, and `samples` says how
        long an epoch is.
    held_out
        Samples of the test set, which are the first, and again of the validation set, which are the
        next.

    Raises
    ------
    InputError
        For a value out of its bounds.
    """

    seed: int = 0
    folder: str | None = None
    mode: Mode = "stored"
    held_out: int = 20

    def __post_init__(self) -> None:
        for what, value, least in (("held_out", self.held_out, 1), ("seed", self.seed, 0)):
            if value < least:
                raise InputError(f"{what}={value} is too small; use {least} or more")
        if self.mode not in get_args(Mode):
            raise InputError(f"mode={self.mode}; choose {' or '.join(get_args(Mode))}")
