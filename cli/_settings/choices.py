"""The groups of the configuration and their options."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from neurop.errors import InputError, nearest

from .._arguments import config_dirs
from .._errors import LISTS
from .own_files import check_own_files

PACKAGE = "neurop.conf"
# Groups whose default may name a choice without a file.
OPTIONAL = ("recommended",)
# What Hydra reads as a number or a truth value.
_NUMBER = re.compile(
    r"[-+]?(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?|[-+]?(nan|inf)|true|false", re.IGNORECASE
)


def choices(folders: Iterable[str] = ()) -> dict[str, list[str]]:
    """Return the options of every group, from neurop and from the user's folders."""
    found: dict[str, set[str]] = {}
    for root in (files(PACKAGE), *map(Path, folders)):
        for group in root.iterdir():
            if group.is_dir() and group.name not in ("hydra", "__pycache__"):
                options = {
                    f.name.removesuffix(".yaml")
                    for f in group.iterdir()
                    if f.name.endswith(".yaml")
                }
                found.setdefault(group.name, set()).update(options)
    return {group: sorted(options) for group, options in sorted(found.items()) if options}


def checked(verb: str, args: list[str]) -> list[str]:
    """Return the arguments without choices of null for groups whose default is null.

    Raises
    ------
    InputError
        For choices that Hydra would not report clearly: null in other groups, a number, or an
        unknown option of an optional or a list group. For a file of the user that Hydra must not
        read.
    """
    check_own_files(args)
    known = choices(config_dirs(args))
    composed: Any = OmegaConf.to_container(OmegaConf.load(str(files(PACKAGE) / f"{verb}.yaml")))
    defaults = composed["defaults"]
    absent = {
        f"{group}=null"
        for item in defaults
        if isinstance(item, dict)
        for group, choice in item.items()
        if choice is None
    }
    args = [arg for arg in args if arg not in absent]
    for arg in args:
        group, _, choice = arg.partition("=")
        if group in known and choice == "null":
            raise InputError(
                f"{arg}: name one of {', '.join(known[group])}; to go without, ~{group}"
            )
        if group in known and _NUMBER.fullmatch(choice):
            raise InputError(f"no {group} '{choice}'; {nearest(choice, known[group])}")
        if group in known and group not in LISTS and re.fullmatch(r"\[.+\]", choice):
            one = ",".join(re.findall(r"[^\[\],'\"\s]+", choice))
            raise InputError(f"{arg}: {group} takes one choice; for a sweep, -m {group}={one}")
        if group in (*OPTIONAL, *LISTS) and group in known:
            for one in re.findall(r"[^\[\],'\"\s]+", choice):
                if one not in known[group] and "$" not in one:
                    without = f" (to go without, ~{group})" if group in OPTIONAL else ""
                    raise InputError(f"no {group} '{one}'{without}; {nearest(one, known[group])}")
    return args
