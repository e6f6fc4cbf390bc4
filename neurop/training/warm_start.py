"""Initialise a training with the weights of an earlier one."""

from __future__ import annotations

from pathlib import Path

from neurop.errors import InputError
from neurop.model_folder import mismatch
from neurop.surrogate import Surrogate


def load_weights(surrogate: Surrogate, folder: Path) -> None:
    """Copy the weights and the normalisation of a saved surrogate into a new one.

    Data, resolution and the number of steps of a training example may differ.

    Parameters
    ----------
    surrogate
        Surrogate to train.
    folder
        Folder ``model/`` of the earlier run.

    Raises
    ------
    InputError
        If model, fields or weights are not those of the earlier one.
    """
    earlier = Surrogate.load(folder)
    pairs = {
        "model": (earlier.name, surrogate.name),
        "input": _names(earlier, surrogate, "inputs"),
        "output": _names(earlier, surrogate, "outputs"),
        "increments": tuple(s.card.problem.increments for s in (earlier, surrogate)),
    }
    for name, (there, here) in pairs.items():
        if there != here:
            raise InputError(
                f"init={folder}: its {name} is {there}, the new one is {here}; give a run with "
                "the same settings",
                "init",
                str(folder),
            )
    if different := mismatch(surrogate.state_dict(), earlier.state_dict()):
        key, mine, theirs = different
        raise InputError(
            f"init={folder}: {key} has shape {theirs} there and {mine} by the settings; give "
            "those that it was made with",
            "init",
            str(folder),
        )
    surrogate.load_state_dict(earlier.state_dict())


def _names(earlier: Surrogate, surrogate: Surrogate, which: str) -> tuple[list[str], list[str]]:
    there, here = ([f.name for f in getattr(s.card, which)] for s in (earlier, surrogate))
    return there, here
