"""``neurop generate``: make the files of a data set."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

from omegaconf import DictConfig

from neurop.data.fieldset import FieldSet
from neurop.data.generation import data_folder

from ._build import build
from ._console import table, wrote
from ._output import write_json


def run(cfg: DictConfig) -> dict[str, Any]:
    """Make what is missing of ``cfg.data``, and say what there is.

    Returns
    -------
    dict
        What ``generate.json`` holds: name, seconds, and per split the file, the shapes and the digest of the values.
    """
    source = build(cfg.data)
    folder = data_folder(getattr(source, "folder", None))
    started = perf_counter()
    splits = source.splits()
    record = {
        "name": source.name,
        "seconds": perf_counter() - started,
        "splits": {split: _facts(fields, _file(folder, source.name, fields)) for split, fields in splits.items()},
    }
    rows = [
        [split, facts["samples"], facts["frames"], " ".join(facts["fields"]), tuple(facts["shape"]), facts["digest"], facts["file"]]
        for split, facts in record["splits"].items()
    ]
    table(f"{source.name}: {record['seconds']:.1f} s", ["split", "samples", "frames", "fields", "grid", "digest", "file"], rows)
    write_json(folder / "generate.json", record)
    wrote(folder)
    return record


def _facts(fields: FieldSet, file: Path | None) -> dict[str, Any]:
    return {
        "samples": len(fields),
        "frames": fields.values.shape[1],
        "fields": [f.name for f in fields.outputs],
        "shape": list(fields.shape),
        "map": fields.is_map,
        "digest": fields.digest(),
        "source": fields.source,
        "file": None if file is None else file.name,
    }


def _file(folder: Path, name: str, fields: FieldSet) -> Path | None:
    """Return the generated file of a set, told by the hash in its name; None for a set that was only read."""
    known = fields.attributes.get("hash")
    return next(folder.glob(f"{name}-*-{known}.h5"), None) if known else None
