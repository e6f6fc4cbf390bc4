"""Errors by the argument and the value that they name, not by their sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from neurop.errors import InputError


@contextmanager
def raises_input(
    key: str, value: Any, match: str | None = None
) -> Iterator[pytest.ExceptionInfo[InputError]]:
    """Assert that the block raises the InputError of an argument, in one line that names it, or its
    value.

    Parameters
    ----------
    key, value
        Name and value of the argument; for a file ``path`` and the path.
    match
        Keyword of the remedy, or of the bound; where several mistakes have this key and value.
    """
    with pytest.raises(InputError, match=match) as error:
        yield error
    assert (error.value.key, error.value.value) == (key, value)
    message = str(error.value)
    assert "\n" not in message
    assert key in message or all(word in message for word in re.findall(r"[\w.-]+", str(value)))


def leaf(changes: Mapping[str, Any]) -> tuple[str, Any]:
    """Return name and value of the first changed argument, inside its group if it has one.

    Examples
    --------
    >>> leaf({"flow": {"mach": -1.0}}), leaf({"steps": 0})
    (('mach', -1.0), ('steps', 0))
    """
    name, value = next(iter(changes.items()))
    return leaf(value) if isinstance(value, Mapping) else (name, value)
