"""One HDF5 file per set of fields, in The Well's layout.

Layout: R. Ohana et al., The Well: a large-scale collection of diverse physics simulations for
machine learning, NeurIPS 2024 Datasets and Benchmarks, arXiv:2412.00568;
https://polymathic-ai.org/the_well/data_format. What that layout cannot express (units, exact grid,
roles of a map's fields) is one JSON text, the data set ``neurop``.
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
from numpy.typing import NDArray

from neurop import __version__
from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.lazy import Lazy
from neurop.fields.times import Times
from neurop.formats.assemble import assemble, stays_lazy
from neurop.formats.content import FileContent
from neurop.formats.hdf5 import one_line, open_hdf5, to_plain
from neurop.formats.hdf5_writer import create_hdf5
from neurop.formats.readers import the_well
from neurop.formats.readers.the_well import RECORD
from neurop.formats.the_well_writer import write_axes, write_fields, write_root

FORMAT = 1
"""Version of the layout, also that of files without a number."""


def write(path: str | Path, fieldset: FieldSet, parameters: dict[str, Any]) -> None:
    """Write a set as float32, atomically: the file appears complete or not at all.

    Parameters
    ----------
    path
        Path of the file; its folder is created if it is missing.
    fieldset
        Evolution or map; each field is stored as ``(sample, time, *grid)``, each chunk with a
        checksum.
    parameters
        Parameters of the set (viscosity, seed, ...): root attributes listed in
        ``simulation_parameters``, numbers also in the group ``scalars``. ``dataset_name`` is the
        name of the set (default: stem of `fieldset.source` or of `path`).

    Raises
    ------
    InputError
        If the set is empty, has trajectories of several lengths or diagnostic fields, which the
        layout does not tell, a name cannot be an HDF5 name, or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from neurop.geometry.grid import Grid
    >>> u = FieldSet(np.ones((2, 3, 1, 8), np.float32), (Field("u", "m s-1"),), Grid.periodic(1))
    >>> file = Path(tempfile.mkdtemp()) / "u.h5"
    >>> write(file, u, {"viscosity": 0.1})
    >>> read(file).attributes["viscosity"]
    0.1
    """
    path = Path(path)
    if fieldset.times is not None and fieldset.times.lengths is not None:
        remedy = "the layout has one length; write trajectories of equal length"
        raise InputError.of("lengths", fieldset.times.lengths, remedy)
    if diagnostics := [f.name for f in fieldset.fields if f.diagnostic]:
        raise InputError.of("fields", diagnostics[0], "is diagnostic, which the layout cannot tell")
    # The digest describes the stored values, so the conversion comes first.
    stored = replace(
        fieldset,
        values=_single(fieldset.values),
        targets=None if fieldset.targets is None else _single(fieldset.targets),
        conditions=tuple(replace(c, values=_single(c.values)) for c in fieldset.conditions),
    )
    if 0 in stored.values.shape:
        raise InputError(
            f"{path}: nothing to write, the set has shape {stored.values.shape}; need at least 1 "
            "per axis",
            "values",
            stored.values.shape,
        )
    parameters = dict(parameters)
    name = str(parameters.pop("dataset_name", "") or Path(fieldset.source).stem or path.stem)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with create_hdf5(partial) as file:
            write_root(file, stored, name, parameters)
            write_axes(file, stored)
            record = {
                "format": FORMAT,
                "version": __version__,
                "grid": stored.grid.to_dict(),
                "times": None if stored.times is None else stored.times.values.dtype.str,
                "time_unit": stored.time_unit,
                "source": stored.source,
                "digest": stored.digest(),
                "parameters": parameters,
                "attributes": stored.attributes,
                "conditions": [c.field.name for c in stored.conditions],
                **write_fields(file, stored),
            }
            text = json.dumps(record, default=to_plain).encode()
            # A data set, because an attribute is limited to 64 kB; of fixed length and chunked,
            # because only chunks have a checksum.
            line = np.array([text], dtype=h5py.string_dtype("utf-8", len(text)))
            file.create_dataset(RECORD, data=line, chunks=(1,), fletcher32=True)
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:
        raise InputError.in_file(
            path,
            f"cannot be written ({one_line(error)}); check free space and permissions of "
            f"{path.parent}",
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink()


def read(path: str | Path, lazy: bool | None = None) -> FieldSet:
    """Read a set that :func:`write` wrote; its `attributes` include the parameters.

    Other files in The Well's layout are read by
    :func:`neurop.formats.readers.the_well.file_content`.

    Parameters
    ----------
    path
        Path of the file.
    lazy
        Whether the values stay in the file and are read on demand; by default if they would take
        more than a quarter of the memory.

    Raises
    ------
    InputError
        If there is no such file, it is not HDF5, is truncated or damaged, or lacks a part; the
        message names it.
    """
    with open_hdf5(path) as file:
        content = the_well.file_content(file, str(path))
        if content is None:
            raise InputError.in_file(
                path,
                "not in The Well's layout, it has no group 't0_fields'; use neurop.datasets.File",
            )
        record = json.loads(file[RECORD][0]) if RECORD in file else None
        if record is None:
            return assemble(content, lazy=lazy)
        number = record.get("format", FORMAT)
        if not isinstance(number, int) or number > FORMAT:
            raise InputError.in_file(
                path,
                f"format {number}, this neurop reads up to {FORMAT}; upgrade neurop",
            )
        made = _made(content, record, lazy)
    return made


def _made(content: FileContent, record: dict[str, Any], lazy: bool | None) -> FieldSet:
    """Return the set with the names and times that were written."""
    roles = {
        role: tuple(Field(c["name"], c["unit"], c["long_name"]) for c in record[role])
        for role in ("values", "targets")
    }
    times = (
        Times(content.coordinates["time"].values, record["time_unit"])
        if record["times"] is not None
        else None
    )
    # The times may be uneven here.
    made = assemble(
        replace(content, coordinates={k: v for k, v in content.coordinates.items() if k != "time"}),
        lazy=True,
    )
    made = replace(
        made,
        fields=roles["values"],
        target_fields=roles["targets"],
        times=times,
        source=record["source"],
    )
    return made if stays_lazy(made, lazy) else made.loaded()


def _single(values: NDArray[Any] | Lazy) -> NDArray[Any] | Lazy:
    return values if isinstance(values, Lazy) else np.asarray(values, np.float32)
