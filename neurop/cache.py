"""The user's cache: what is made once and can be made again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder that ``NEUROP_CACHE`` names, else that of the user."""
    if chosen := os.environ.get("NEUROP_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neurop"
