"""Initialise a training with the weights of an earlier one."""

from __future__ import annotations

from pathlib import Path

from neurop.errors import InputError
from neurop.fields.units import same_unit
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
        "input": _fields(earlier, surrogate, "inputs"),
        "output": _fields(earlier, surrogate, "outputs"),
        "conditions": _conditions(earlier, surrogate),
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


def _fields(earlier: Surrogate, surrogate: Surrogate, which: str) -> tuple[list[str], list[str]]:
    """Return the names of fields, with the units where both are known and differ."""
    pairs = [getattr(one.card, which) for one in (earlier, surrogate)]
    there, here = ([f.name for f in fields] for fields in pairs)
    if there == here:
        for i, (a, b) in enumerate(zip(*pairs, strict=True)):
            if not {"", "1"} & {a.unit, b.unit} and not same_unit(a.unit, b.unit):
                there[i], here[i] = f"{a.name} ({a.unit})", f"{b.name} ({b.unit})"
    return there, here


def _conditions(earlier: Surrogate, surrogate: Surrogate) -> tuple[list[str], list[str]]:
    there, here = (
        [f"{c.role} {c.name}" for c in one.card.conditions] for one in (earlier, surrogate)
    )
    return there, here
