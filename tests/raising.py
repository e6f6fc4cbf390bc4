"""Errors by the argument and the value that they name, not by their sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from neurop.errors import InputError


@contextmanager
def raises_input(key: str, value: Any, match: str = "") -> Iterator[None]:
    """Assert that the block raises the InputError of an argument.

    Parameters
    ----------
    key, value
        Name and value of the argument.
    match
        Keyword of the remedy, or of the bound.
    """
    with pytest.raises(InputError, match=match) as error:
        yield
    assert (error.value.key, error.value.value) == (key, value)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(f"{key}=")


def leaf(changes: Mapping[str, Any]) -> tuple[str, Any]:
    """Return name and value of the first changed argument, inside its group if it has one.

    Examples
    --------
    >>> leaf({"flow": {"mach": -1.0}}), leaf({"steps": 0})
    (('mach', -1.0), ('steps', 0))
    """
    name, value = next(iter(changes.items()))
    return leaf(value) if isinstance(value, Mapping) else (name, value)
