"""The arguments after a verb: flags, overrides, and the folders of configuration."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurop.errors import InputError, nearest

# Hydra's flags, those with a value first.
_VALUED = (
    "--cfg",
    "-c",
    "--package",
    "-p",
    "--config-path",
    "-cp",
    "--config-name",
    "-cn",
    "--config-dir",
    "-cd",
    "--info",
    "-i",
)
_BARE = (
    "--help",
    "-h",
    "--hydra-help",
    "--resolve",
    "--run",
    "-r",
    "--multirun",
    "-m",
    "--shell-completion",
    "-sc",
)

_PLACES = {
    flag: long[2:].replace("-", "_")
    for short, long in (("-cd", "--config-dir"), ("-cp", "--config-path"), ("-cn", "--config-name"))
    for flag in (short, long)
}


def flags_first(args: list[str]) -> list[str]:
    """Return the flags, then the overrides, as Hydra needs them; raise InputError for others.

    Hydra does not accept overrides on both sides of a flag.
    """
    first, words = _parted(args)
    return [*first, *words]


def to_print_settings(args: list[str]) -> list[str]:
    """Return the arguments that print the settings of a job, in place of those for its help.

    Examples
    --------
    >>> to_print_settings(["-m", "-cd", "own", "--help", "model=t1"])
    ['--cfg', 'job', '--config-dir=own', 'model=t1']
    """
    resolved = ["--resolve"] if "--resolve" in args else []
    return ["--cfg", "job", *resolved, *flags(args), *_parted(args)[1]]


def _parted(args: list[str]) -> tuple[list[str], list[str]]:
    """Return the flags with their values, and the overrides."""
    first: list[str] = []
    words: list[str] = []
    awaits_value = False
    for arg in args:
        if arg.startswith("-"):
            name = arg.split("=", 1)[0]
            if name not in (*_VALUED, *_BARE):
                raise InputError(
                    f"no flag '{name}'; "
                    f"{nearest(name, [f for f in (*_VALUED, *_BARE) if f.startswith('--')])}"
                )
            first.append(arg)
            awaits_value = arg in _VALUED
        elif awaits_value and not (first[-1] in ("-i", "--info") and "=" in arg):
            first.append(arg)
            awaits_value = False
        else:
            words.append(arg)
            awaits_value = False
    return first, words


def flags(args: list[str]) -> list[str]:
    """Return the flags that name folders and files of configuration."""
    return [f"--{name.replace('_', '-')}={value}" for name, value in _places(args).items() if value]


def config_dirs(args: list[str]) -> list[str]:
    """Return the user's folders of configuration."""
    folder = _places(args)["config_dir"]
    return [folder] if folder and Path(folder).is_dir() else []


def config_folders(args: list[str]) -> list[str]:
    """Return all folders from which Hydra takes files of the user."""
    places = _places(args)
    listed = [a.partition("=")[2] for a in args if a.lstrip("+").startswith("hydra.searchpath=")]
    named = [place for words in listed for place in re.findall(r"[^\[\],'\"]+", words)]
    own = [places["config_dir"], places["config_path"], *named]
    folders = [place.strip().removeprefix("file://") for place in own if place]
    return [place for place in folders if place and Path(place).is_dir()]


def _places(args: list[str]) -> dict[str, str | None]:
    """Return folder, path and name of configuration, each by the last flag that gives it."""
    found: dict[str, str | None] = {"config_dir": None, "config_path": None, "config_name": None}
    for arg, after in zip(args, [*args[1:], None]):
        flag, joined, value = arg.partition("=")
        if (name := _PLACES.get(flag)) is not None:
            found[name] = value if joined else after
    return found


@contextmanager
def as_arguments(argv: list[str]) -> Iterator[None]:
    """Replace the arguments of the process inside the block."""
    before, sys.argv = sys.argv, argv
    try:
        yield
    finally:
        sys.argv = before
