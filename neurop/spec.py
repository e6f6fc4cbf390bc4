"""A registered name and the arguments of its constructor, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from neurop.errors import InputError

_KEYS = {"name", "arguments"}


@dataclass(frozen=True)
class Spec:
    """A registered name and arguments of its constructor.

    A spec among the arguments is passed on as a spec: the outer object completes it, for example
    with the number of channels, and calls :meth:`neurop.registry.Registry.create`.

    Parameters
    ----------
    name
        Registered name, in any case.
    arguments
        Plain values, further specs, or lists of them, by name.

    Raises
    ------
    InputError
        If the name is not a string or the arguments are not a mapping from strings.

    Examples
    --------
    >>> spec = Spec("boosted", {"base": Spec("fno", {"modes": 8}), "stages": 2})
    >>> spec.to_dict()["arguments"]["base"]
    {'name': 'fno', 'arguments': {'modes': 8}}
    >>> Spec.from_dict(spec.to_dict()) == spec
    True
    >>> print(spec)
    boosted(base=fno(modes=8), stages=2)
    """

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InputError.of("name", self.name, "give a registered name, such as 'fno'")
        if not isinstance(self.arguments, Mapping) or not all(
            isinstance(key, str) for key in self.arguments
        ):
            remedy = f"the arguments of '{self.name}' are a mapping from names to values"
            raise InputError.of("arguments", self.arguments, remedy)
        object.__setattr__(self, "name", self.name.casefold())

    def __str__(self) -> str:
        """Return name and arguments as a call."""
        return f"{self.name}({', '.join(f'{k}={v}' for k, v in self.arguments.items())})"

    @classmethod
    def of(cls, given: Spec | str | Mapping[str, Any]) -> Spec:
        """Return a spec from a name, a mapping of ``name`` and ``arguments``, or a spec."""
        if isinstance(given, Spec):
            return given
        return cls(given) if isinstance(given, str) else cls.from_dict(given)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {"name": self.name, "arguments": {k: _plain(v) for k, v in self.arguments.items()}}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Spec:
        """Return the spec of plain values from :meth:`to_dict`.

        Inner mappings of exactly ``name`` and ``arguments`` become specs too.

        Raises
        ------
        InputError
            If it is not a mapping of ``name`` and optionally ``arguments``.
        """
        if not isinstance(plain, Mapping) or not {"name"} <= plain.keys() <= _KEYS:
            raise InputError(f"{plain!r:.80} names nothing registered; give name and arguments")
        arguments = plain.get("arguments", {})
        if isinstance(arguments, Mapping):
            arguments = {key: _parsed(value) for key, value in arguments.items()}
        return cls(plain["name"], arguments)


def _plain(value: Any) -> Any:
    if isinstance(value, Spec):
        return value.to_dict()
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def _parsed(value: Any) -> Any:
    if isinstance(value, Mapping) and value.keys() == _KEYS:
        return Spec.from_dict(value)
    return [_parsed(v) for v in value] if isinstance(value, list | tuple) else value
