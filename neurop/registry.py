"""Registries: names of classes, which are imported on demand; other packages can add to them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, is_dataclass
from importlib.metadata import EntryPoint, entry_points, packages_distributions
from typing import Any

from neurop.errors import InputError, nearest
from neurop.spec import Spec as Spec

_trusted: set[str] = set()


class Registry:
    """Names of one kind of class, such as models; case does not matter.

    A package adds a class by an entry point, which needs no import, or by :meth:`register`, which
    needs one. A name belongs to one class.

    Parameters
    ----------
    kind
        Noun for the classes, for messages.
    table
        Names of the library's own classes, with ``module:class`` of each.
    group
        Group of the entry points of other packages.

    Examples
    --------
    >>> shapes = Registry("shape", {"fraction": "fractions:Fraction"}, "example.shapes")
    >>> shapes.create(Spec("Fraction", {"denominator": 4}), 3)
    Fraction(3, 4)
    """

    def __init__(self, kind: str, table: Mapping[str, str], group: str) -> None:
        self.kind, self.group = kind, group
        self.table = {name.casefold(): place for name, place in table.items()}
        self._registered: dict[str, type] = {}

    def names(self) -> list[str]:
        """Return all names, in order."""
        outside = {point.name.casefold() for point in entry_points(group=self.group)}
        return sorted({*self.table, *self._registered, *outside})

    def get(self, name: str) -> type:
        """Return the class of a name, imported if necessary.

        Raises
        ------
        InputError
            If there is none, or two packages register the name.
        """
        key = name.casefold()
        if key in self._registered:
            return self._registered[key]
        points = self._points(key)
        if key in self.table:
            if points:
                raise self._taken(key, points)
            module, _, attribute = self.table[key].partition(":")
            kind = getattr(importlib.import_module(module), attribute)
        elif len(points) == 1:
            kind = self._load(points[0])
        elif points:
            raise self._taken(key, points)
        else:
            raise InputError(
                f"no {self.kind} '{name}'; {nearest(key, self.names())}", self.kind, name
            )
        self._registered[key] = kind
        return self._registered[key]

    def register(self, name: str) -> Callable[[type], type]:
        """Return a decorator that registers a class.

        Raises
        ------
        InputError
            If the name belongs to another class.
        """
        key = name.casefold()

        def decorate(kind: type) -> type:
            place, there = _place(kind), self._registered.get(key)
            known = {self.table.get(key), there and _place(there)}
            known |= {point.value for point in self._points(key)}
            if known - {None, place}:
                raise InputError.of(
                    "name", name, f"there is a {self.kind} of this name; choose another"
                )
            self._registered[key] = kind
            return kind

        return decorate

    def name_of(self, kind: Callable[..., Any]) -> str:
        """Return the registered name of a class; raise InputError if it has none."""
        place = _place(kind)
        for key, registered in self._registered.items():
            if registered is kind:
                return key
        for key, known in self.table.items():
            if known == place:
                return key
        for point in entry_points(group=self.group):
            # Packages other than that of the class are not imported.
            if point.value == place or (
                _top(point.module) == _top(place) and self._load(point) is kind
            ):
                return point.name.casefold()
        raise InputError(
            f"{kind.__name__} is no registered {self.kind}; decorate it with "
            f"@REGISTRY.register('{kind.__name__.casefold()}') or name it in the table of "
            f"{self.group}",
            self.kind,
            kind.__name__,
        )

    def create(self, given: Spec | str | Mapping[str, Any], *first: Any, **more: Any) -> Any:
        """Return an object from its spec.

        Parameters
        ----------
        given
            Registered name, spec, or a mapping of ``name`` and ``arguments``.
        *first, **more
            Arguments that are not part of the spec.

        Raises
        ------
        InputError
            If the name is unknown or the class does not take the arguments.
        """
        spec = Spec.of(given)
        kind = self.get(spec.name)
        try:
            return kind(*first, **more, **spec.arguments)
        except TypeError as error:
            reason = str(error).partition("\n")[0]
            raise InputError(f"{self.kind} {spec.name}: {reason}", self.kind, spec.name) from error

    def spec_of(self, thing: Any) -> Spec:
        """Return the spec of an object whose class is a dataclass of plain values."""
        assert is_dataclass(thing)
        assert not isinstance(thing, type)
        arguments = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(thing).items()}
        return Spec(self.name_of(type(thing)), arguments)

    def module_of(self, name: str) -> str | None:
        """Return the module of a class; None for one of the library's own."""
        return None if name.casefold() in self.table else self.get(name).__module__

    def distribution_of(self, name: str) -> str | None:
        """Return the distribution of a class, else its top-level module; None for neurop's own."""
        if name.casefold() in self.table:
            return None
        for point in self._points(name.casefold()):
            if point.dist is not None:
                return point.dist.name
        top = _top(self.get(name).__module__)
        return next(iter(packages_distributions().get(top, [])), top)

    def origin_of(self, name: str) -> dict[str, str | None]:
        """Return distribution and module of a class by name, for :meth:`require`."""
        return {"distribution": self.distribution_of(name), "module": self.module_of(name)}

    def require(self, name: str, distribution: Any = None, module: Any = None) -> None:
        """Raise InputError unless a name that was read from a file is known.

        The module named in the file is imported only if it belongs to a package that the user
        trusts, see :func:`trust_packages`.

        Parameters
        ----------
        name
            Registered name.
        distribution, module
            Origin of the class according to the file, for the message.
        """
        key = name.casefold()
        if key in self.table or key in self._registered or key in self.names():
            return
        if not isinstance(module, str) or not module.replace(".", "_").isidentifier():
            self.get(name)
            return
        if any(f"{module}.".startswith(f"{package}.") for package in _trusted):
            importlib.import_module(module)
            if key in self._registered:
                return
        top = _top(module)
        owner = distribution if isinstance(distribution, str) else top
        remedy = (
            "was registered in a script; register it in a module that can be imported"
            if module == "__main__"
            else f"is of the package {owner!r}; install it or, if you trust it, add trust=[{top}]"
        )
        raise InputError(f"the {self.kind} '{name}' {remedy}", self.kind, name)

    def _load(self, point: EntryPoint) -> type:
        try:
            kind: type = point.load()
        except (ImportError, AttributeError) as error:
            raise InputError(
                f"{self.kind} '{point.name}' cannot be imported from {point.value}: {error}",
                self.kind,
                point.name,
            ) from error
        return kind

    def _points(self, key: str) -> list[EntryPoint]:
        found = {p.value: p for p in entry_points(group=self.group) if p.name.casefold() == key}
        return list(found.values())

    def _taken(self, key: str, points: list[EntryPoint]) -> InputError:
        owners = [point.dist.name if point.dist else point.value for point in points]
        owners = sorted([*owners, *(["neurop"] if key in self.table else [])])
        return InputError(
            f"{self.kind} '{key}' is claimed by {' and '.join(owners)}; uninstall one of them",
            self.kind,
            key,
        )


def trust_packages(packages: str | Iterable[str]) -> None:
    """Import packages, so that they can register classes of their own.

    Parameters
    ----------
    packages
        Import names, such as ``mypkg``; all modules of a package are trusted.

    Raises
    ------
    InputError
        If one is not installed.

    Examples
    --------
    >>> trust_packages(["no_such_package"])
    Traceback (most recent call last):
    ...
    neurop.errors.InputError: trust=no_such_package: no such package; install it, or leave it out
    """
    for package in [packages] if isinstance(packages, str) else packages:
        name = package.removesuffix(".*")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise
            raise InputError.of(
                "trust", name, "no such package; install it, or leave it out"
            ) from error
        _trusted.add(name)


def _place(kind: Callable[..., Any]) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _top(module: str) -> str:
    return module.partition(".")[0].partition(":")[0]
