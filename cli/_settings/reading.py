"""How the input of a prediction is read: as the run read its data, with some settings changed."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf

from neurop import datasets
from neurop.datasets import File
from neurop.errors import InputError
from neurop.formats.choose import ReadOptions

from .._runs import Checkpoint
from .check import mistakes
from .data import data_set
from .renamed import current
from .saved import saved_data

FILE = f"{datasets.__name__}.File"
KEPT = ("input", "axes", "boundary", "domain", "step")
"""Settings of ``data=file`` that say how a file is read."""


def reading_options(given: DictConfig, checkpoint: Checkpoint) -> ReadOptions:
    """Return the reading settings: those given, then those of a run whose data are of a file.

    Parameters
    ----------
    given
        Settings of the command, null where they are not given.
    checkpoint
        Surrogate, perhaps with its run.

    Raises
    ------
    InputError
        If a value cannot be used.
    """
    saved = checkpoint.run / "config.yaml" if checkpoint.run else None
    trained = saved_data(saved) if saved is not None and saved.is_file() else None
    node: dict[str, Any] = {"_target_": FILE, "path": ""}
    if trained is not None and trained["_target_"] == FILE:
        known: Any = OmegaConf.to_container(current(OmegaConf.create(trained)))
        node |= {key: known[key] for key in KEPT if key in known}
    own: Any = OmegaConf.to_container(given, resolve=True)
    for key in KEPT:
        if isinstance(own[key], dict) and key == "domain":
            inner = {k: v for k, v in own[key].items() if v is not None}
            node[key] = {**(node.get(key) or {}), **inner}
        elif own[key] is not None:
            node[key] = own[key]
    config = OmegaConf.create({"data": node})
    if wrong := list(mistakes(config)):
        raise InputError("\n".join(wrong))
    source = data_set(config.data)
    assert isinstance(source, File)
    return source.options
