"""Single settings of the data of a run, changed on the command line: ``eval data.path=FILE``."""

from __future__ import annotations

from importlib.resources import files

import yaml

_MARK = "+change."


def data_of_the_run(verb: str, args: list[str]) -> list[str]:
    """Return the arguments of a verb with ``data.<key>=`` as a change of the data of its run.

    For verbs whose data are by default those of the run, unless ``data=`` chooses others. Hydra has
    no settings of these data to override, so the changes are kept under a key of their own.

    Examples
    --------
    >>> data_of_the_run("eval", ["ckpt=latest", "data.path=b.npz"])
    ['ckpt=latest', '+change.path=b.npz']
    >>> data_of_the_run("train", ["data.path=b.npz"])
    ['data.path=b.npz']
    """
    chosen = any(arg.startswith(("data=", "data@", "+data=")) for arg in args)
    if chosen or not _optional_data(verb):
        return args
    return [
        _MARK + plain.removeprefix("data.") if plain.startswith("data.") and "=" in plain else arg
        for arg in args
        for plain in [arg.lstrip("+")]
    ]


def as_typed(word: str) -> str:
    """Return an override, or a key, as the user types it.

    Examples
    --------
    >>> as_typed("+change.path=b.npz"), as_typed("change.storage.held_out"), as_typed("steps=3")
    ('data.path=b.npz', 'data.storage.held_out', 'steps=3')
    """
    plain = word.lstrip("+")
    return f"data.{plain.removeprefix('change.')}" if plain.startswith("change.") else word


def _optional_data(verb: str) -> bool:
    """Return whether the data of a verb are those of its run by default."""
    text = (files("neurop.conf") / f"{verb}.yaml").read_text(encoding="utf-8")
    defaults = yaml.safe_load(text).get("defaults", [])
    return any(isinstance(one, dict) and "data" in one and one["data"] is None for one in defaults)
