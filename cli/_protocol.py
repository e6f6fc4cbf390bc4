"""``neurop eval protocol=<name>``: a check of a surrogate besides its scores."""

from __future__ import annotations

from typing import Any

import xarray as xr
from omegaconf import DictConfig

from neurop.errors import InputError
from neurop.evaluation.leads import with_lead
from neurop.evaluation.protocols import REGISTRY
from neurop.evaluation.protocols.protocol import Protocol

from ._console import table, wrote
from ._evaluation import finite_or_none, prepare, split_of
from ._output import write_json
from ._settings.build import build, locate


def run_protocol(cfg: DictConfig, lead: int | None) -> dict[str, Any]:
    """Run ``cfg.protocol`` on the data of a surrogate; print its table and write it as JSON.

    Parameters
    ----------
    cfg
        Settings of ``neurop eval``.
    lead
        Time step of a surrogate of several lead times, in frames; None for the shortest.

    Returns
    -------
    dict
        The results in short.

    Raises
    ------
    InputError
        If a setting cannot be used, or the protocol does not apply.
    """
    kind = locate(str(cfg.protocol._target_), "protocol")
    if not (isinstance(kind, type) and issubclass(kind, Protocol)):
        raise InputError.of("protocol", cfg.protocol._target_, "choose one (neurop list protocol)")
    protocol: Protocol = build(cfg.protocol)
    verb = f"eval-{REGISTRY.name_of(kind)}"
    for name, given in (("report", cfg.report or None), ("correct", cfg.get("correct"))):
        if given is not None:
            raise InputError.of(name, True, "is of the scores; leave it out")
    task = prepare(cfg, verb)
    test = with_lead(task.surrogate, split_of(task.source, cfg.split), lead)
    found = protocol(task.surrogate, test, cfg.batch_size)
    about = {"split": str(cfg.split), "samples": len(test), "resolution": list(test.shape)}
    write_json(task.folder / f"{verb}.json", task.record | about | record(found))
    show(f"{task.surrogate.name} on {task.source.name} ({cfg.split}): {found.title}", found)
    wrote(task.folder)
    return in_short(found)


def in_short(found: xr.Dataset) -> dict[str, float]:
    """Return the variables without dimension."""
    return {str(name): float(found[name]) for name in found.data_vars if not found[name].dims}


def record(found: xr.Dataset) -> dict[str, Any]:
    """Return the entries of a table in a JSON file: the results in short, then the columns."""
    names = [*found.coords, *(name for name in found.data_vars if found[name].dims)]
    return in_short(found) | {"table": {name: found[name].values for name in names}}


def show(title: str, found: xr.Dataset) -> None:
    """Print the table, then the results in short."""
    (rows,) = found.dims
    columns = [found[name] for name in found.data_vars if found[name].dims]
    lines = [
        [label, *(finite_or_none(column[i]) for column in columns)]
        for i, label in enumerate(found[rows].values.tolist())
    ]
    table(title, [str(rows), *(column.long_name for column in columns)], lines)
    short = [[found[name].long_name, finite_or_none(found[name])] for name in in_short(found)]
    if short:
        table("summary", ["metric", "value"], short)
