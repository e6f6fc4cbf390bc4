"""Type checks of plain values, from a file or a configuration, against annotations."""

from __future__ import annotations

import inspect
import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from neurop.errors import InputError

_SCALARS: tuple[Any, ...] = (bool, int, float, str, type(None))
LISTS: tuple[Any, ...] = (list, tuple, set, Sequence)
"""Annotations that a list fits."""


def check_values(kind: type, values: Any, where: str) -> None:
    """Raise InputError unless values have the types of a constructor's arguments and are finite.

    Names that the constructor does not have, and annotations that are not plain types, are not
    checked.

    Parameters
    ----------
    kind
        Class with an annotated constructor.
    values
        Values from a file, by name of the argument.
    where
        Key of the mapping in the file, for the message.

    Raises
    ------
    InputError
        With the key of the wrong value.

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
    hints = read_annotations(kind)
    for name, value in values.items():
        if name in hints and not (_finite(value) and has_type(value, hints[name])):
            raise InputError(
                f"{where}.{name}={value!r:.80}: need {describe_type(hints[name])}",
                f"{where}.{name}",
                value,
            )


def read_annotations(call: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of a constructor or function; empty if they cannot be read."""
    try:
        return get_type_hints(call.__init__ if inspect.isclass(call) else call)
    except (NameError, TypeError):  # names that are imported only for type checkers
        return {}


def has_type(
    value: Any, hint: Any, stands_for: Callable[[Any, Any], bool] = lambda value, hint: False
) -> bool:
    """Return whether a plain value fits an annotation.

    A list fits a tuple, and any value fits a type that JSON and YAML cannot write.

    Parameters
    ----------
    value, hint
        Value and annotation.
    stands_for
        Function of value and annotation that returns whether the value is a placeholder, which
        fits.

    Examples
    --------
    >>> has_type([16, 16], tuple[int, ...]), has_type([16, "x"], tuple[int, ...])
    (True, False)
    >>> has_type(1, float), has_type(True, int)
    (True, False)
    """
    if stands_for(value, hint):
        return True

    def fits(item: Any, part: Any) -> bool:
        return has_type(item, part, stands_for)

    origin, parts = get_origin(hint) or hint, get_args(hint)
    if origin in (Union, types.UnionType):
        # No file writes a tensor, so apart from float the alternative Tensor takes nothing.
        return type(value) in parts or any(fits(value, part) for part in _writable(parts))
    if origin is Literal:
        return any(value == part and type(value) is type(part) for part in parts)
    if origin in (None, *_SCALARS):
        exact = type(value) is (type(None) if origin is None else origin)
        return exact or (origin is float and type(value) is int)
    if origin is Path:
        return isinstance(value, str)
    if origin in LISTS:
        if not isinstance(value, list | tuple):
            return False
        if origin is tuple and parts and parts[-1] is not Ellipsis:
            return len(value) == len(parts) and all(map(fits, value, parts))
        return not parts or all(fits(item, parts[0]) for item in value)
    if origin in (dict, Mapping):
        return isinstance(value, Mapping) and (
            not parts or all(fits(item, parts[1]) for item in value.values())
        )
    return True


def describe_type(hint: Any) -> str:
    """Return an annotation in words.

    Examples
    --------
    >>> describe_type(int | None), describe_type(tuple[int, ...]), describe_type(Literal["a", "b"])
    ('int or null', 'a list of int', "'a' or 'b'")
    """
    origin, parts = get_origin(hint) or hint, get_args(hint)
    if kind := group_of(hint):
        return f"a mapping of {', '.join(field.name for field in fields(kind))}"
    if origin in (Union, types.UnionType):
        return " or ".join(describe_type(part) for part in _writable(parts))
    if origin is Literal:
        return " or ".join(map(as_yaml, parts))
    if origin in (None, type(None)):
        return "null"
    if origin is Path:
        return "a path"
    if origin in LISTS:
        if origin is tuple and parts and parts[-1] is not Ellipsis:
            return f"a list of {len(parts)} ({', '.join(map(describe_type, parts))})"
        return f"a list of {describe_type(parts[0])}" if parts else "a list"
    if origin in (dict, Mapping):
        return "a mapping"
    return getattr(origin, "__name__", str(hint))


def group_of(hint: Any) -> Any:
    """Return the dataclass of an annotation that also accepts a mapping; None for any other.

    Examples
    --------
    >>> from neurop.generation.storage import Storage
    >>> group_of(Storage | Mapping[str, Any] | None).__name__
    'Storage'
    >>> group_of(Storage | None), group_of(Mapping[str, int])
    (None, None)
    """
    parts = get_args(hint) if (get_origin(hint) in (Union, types.UnionType)) else ()
    mapped = any((get_origin(part) or part) is Mapping for part in parts)
    kinds = (part for part in parts if inspect.isclass(part) and is_dataclass(part))
    return next(kinds, None) if mapped else None


def as_yaml(value: Any) -> str:
    """Return a plain value as YAML writes it.

    Examples
    --------
    >>> as_yaml(None), as_yaml(True), as_yaml("a")
    ('null', 'true', "'a'")
    """
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else repr(value)


def _writable(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the alternatives that a file can contain; all of them if only ``null`` is one."""
    known = (*_SCALARS, *LISTS, dict, Mapping, Path, object)
    plain = tuple(p for p in parts if not inspect.isclass(p) or p in known or get_origin(p))
    return plain if set(plain) - {type(None)} else parts


def _finite(value: Any) -> bool:
    """Return whether all numbers of a value are finite and at most 1e300."""
    if isinstance(value, list | tuple):
        return all(map(_finite, value))
    return not isinstance(value, int | float) or (
        abs(value) <= 1e300 and math.isfinite(float(value))
    )
