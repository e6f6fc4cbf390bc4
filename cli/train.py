"""``neurop train``: fit a neural operator to a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from neurop.errors import InputError
from neurop.source import Source

from ._settings.check import mistakes
from ._settings.data import data_set

if TYPE_CHECKING:
    from neurop.fields.fieldset import FieldSet

Found = tuple[Source, "dict[str, FieldSet] | None"]


def first(cfg: DictConfig) -> Found:
    """Return the data set, and its splits unless they may have to be generated.

    It imports neither torch nor Lightning, unless the data need them: a mistake about a file is
    found at once.

    Raises
    ------
    InputError
        If the seed or a setting of the data cannot be used, or a file cannot be read.
    """
    if isinstance(cfg.seed, bool) or not isinstance(cfg.seed, int) or not 0 <= cfg.seed < 2**32:
        raise InputError.of("seed", cfg.seed, f"give an integer from 0 to {2**32 - 1}")
    if wrong := list(mistakes(OmegaConf.create({"data": cfg.data}))):
        raise InputError("\n".join(wrong))
    source = data_set(cfg.data)
    return source, None if source.generated else source.splits()


def run(cfg: DictConfig, found: Found) -> dict[str, Any]:
    """Train on the data of :func:`first`; see :func:`neurop.cli._training.train`."""
    from ._training import train

    return train(cfg, *found)
