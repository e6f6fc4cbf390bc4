"""``neurop predict``: apply a surrogate to new files."""

from __future__ import annotations

import shlex
import sys
import time
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import xarray as xr
from omegaconf import DictConfig, ListConfig

from neurop import __version__
from neurop.errors import InputError
from neurop.formats.zarr_store import is_zarr
from neurop.inference.bands import add_bands
from neurop.inference.forecast import Block, forecast
from neurop.inference.start import start_of
from neurop.inference.where import AtPoints, OnGrid, Where
from neurop.predictions.array_file import check_suffix
from neurop.predictions.forcings import read_forcings, with_rest
from neurop.predictions.inputs import Inputs, read_inputs
from neurop.predictions.presentation import Presentation
from neurop.predictions.starting_data import frames_apart, starting_data
from neurop.predictions.stations import read_stations
from neurop.predictions.write_prediction import write_prediction
from neurop.surrogate import Surrogate

from ._bands import level_of, say_bands
from ._console import progress, table, wrote
from ._correction import corrected, equation_of
from ._evaluation import as_int, as_ints, device
from ._output import write_json
from ._runs import Checkpoint, find
from ._say import say
from ._settings.reading import reading_options


def run(cfg: DictConfig) -> dict[str, Any]:
    """Predict from ``cfg.input``; write the predictions and their record.

    Returns
    -------
    dict
        Numbers of samples and steps.

    Raises
    ------
    InputError
        If a setting or a file cannot be used; nothing is written then.
    """
    steps, batch_size = (as_int(name, cfg[name], 1) for name in ("steps", "batch_size"))
    start, samples, lead = (
        None if cfg[name] is None else as_int(name, cfg[name], least)
        for name, least in (("start", 0), ("samples", 1), ("lead_time", 1))
    )
    if not isinstance(cfg.overwrite, bool):
        raise InputError.of("overwrite", cfg.overwrite, "give true or false")
    if cfg.grid is not None and cfg.points is not None:
        raise InputError.of("points", cfg.points, "excludes grid; give one of them")
    grid = None if cfg.grid is None else tuple(as_ints("grid", cfg.grid, 2))
    named = None if cfg.output is None else _free(Path(str(cfg.output)), cfg)
    target = device(str(cfg.device))
    checkpoint = find(str(cfg.ckpt))
    output = named or checkpoint.results / "predict" / "predict.nc"
    surrogate = Surrogate.load(checkpoint.model).to(target).eval()
    if cfg.get("correct") is not None:
        surrogate = corrected(cfg, surrogate, equation_of(checkpoint))
    card = surrogate.card
    where: Where | None = None if grid is None else OnGrid(grid)
    if cfg.points is not None:
        where = read_stations(str(cfg.points), card.grid)
    if where is not None:
        where.check(card)
    if not card.is_state and steps != 1:
        raise InputError.of(
            "steps", steps, "the surrogate is a map, which has no time; leave it out"
        )
    level = level_of(cfg.level, surrogate)
    if isinstance(where, AtPoints) and level is not None:
        raise InputError.of("level", level, "there are no error bands at points; leave it out")
    options = reading_options(cfg.data, checkpoint)
    inputs = read_inputs(_paths(cfg.input), card, options)
    _check_apart(output, cfg, inputs)
    data, forcing = starting_data(inputs, card, start, samples, lead)
    if cfg.forcing is not None:
        files = read_forcings(_paths(cfg.forcing), card, inputs, options)
        if "time" not in files.coords and (apart := frames_apart(card, lead)) > 1:
            remedy = f"has no times, and a step is of {apart} frames; add times to the files"
            raise InputError.of("forcing", str(cfg.forcing), remedy)
        forcing = with_rest(files, forcing)
    first = start_of(surrogate, data, forcing, steps)
    shown = Presentation.of(inputs, card, data, first)
    blocks = forecast(surrogate, first, steps, where, batch_size)
    attributes = _about(cfg, surrogate, checkpoint, inputs)
    if isinstance(where, AtPoints) and not inputs.sampled:
        attributes["featureType"] = "timeSeries"
    began = time.perf_counter()
    header = partial(shown.header, start=first, steps=steps, data=data, attributes=attributes)
    with progress("predicting", len(first) * steps) as advance:
        banded = surrogate.bands is not None and not isinstance(where, AtPoints)
        more = {"complete": partial(_with_bands, surrogate, level)} if banded else {}
        counts = {"sample": len(first), "time": steps}
        written = write_prediction(output, blocks, shown, header, counts, advance, **more)
    ranges, broken = written.ranges, written.first_not_finite
    record = _record(surrogate, checkpoint, inputs, output) | {
        "samples": len(first),
        "steps": steps,
        "shape": list(where.shape(card.grid) if where else first.shape),
        "fields": {
            f.name: {"unit": f.unit, "minimum": ranges[f.name][0], "maximum": ranges[f.name][1]}
            for f in card.outputs
        },
        "first_not_finite_step": broken,
        "seconds": time.perf_counter() - began,
    }
    write_json(_record_of(output), record)
    _show(record)
    if banded:
        say_bands(surrogate, level)
    if broken is not None:
        say(f"warning: the prediction is not finite from step {broken} on", file=sys.stderr)
    wrote(output)
    return {"samples": len(first), "steps": steps}


