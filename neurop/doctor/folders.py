"""Folders that neurop writes to: the room there, and whether it may."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from neurop.cache import cache_folder
from neurop.doctor.check import Check
from neurop.generation.generate import data_folder

LEAST_FREE = 1e9
"""Bytes below which the room is called little."""


def check_folders() -> Iterator[Check]:
    """Yield a check for the folders of data, of runs, of caches and of temporary files."""
    yield check_folder("data", data_folder(), "NEUROP_DATA")
    yield check_folder("runs", Path("runs"))
    yield check_folder("cache", cache_folder(), "NEUROP_CACHE")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    hub = Path(os.environ.get("HF_HOME") or home / "huggingface")
    yield check_folder("cache of the hub", hub, "HF_HOME")
    yield check_folder("temporary files", Path(tempfile.gettempdir()), "TMPDIR")


def check_folder(name: str, folder: Path, variable: str = "") -> Check:
    """Return the check of one folder: whether it can be written, its files, and the free room.

    Nothing is created: of a missing folder the nearest one that exists is looked at.

    Parameters
    ----------
    name
        What is in it.
    folder
        Path; it need not exist.
    variable
        Environment variable that sets it; if it is set, a folder that cannot be written fails.
    """
    asked = bool(variable and os.environ.get(variable))
    remedy = f"set {variable} to a folder that can be written" if variable else "change folder"
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        return Check(name, "fails" if asked else "off", f"{there} is no folder", remedy)
    if not os.access(there, os.W_OK | os.X_OK):
        return Check(name, "fails" if asked else "off", f"{there} cannot be written", remedy)
    free = shutil.disk_usage(there).free
    held = "" if folder.is_dir() else ", not there yet"
    found = f"{folder}: {free / 1e9:.1f} GB free{held}"
    if free < LEAST_FREE:
        return Check(name, "off", found, f"make room{f', or set {variable}' * bool(variable)}")
    return Check(name, "ok", found)
