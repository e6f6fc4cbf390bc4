"""Memory of this machine, and the bound for what is read into it at once."""

from __future__ import annotations

import os
from pathlib import Path

from neurop.errors import InputError

_GROUP = Path("/sys/fs/cgroup")


def memory_bytes() -> int:
    """Return the memory of this machine in bytes; 8 GiB if the system does not report it."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 2**33


def available_bytes() -> int:
    """Return the memory in bytes that this process can still take.

    It is the least of what the system, the control group (containers, batch jobs) and ``ulimit -v``
    leave; the cache of files counts as free.
    """
    known = (_of_system(), _of_group(), _of_limit())
    return max(0, min((n for n in known if n is not None), default=memory_bytes()))


def check_fits(what: str, size: int, remedy: str, path: str | Path | None = None) -> None:
    """Raise InputError if `size` bytes are more than the memory that is free.

    Parameters
    ----------
    what
        Name of what is to be read.
    size
        Bytes that it takes in memory.
    remedy
        What to do instead.
    path
        File that the message names.

    Examples
    --------
    >>> check_fits("'u'", 10**18, "use a coarser grid")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    neurop.errors.InputError: 'u' would fill 1e+09 GB of memory, ... GB are free; use a coarser grid
    """
    if size > (free := available_bytes()):
        sizes = f"{size / 1e9:.3g} GB of memory, {free / 1e9:.3g} GB are free"
        text = f"{what} would fill {sizes}; {remedy}"
        raise InputError(text, "path") if path is None else InputError.in_file(path, text)


def _numbers(file: Path) -> dict[str, int]:
    """Return the numbers of lines such as ``MemAvailable:   123 kB`` by their first word."""
    rows = [line.replace(":", " ").split() for line in file.read_text().splitlines()]
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def _of_system() -> int | None:
    try:
        return _numbers(Path("/proc/meminfo"))["MemAvailable"] * 1024
    except (OSError, KeyError):
        return None


def _of_group() -> int | None:
    """Return what a control group leaves, version 2 or 1."""
    for limit, used, cached in (
        ("memory.max", "memory.current", ("memory.stat", "file")),
        (
            "memory/memory.limit_in_bytes",
            "memory/memory.usage_in_bytes",
            ("memory/memory.stat", "total_cache"),
        ),
    ):
        try:
            most, now = (int((_GROUP / name).read_text()) for name in (limit, used))
            return most - now + _numbers(_GROUP / cached[0]).get(cached[1], 0)
        except (OSError, ValueError):  # no such file, or the word "max"
            continue
    return None


def _of_limit() -> int | None:
    """Return what ``ulimit -v`` leaves."""
    try:
        import resource

        most = resource.getrlimit(resource.RLIMIT_AS)[0]
        if most == resource.RLIM_INFINITY:
            return None
        return most - _numbers(Path("/proc/self/status"))["VmSize"] * 1024
    except (ImportError, OSError, KeyError):
        return None
