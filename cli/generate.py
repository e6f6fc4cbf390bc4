"""``neurop generate``: generate the files of a data set."""

from __future__ import annotations

import re
from pathlib import Path
from time import perf_counter
from typing import Any

from omegaconf import DictConfig

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.generation.dataset import SolvedDataset
from neurop.generation.generate import data_folder
from neurop.generation.locks import writing

from ._console import table, wrote
from ._output import write_json
from ._say import say
from ._settings.check import check_types
from ._settings.data import data_set

SETTINGS = {"workers": int | None, "shard": str | None}


def run(cfg: DictConfig) -> dict[str, Any]:
    """Generate the missing samples of ``cfg.data``, or of one shard, and print a summary.

    Returns
    -------
    dict
        Content of ``generate.json``: name, seconds, and per split the file, the shapes and the
        digest of the values. For a shard: the number of samples generated, and seconds.
    """
    check_types(cfg, SETTINGS)
    shard = None if cfg.shard is None else _shard(cfg.shard)
    source = data_set(cfg.data)
    folder = data_folder(source.folder)
    started = perf_counter()
    if shard is not None:
        return _make_shard(source, folder, shard, cfg.workers)
    if isinstance(source, SolvedDataset):
        source.generate(cfg.workers)
    splits = source.splits()
    record: dict[str, Any] = {
        "name": source.name,
        "seconds": perf_counter() - started,
        "splits": {
            split: _facts(fields, _file(folder, source.name, fields))
            for split, fields in splits.items()
        },
    }
    rows = [
        [
            split,
            facts["samples"],
            facts["frames"],
            " ".join(facts["fields"]),
            tuple(facts["shape"]),
            facts["digest"],
            facts["file"],
        ]
        for split, facts in record["splits"].items()
    ]
    table(
        f"{source.name}: {record['seconds']:.1f} s",
        ["split", "samples", "frames", "fields", "grid", "digest", "file"],
        rows,
    )
    with writing(folder, "write generate.json"):
        write_json(folder / "generate.json", record)
    wrote(folder)
    return record


def _shard(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or int(found[1]) >= int(found[2]):
        raise InputError(
            f"shard={text}: give the number of the shard, counted from 0, and of all shards, such "
            "as shard=0/4 to shard=3/4",
            "shard",
            text,
        )
    return int(found[1]), int(found[2])


def _make_shard(
    source: Any, folder: Path, shard: tuple[int, int], workers: int | None
) -> dict[str, Any]:
    if not isinstance(source, SolvedDataset):
        raise InputError(
            f"shard={shard[0]}/{shard[1]}: {source.name} is read, not generated; leave the shard "
            "out",
            "shard",
            f"{shard[0]}/{shard[1]}",
        )
    started = perf_counter()
    made = source.generate(workers, shard)
    seconds = perf_counter() - started
    file = folder / source.recipe(source.shape, source.stored).file
    there = file.exists()
    say(
        f"{source.name}, shard {shard[0]}/{shard[1]}: {made} samples in {seconds:.1f} s"
        + (", the complete set is there" if there else "")
    )
    wrote(file if there else file.with_name(f"{file.name}.parts"))
    return {"samples": made, "seconds": seconds}


def _facts(fields: FieldSet, file: Path | None) -> dict[str, Any]:
    return {
        "samples": len(fields),
        "frames": fields.values.shape[1],
        "fields": [f.name for f in fields.outputs],
        "shape": list(fields.shape),
        "map": fields.has_targets,
        "digest": fields.digest(),
        "source": fields.source,
        "file": None if file is None else file.name,
    }


def _file(folder: Path, name: str, fields: FieldSet) -> Path | None:
    """Return the generated file of a set, by the hash in its name; None if it was not generated."""
    known = fields.attributes.get("hash")
    return next(folder.glob(f"{name}-*-{known}.h5"), None) if known else None
