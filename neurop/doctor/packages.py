"""Versions of packages, compared with the ranges in the metadata of neurop."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from neurop.doctor.check import Check
from neurop.extras import advice


def check_packages() -> Iterator[Check]:
    """Yield a check for Python, every package that is needed, and every optional one.

    An optional package that is installed in a version outside its range fails too: it would be
    used.
    """
    yield Check("python", "ok", platform.python_version())
    try:
        lines = requires("neurop") or []
    except PackageNotFoundError:
        what = "used from a folder without being installed, so no ranges are known"
        yield Check("neurop", "off", what, "pip install .")
        return
    seen = set()
    for line in lines:
        need = Requirement(line)
        extra = next((e for e in extras_of(need)), "")
        if need.name.lower() not in seen and extra != "dev":
            seen.add(need.name.lower())
            yield check_package(need, extra)


def extras_of(need: Requirement) -> list[str]:
    """Return the extra of a requirement, as a list; empty for one that is always needed.

    Examples
    --------
    >>> extras_of(Requirement("zarr>=3.0; extra == 'zarr'")), extras_of(Requirement("torch"))
    (['zarr'], [])
    """
    if need.marker is None or need.marker.evaluate({"extra": ""}):
        return []
    return [text.strip("'\" ") for text in str(need.marker).split("extra ==")[1:]]


def check_package(need: Requirement, extra: str = "") -> Check:
    """Return the check of one requirement.

    Parameters
    ----------
    need
        Name and range.
    extra
        Extra that it is part of; empty if it is always needed.

    Examples
    --------
    >>> check_package(Requirement("packaging>=9999")).state
    'fails'
    """
    what = f"{need.name} ({extra})" if extra else need.name
    try:
        found = version(need.name)
    except PackageNotFoundError:
        if extra:
            return Check(what, "off", "not installed", advice(need.name))
        return Check(what, "fails", "not installed", advice(need.name))
    if need.specifier.contains(found, prereleases=True):
        return Check(what, "ok", found)
    remedy = f"pip install '{need.name}{need.specifier}'"
    return Check(what, "fails", f"{found}, need {need.specifier}", remedy)
