"""``neurop export``: a trained surrogate as a file that runs without neurop."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig

from neurop.card import Card
from neurop.errors import InputError
from neurop.evaluation.resolutions import shape_at
from neurop.exporting.export import RECORD, export
from neurop.surrogate import Surrogate

from ._console import table, wrote
from ._evaluation import as_int, as_ints
from ._runs import find
from ._say import say


def run(cfg: DictConfig) -> dict[str, Any]:
    """Export a surrogate, compare its files with it, and show what they take and return.

    Raises
    ------
    InputError
        If checkpoint, format or a grid cannot be used.
    """
    checkpoint = find(str(cfg.ckpt))
    surrogate = Surrogate.load(checkpoint.model)
    grids = None if cfg.grids is None else _grids(cfg.grids, surrogate.card)
    named = None if cfg.out is None else Path(cfg.out)
    folder = named or checkpoint.results / "export" / str(cfg.format)
    if folder.exists() and not folder.is_dir():
        raise InputError.of("out", str(folder), "is a file; give a folder")
    origin = {
        "model": surrogate.name,
        "checkpoint": checkpoint.name,
        "parameters": surrogate.parameters_count(),
        "data": surrogate.card.origin.get("source"),
    }
    record = export(surrogate, folder, cfg.format, grids, origin)
    if grids is None and (reason := record["grid_fixed_because"]):
        say(f"one grid, that of the training: {reason}; others by grids=[...]", file=sys.stderr)
    if surrogate.noise is not None:
        what = "the file has no noise and makes one forecast; an ensemble is made by neurop rollout"
        say(f"{surrogate.name} is probabilistic: {what}", file=sys.stderr)
    _show(record)
    wrote(folder)
    return {"largest_difference": record["largest_difference"]}


def _grids(given: Any, card: Card) -> list[tuple[int, ...]]:
    """Return the grids of a setting: numbers of points of the first axis, or of all axes."""
    items = list(given) if isinstance(given, ListConfig | list | tuple) else [given]
    if not items:
        raise InputError(
            "grids=[] is empty; give at least one grid, for example grids=[64]", "grids", []
        )
    return [
        tuple(as_ints("grids", item, 2))
        if isinstance(item, ListConfig)
        else shape_at(as_int("grids", item, 2), card)
        for item in items
    ]


def _show(record: dict[str, Any]) -> None:
    ports: list[list[object]] = []
    first = record["files"][0]
    for role in ("inputs", "outputs"):
        for port in first[role]:
            named = [
                one["name"] + (f" ({one['unit']})" if one["unit"] not in ("", "1") else "")
                for one in port["channels"]
            ]
            shape = ", ".join(map(str, port["shape"]))
            ports.append([port["name"], f"({shape})", ", ".join(named)])
    table(f"{record['model']} as {record['format']}", ["port", "shape", "channels"], ports)
    rows: list[list[object]] = [
        [one["file"], row["batch"], tuple(row["grid"]), row["largest_difference"]]
        for one in record["files"]
        for row in one["compared"]
    ]
    title = f"compared in a fresh process, in {RECORD}"
    table(title, ["file", "batch", "grid", "largest relative difference"], rows)
