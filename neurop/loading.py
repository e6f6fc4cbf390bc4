"""Saved surrogates, from the folder of a run or of a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neurop.registry import trust_packages
from neurop.surrogate import Surrogate


def load(path: str | Path, trust: Sequence[str] = ()) -> Surrogate:
    """Return the surrogate of a run folder or of its ``model/`` folder; see :meth:`Surrogate.load`.

    Parameters
    ----------
    path
        The folder.
    trust
        Packages of the user's that are imported first, so that they register models of their own;
        what a package declares as an entry point ``neurop.models`` needs no such word.
    """
    trust_packages(trust)
    folder = Path(path)
    inner = folder / "model"
    is_run = (inner / "model.json").is_file() and not (folder / "model.json").is_file()
    return Surrogate.load(inner if is_run else folder)
