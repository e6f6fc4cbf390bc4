"""Common parts of ``eval``, ``superres`` and ``rollout``: inputs, checks, and NetCDF files."""

from __future__ import annotations

import re
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr
from omegaconf import DictConfig, ListConfig

from neurop import __version__
from neurop.errors import InputError, nearest
from neurop.evaluation.batches import check_compatible
from neurop.evaluation.by_field import by_field
from neurop.fields.clock import Clock
from neurop.fields.fieldset import FieldSet
from neurop.files import replacing
from neurop.formats.hdf5_writer import delayed_signals, target_of
from neurop.source import Source
from neurop.surrogate import Surrogate

from ._results import results_folder
from ._runs import find
from ._say import say
from ._settings.data import data_set
from ._settings.places import absolute
from ._settings.saved import settings_for

MOST_DRAWN = 8
"""Largest number of fields of which figures are made."""


@dataclass(frozen=True)
class Task:
    """Surrogate, data and folder of an evaluation.

    Parameters
    ----------
    surrogate
        Surrogate on the chosen device.
    source
        Data set.
    folder
        Folder of the results; it need not exist.
    record
        First entries of the JSON file: the origin of the numbers.
    """

    surrogate: Surrogate
    source: Source
    folder: Path
    record: dict[str, Any]


def prepare(cfg: DictConfig, verb: str) -> Task:
    """Return surrogate, data set and folder of an evaluation; no file is written.

    Raises
    ------
    InputError
        If checkpoint, data, device or batch size cannot be used.
    """
    as_int("batch_size", cfg.batch_size, 1)
    where = device(str(cfg.device))
    checkpoint = find(str(cfg.ckpt))
    surrogate = Surrogate.load(checkpoint.model).to(where).eval()
    data, own = settings_for(cfg, checkpoint)
    source = data_set(data)
    if (outline := source.outline()) is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the values, which are noise
            check_compatible(surrogate, outline["test"])  # before the set is generated
    settings = absolute(data)
    folder = results_folder(checkpoint, verb, source.name, settings, own)
    folder = folder if cfg.out is None else Path(cfg.out)
    if folder.exists() and not folder.is_dir():
        raise InputError.of("out", str(folder), "is a file; give a folder")
    if (folder / f"{verb}.json").is_file():
        say(f"replaces the results in {folder}", flush=True)
    record = {
        "model": surrogate.name,
        "checkpoint": checkpoint.name,
        "parameters": surrogate.parameters_count(),
        "data": source.name,
        "data_settings": settings,
        "train_shape": list(surrogate.card.shape),
        "device": torch.cuda.get_device_name(where) if where.type == "cuda" else where.type,
        "versions": {"neurop": __version__, "torch": torch.__version__},
    }
    if checkpoint.unfinished:
        record["unfinished"] = True
        say(f"{checkpoint.run} has not ended; these are its best weights so far", flush=True)
    return Task(surrogate, source, folder, record)


def split_of(source: Source, name: object) -> FieldSet:
    """Return a split, or all samples; raise InputError for an unknown name."""
    if name == "all":
        return source.whole()
    if name == "test":
        return source.test()
    splits = source.splits()
    if name not in splits:
        remedy = f"the data have no such split; {nearest(str(name), ('all', *splits))}"
        raise InputError.of("split", name, remedy)
    return splits[str(name)]


def device(name: str) -> torch.device:
    """Return the device of a name, ``auto`` for the GPU if there is one; else raise InputError."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(name)
    except RuntimeError:
        raise InputError.of(
            "device", name, "no such device; use auto, cpu, cuda or cuda:N"
        ) from None
    if found.type not in ("cpu", "cuda"):
        raise InputError.of("device", name, "not supported; use auto, cpu, cuda or cuda:N")
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        raise InputError(
            f"device={name}: this machine has {torch.cuda.device_count()} CUDA devices; use cpu "
            "or auto",
            "device",
            name,
        )
    return found


def as_int(name: str, value: Any, least: int) -> int:
    """Return a setting; raise InputError unless it is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError.of(name, value, "give an integer")
    if value < least:
        raise InputError.of(name, value, f"give at least {least}")
    return value


def as_ints(name: str, value: Any, least: int) -> list[int]:
    """Return a setting as a list of integers of at least `least`; else raise InputError."""
    items = list(value) if isinstance(value, ListConfig | list | tuple) else [value]
    if not items:
        raise InputError(
            f"{name}=[] is empty; give at least one number, for example {name}=[{least}]", name, []
        )
    return [as_int(name, item, least) for item in items]


def field_index(name: str | None, surrogate: Surrogate) -> int:
    """Return the index of the field to draw; raise InputError if it is not predicted."""
    names = [f.name for f in surrogate.card.outputs]
    if name is None:
        return 0
    if name not in names:
        raise InputError.of(
            "field", name, f"the surrogate does not predict it; {nearest(name, names)}"
        )
    return names.index(name)


def drawn_fields(name: str | None, surrogate: Surrogate) -> dict[int, str]:
    """Return the fields of the figures by index, with the ending of the names of their files.

    The named field, or the first one, has no ending. The further fields are drawn if none is named.

    Raises
    ------
    InputError
        If the named field is not predicted.
    """
    first = field_index(name, surrogate)
    if name is not None:
        return {first: ""}
    names = [f.name for f in surrogate.card.outputs]
    if len(names) > MOST_DRAWN:
        say(
            f"figures of {MOST_DRAWN} of {len(names)} fields; field=NAME for another",
            file=sys.stderr,
        )
    ends = [re.sub(r"[^\w.-]+", "-", one) for one in names[:MOST_DRAWN]]
    return {i: f"_{end}" if i else "" for i, end in enumerate(ends)}


def write_netcdf(path: Path, data: xr.Dataset, clock: Clock | None = None) -> None:
    """Write an evaluation with CF attributes, variables in single precision, atomically.

    Each field has variables of its own (:func:`neurop.evaluation.by_field.by_field`); `clock` is
    that of the steps of a rollout.
    """
    data = by_field(data, clock)
    encoding = {
        str(name): {"dtype": "float32"}
        for name, variable in data.data_vars.items()
        if variable.dtype == np.float64
    }
    # Values of a diverged rollout may be infinite in single precision.
    with (
        np.errstate(over="ignore"),
        replacing(path) as part,
        delayed_signals(),
        target_of(part) as target,
    ):
        data.assign_attrs(Conventions="CF-1.11", neurop_version=__version__).to_netcdf(
            target, engine="h5netcdf", encoding=encoding
        )


def values_by_field(values: xr.DataArray) -> dict[str, float]:
    """Return the values of an array over ``field``, by name."""
    return {
        str(name): float(value)
        for name, value in zip(values.field.values, values.values, strict=True)
    }


def with_unit(name: str, unit: str) -> str:
    """Return a name with its unit for a table, or alone if it has none.

    Examples
    --------
    >>> with_unit("T", "K"), with_unit("u", "1"), with_unit("u", "")
    ('T (K)', 'u', 'u')
    """
    return name if unit in ("", "1") else f"{name} ({unit})"


def finite_or_none(value: Any) -> float | None:
    """Return a number for a table, None for NaN and infinity."""
    found = float(value)
    return found if np.isfinite(found) else None
