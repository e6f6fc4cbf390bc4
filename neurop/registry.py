"""Names of classes, imported when they are asked for; classes of other packages by entry points."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from importlib.metadata import entry_points, packages_distributions
from typing import Any

from neurop.errors import InputError, nearest


@dataclass(frozen=True)
class Spec:
    """A registered name and arguments of its constructor: plain values, or further specs."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Spec | str | Mapping[str, Any]) -> Spec:
        """Return a spec from a name, a mapping of ``name`` and ``arguments``, or a spec."""
        if isinstance(given, Spec):
            return given
        return cls(given) if isinstance(given, str) else cls.from_dict(given)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        plain = {k: v.to_dict() if isinstance(v, Spec) else v for k, v in self.arguments.items()}
        return {"name": self.name, "arguments": plain}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Spec:
        """Return what :meth:`to_dict` described."""
        arguments = {
            k: cls.from_dict(v) if isinstance(v, dict) and v.keys() == {"name", "arguments"} else v
            for k, v in plain["arguments"].items()
        }
        return cls(plain["name"], arguments)


class Registry:
    """Registered names of one kind of class.

    Parameters
    ----------
    kind
        What the classes are, for messages.
    table
        Name to ``module:class``.
    group
        Group of entry points under which other packages register theirs.
    """

    def __init__(self, kind: str, table: Mapping[str, str], group: str) -> None:
        self.kind, self.group = kind, group
        self._places, self._found = dict(table), dict[str, type]()

    def names(self) -> list[str]:
        """Return all names, those of installed packages included."""
        return sorted({*self._places, *self._found, *(p.name.lower() for p in self._points())})

    def get(self, name: str) -> type:
        """Return the class of a name; raise InputError if there is none."""
        key = name.lower()
        if key not in self._found:
            if key in self._places:
                module, _, attribute = self._places[key].partition(":")
                self._found[key] = getattr(importlib.import_module(module), attribute)
            elif point := next((p for p in self._points() if p.name.lower() == key), None):
                self._found[key] = point.load()
            else:
                raise InputError(
                    f"no {self.kind} '{name}'; {nearest(name, self.names())}", self.kind, name
                )
        return self._found[key]

    def register(self, name: str) -> Callable[[type], type]:
        """Return a decorator that registers a class under a name of its own."""

        def decorate(kind: type) -> type:
            if name.lower() in self._places or self._found.get(name.lower(), kind) is not kind:
                raise InputError(f"the {self.kind} '{name}' is there already; choose another name")
            self._found[name.lower()] = kind
            return kind

        return decorate

    def name_of(self, kind: type) -> str:
        """Return the name of a class; raise InputError if it has none."""
        place = f"{kind.__module__}:{kind.__qualname__}"
        known = {
            **{k: v for v, k in self._places.items()},
            **{f"{c.__module__}:{c.__qualname__}": n for n, c in self._found.items()},
        }
        if place in known:
            return known[place]
        for point in self._points():
            if point.load() is kind:
                return point.name.lower()
        raise InputError(f"{kind.__name__} is not registered as a {self.kind}")

    def create(self, given: Spec | str | Mapping[str, Any], *first: Any, **more: Any) -> Any:
        """Return an object from its spec; raise InputError if the class refuses an argument."""
        spec = Spec.of(given)
        kind = self.get(spec.name)
        try:
            return kind(*first, **more, **spec.arguments)
        except TypeError as error:
            raise InputError(f"{self.kind} {spec.name}: {error}") from error

    def spec_of(self, thing: Any) -> Spec:
        """Return the spec of an object whose class is a dataclass of plain values."""
        assert is_dataclass(thing)
        arguments = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(thing).items()}  # type: ignore[arg-type]
        return Spec(self.name_of(type(thing)), arguments)

    def distribution_of(self, name: str) -> str | None:
        """Return the distribution that a class comes from; None for one of neurop's own."""
        if name.lower() in self._places:
            return None
        top = self.get(name).__module__.partition(".")[0]
        return next(iter(packages_distributions().get(top, [])), top)

    def trust(self, packages: Iterable[str]) -> None:
        """Import packages, which register classes of their own."""
        for package in packages:
            importlib.import_module(package)

    def _points(self) -> Any:
        return entry_points(group=self.group)
