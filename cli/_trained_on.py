"""The training data of a surrogate that is evaluated, perhaps on other data."""

from __future__ import annotations

from omegaconf import DictConfig, ListConfig, OmegaConf

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet

from ._evaluation import Task
from ._runs import find
from ._settings.saved import source_for


def trained_on(cfg: DictConfig, task: Task) -> FieldSet:
    """Return the training data of the surrogate, else those of the given data set.

    Of a list of runs those of the first.

    Raises
    ------
    InputError
        If all samples of the data are evaluated, and the surrogate has no run that tells its own.
    """
    checkpoint = find(str(cfg.ckpt[0] if isinstance(cfg.ckpt, ListConfig) else cfg.ckpt))
    changed, split = cfg.get("change") is not None, cfg.get("split")
    # All samples of another file leave none to be those of a training.
    if cfg.get("data") is None and not (changed and split == "all"):
        return task.source.splits()["train"]
    if checkpoint.run is not None:
        return source_for(OmegaConf.create({}), checkpoint).splits()["train"]
    if split == "all":
        remedy = "contains the training data; give the run folder as ckpt=, or choose val or test"
        raise InputError.of("split", "all", remedy)
    return task.source.splits()["train"]
