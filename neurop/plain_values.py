"""Values of a file held to the annotations of the constructor that they are for."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from neurop.errors import InputError


def check_values(kind: type, values: Any, where: str) -> None:
    """Raise InputError, with the key of the wrong value, unless plain values have the types of the
    arguments.

    Names that the constructor does not have are its own business, and so are annotations that are
    no plain types.

    Parameters
    ----------
    kind
        A class with an annotated constructor.
    values
        What a file says, by name of the argument.
    where
        Key of the mapping in the file.

    Examples
    --------
    >>> from neurop.geometry.axis import Axis
    >>> check_values(Axis, {"name": "x", "length": "long"}, "axes")
    Traceback (most recent call last):
    ...
    neurop.errors.InputError: axes.length='long': need float
    """
    if not isinstance(values, Mapping):
        raise InputError.of(where, repr(values)[:80], "need a mapping from names to values")
    try:
        hints = get_type_hints(kind.__init__)  # type: ignore[misc]
    except (NameError, TypeError):  # annotations that are imported for type checkers alone
        return
    for name, value in values.items():
        if name in hints and not has_type(value, hints[name]):
            raise InputError(
                f"{where}.{name}={value!r:.80}: need {_shown(hints[name])}",
                f"{where}.{name}",
                value,
            )


def has_type(value: Any, hint: Any) -> bool:
    """Return whether a plain value is of an annotated type; numbers are finite, a list may stand
    for a tuple.

    Examples
    --------
    >>> import math
    >>> has_type([2, 3], tuple[int, ...]), has_type(True, int), has_type(math.inf, float)
    (True, False, False)
    """
    origin, parts = get_origin(hint) or hint, get_args(hint)
    if origin in (Union, types.UnionType):
        return any(has_type(value, part) for part in parts)
    if origin is Literal:
        return any(value == part and type(value) is type(part) for part in parts)
    if hint in (None, type(None)):
        return value is None
    if hint is int:
        return type(value) is int
    if hint is float:
        return type(value) in (int, float) and abs(value) <= 1e300  # false of nan, too
    if hint in (str, bool):
        return type(value) is hint
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return isinstance(value, Mapping)
    if inspect.isclass(origin) and issubclass(origin, Sequence):
        return isinstance(value, list | tuple) and all(
            has_type(v, parts[0]) for v in value if parts
        )
    return True


def _shown(hint: Any) -> str:
    return hint.__name__ if inspect.isclass(hint) and not get_args(hint) else str(hint)