def _with_bands(surrogate: Surrogate, level: float | None, block: Block) -> xr.Dataset:
    return add_bands(surrogate, block.data, level, block.steps.start + 1)


def _free(output: Path, cfg: DictConfig) -> Path:
    """Return the output; raise InputError if it exists, or has a suffix that cannot be written."""
    check_suffix(output)
    if output.suffix == ".csv" and cfg.points is None:
        raise InputError.of(
            "output", str(output), "a table is of stations; add points=, or use .nc"
        )
    for path in (output, _record_of(output)):
        if path.exists() and not cfg.overwrite:
            remedy = f"{path} exists; give another name, or overwrite=true to replace it"
            raise InputError.of("output", str(output), remedy)
    if output.is_dir() and not is_zarr(output):
        remedy = "is a folder and no Zarr store, which is not replaced; give another name"
        raise InputError.of("output", str(output), remedy)
    return output


def _check_apart(output: Path, cfg: DictConfig, inputs: Inputs) -> None:
    """Raise InputError if the output would replace a file that is read."""
    given = [
        cfg.points,
        *([_paths(cfg.forcing)] if isinstance(cfg.forcing, str) else cfg.forcing or ()),
    ]
    read = [*inputs.files, *(path for path in given if path is not None)]
    for path in (output, _record_of(output)):
        if path.resolve() in [Path(str(one)).resolve() for one in read]:
            remedy = f"{path} is read by this command; give another name"
            raise InputError.of("output", str(output), remedy)


def _record_of(output: Path) -> Path:
    return output.with_suffix(".json")


def _paths(given: Any) -> str | list[str]:
    return [str(path) for path in given] if isinstance(given, ListConfig) else str(given)


def _about(
    cfg: DictConfig, surrogate: Surrogate, checkpoint: Checkpoint, inputs: Inputs
) -> dict[str, str]:
    """Return the attributes of the file."""
    card, now = surrogate.card, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    forced = [known.name for known in card.conditions if known.role == "forcing"]
    command = " ".join(map(shlex.quote, ["neurop", *sys.argv[1:]]))
    made = {
        "Conventions": "CF-1.11",
        "title": f"Prediction of {', '.join(f.name for f in card.outputs)} by a surrogate",
        "source": f"neurop {surrogate.name}, trained on {card.origin.get('source', 'other data')}",
        "history": f"{now} {command}",
        "input": ", ".join(map(str, inputs.files)),
        "neurop_version": __version__,
        "surrogate": surrogate.name,
        "surrogate_hash": _hash(checkpoint),
    }
    if forced:
        made["forcings"] = ", ".join(forced)
    kept = {key: card.origin[key] for key in ("license", "attribution") if key in card.origin}
    return made | {key: str(value) for key, value in kept.items()}


def _hash(checkpoint: Checkpoint) -> str:
    """Return the first 16 hex digits of the SHA-256 of the weights."""
    return sha256((checkpoint.model / "model.safetensors").read_bytes()).hexdigest()[:16]


def _record(
    surrogate: Surrogate, checkpoint: Checkpoint, inputs: Inputs, output: Path
) -> dict[str, Any]:
    return {
        "model": surrogate.name,
        "checkpoint": checkpoint.name,
        "surrogate_hash": _hash(checkpoint),
        "input": list(inputs.files),
        "output": str(output),
        "versions": {"neurop": __version__},
    }


def _show(record: dict[str, Any]) -> None:
    rows: list[list[object]] = [
        [name, about["unit"] or None, about["minimum"], about["maximum"]]
        for name, about in record["fields"].items()
    ]
    many = ", ".join(
        f"{n} {word}" + "s" * (n != 1)
        for n, word in ((record["samples"], "sample"), (record["steps"], "step"))
    )
    table(f"{record['model']}: {many}", ["field", "unit", "minimum", "maximum"], rows)
