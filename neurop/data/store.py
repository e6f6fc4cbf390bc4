"""One HDF5 file per set of fields, in The Well's layout.

Layout: R. Ohana et al., The Well: a large-scale collection of diverse physics simulations for machine learning,
NeurIPS 2024 Datasets and Benchmarks, arXiv:2412.00568; https://polymathic-ai.org/the_well/data_format.
What that layout does not hold (units, exact grid, roles of a map's fields) is one JSON text, the data set ``neurop``.
"""

from __future__ import annotations

import json
import os
import uuid
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from neurop import __version__
from neurop.data._hdf5 import one_line, opened, plain
from neurop.data._layout import write_axes, write_fields, write_root
from neurop.data.adapters import the_well
from neurop.data.fieldset import Field, FieldSet
from neurop.errors import InputError
from neurop.physics.grid import Grid

_RECORD = "neurop"


def write(path: str | Path, fieldset: FieldSet, parameters: dict[str, Any]) -> None:
    """Write a set as float32, atomically: the file appears complete or not at all.

    Parameters
    ----------
    path
        The file; its folder is made where missing.
    fieldset
        Evolution or map; each field is stored as ``(sample, time, *grid)``, each chunk with a checksum.
    parameters
        What made the set (viscosity, seed, ...): root attributes listed in ``simulation_parameters``, numbers also
        in the group ``scalars``. ``dataset_name`` is the name of the set (default: stem of `fieldset.source` or of `path`).

    Raises
    ------
    InputError
        If the set is empty, a name cannot be an HDF5 name, or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> u = FieldSet(np.ones((2, 3, 1, 8), np.float32), (Field("u", "m s-1"),), Grid.periodic(1))
    >>> file = Path(tempfile.mkdtemp()) / "u.h5"
    >>> write(file, u, {"viscosity": 0.1})
    >>> read(file).attributes["viscosity"]
    0.1
    """
    path = Path(path)
    # The digest describes the values as the file holds them, so the conversion comes first.
    targets = None if fieldset.targets is None else np.asarray(fieldset.targets, np.float32)
    stored = replace(fieldset, values=np.asarray(fieldset.values, np.float32), targets=targets)
    if 0 in stored.values.shape:
        raise InputError(f"{path}: nothing to write, the set has shape {stored.values.shape}; need at least 1 per axis")
    parameters = dict(parameters)
    name = str(parameters.pop("dataset_name", "") or Path(fieldset.source).stem or path.stem)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The format of HDF5 1.10 (2016) has checksums of its own structure, the default one has none.
        with h5py.File(partial, "w", libver=("v110", "v110")) as file:
            write_root(file, stored, name, parameters)
            write_axes(file, stored)
            record = {
                "version": __version__,
                "grid": stored.grid.to_dict(),
                "times": None if stored.times is None else stored.times.dtype.str,
                "time_unit": stored.time_unit,
                "source": stored.source,
                "digest": stored.digest(),
                "parameters": parameters,
                "attributes": stored.attributes,
                **write_fields(file, stored),
            }
            text = json.dumps(record, default=plain).encode()
            # A data set, because an attribute holds at most 64 kB; of fixed length and chunked, because only chunks have a checksum.
            line = np.array([text], dtype=h5py.string_dtype("utf-8", len(text)))
            file.create_dataset(_RECORD, data=line, chunks=(1,), fletcher32=True)
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:
        raise InputError(f"{path}: cannot be written ({one_line(error)}); check free space and permissions of {path.parent}") from error
    finally:
        with suppress(OSError):
            partial.unlink()


def read(path: str | Path) -> FieldSet:
    """Read a set as it was written; its `attributes` hold the parameters too.

    A file in The Well's layout that others made is read as :func:`neurop.data.adapters.the_well.from_file` says.

    Raises
    ------
    InputError
        If there is no such file, it is not HDF5, is truncated or damaged, or lacks a part; the message names it.
    """
    with opened(path) as file:
        if _RECORD not in file:
            return the_well.from_file(file, str(path))
        record = json.loads(file[_RECORD][0])
        fields = {role: tuple(Field(c["name"], c["unit"], c["long_name"]) for c in record[role]) for role in ("values", "targets")}
        return FieldSet(
            _stack(file, record["values"]),
            fields["values"],
            Grid.from_dict(record["grid"]),
            _stack(file, record["targets"]) if record["targets"] else None,
            fields["targets"],
            None if record["times"] is None else file["dimensions/time"][...].astype(record["times"]),
            record["time_unit"],
            record["source"],
            {**record["parameters"], **record["attributes"]},
        )


def _stack(file: h5py.File, channels: list[dict[str, str]]) -> Any:
    """Return the data sets of some channels as ``(sample, time, channel, *grid)``."""
    data = [_field(file["t0_fields"], channel["dataset"]) for channel in channels]
    samples, frames, *shape = data[0].shape
    out = np.empty((samples, frames, len(data), *shape), np.float32)
    for channel, stored in enumerate(data):
        for sample in range(samples):
            out[sample, :, channel] = stored[sample]
    return out


def _field(fields: h5py.Group, name: str) -> h5py.Dataset:
    if name not in fields:
        raise InputError(f"no data set 't0_fields/{name}', which the record names; write or download the file again")
    data = fields[name]
    # Values are stored as they are: a size that the file cannot hold is damage, found before memory is asked for.
    if data.size * data.dtype.itemsize > fields.file.id.get_filesize():
        raise InputError(f"damaged, 't0_fields/{name}' has shape {data.shape}, more than the file holds; write or download the file again")
    return data
