"""``neurop train``: fit a neural operator to a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from neurop.errors import InputError
from neurop.source import Source

from ._runs import find
from ._settings.check import check_seed, mistakes
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
    check_seed(cfg.seed)
    if wrong := list(mistakes(OmegaConf.create({"data": cfg.data}))):
        raise InputError("\n".join(wrong))
    source = data_set(cfg.data)
    return source, None if source.generated else source.splits()


def run(cfg: DictConfig, found: Found) -> dict[str, Any]:
    """Train on the data of :func:`first`, and score the surrogate on the test set.

    Returns
    -------
    dict
        The smallest validation error, by which a sweep ranks its jobs, and the scores of the test
        set, which is used this once.

    Raises
    ------
    InputError
        If a setting cannot be used.
    """
    from neurop.evaluation.headline import headline

    from ._console import table, wrote
    from ._new_surrogate import new_surrogate
    from ._training import trained

    if cfg.init and not cfg.resume:
        find(str(cfg.init), setting="init")
    if (done := trained(cfg, *found, new_surrogate)) is None:
        return {}
    scores = headline(done.surrogate, done.splits["test"])
    metrics = {f"test/{name}": value for name, value in scores}
    result = done.save(metrics)
    seconds = done.record["seconds"]
    title = f"{done.surrogate.name} on {done.record['data']} after {seconds:.0f} s"
    table(title, ["test metric", "value"], [[k, v] for k, v in metrics.items()])
    wrote(done.folder)
    return result
