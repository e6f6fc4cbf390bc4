"""The folder of cached files, which can be deleted at any time."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder of ``NEUROP_CACHE``, by default ``~/.cache/neurop``."""
    if chosen := os.environ.get("NEUROP_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neurop"
