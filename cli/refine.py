"""``neurop refine``: train a further stage on top of a trained surrogate."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig

from neurop.source import Source

from ._runs import Checkpoint, find
from ._settings.check import check_seed
from ._settings.data import data_set
from ._settings.saved import settings_for

Found = tuple[Checkpoint, Source, DictConfig]


def first(cfg: DictConfig) -> Found:
    """Return the surrogate on disk, its data set, and the settings of that.

    Raises
    ------
    InputError
        If there is no such surrogate, or its data cannot be found.
    """
    check_seed(cfg.seed)
    checkpoint = find(str(cfg.ckpt))
    data, _ = settings_for(cfg, checkpoint)
    return checkpoint, data_set(data), data


def run(cfg: DictConfig, found: Found) -> dict[str, Any]:
    """Refine the surrogate of :func:`first`; see :func:`neurop.cli._refining.refine`."""
    from ._refining import refine

    return refine(cfg, *found)
