"""Export of a surrogate to files that run without neurop, each compared before it is kept."""

from __future__ import annotations

import copy
import hashlib
import importlib
import json
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from packaging.version import Version

from neurop import __version__, models
from neurop.errors import ExternalFailure, InputError, nearest
from neurop.exporting.compare import differences
from neurop.exporting.description import describe
from neurop.exporting.examples import examples
from neurop.exporting.open_grid import fixed_because, least_shape
from neurop.exporting.program import axis_names, trace
from neurop.files import replacing
from neurop.spectral import torch_harmonics
from neurop.surrogate import Surrogate

Format = Literal["pt2", "onnx", "aoti"]
RECORD = "export.json"
LEAST_TORCH = "2.9"
"""Version of PyTorch from which on export follows sizes that are left open."""


def export(
    surrogate: Surrogate,
    path: str | Path,
    format: Format = "pt2",
    grids: Sequence[Sequence[int]] | None = None,
    origin: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a surrogate as files that map physical fields to physical fields without neurop.

    Normalisers, increments, conditions, mask and constraints are part of the graph; batch and,
    where the graph allows it, the grid stay open; on a grid coarser than ``least_points`` of the
    record the result is NaN. Each file is run in a fresh process at three sizes and compared with
    the surrogate before it is kept.

    Parameters
    ----------
    surrogate
        Surrogate; a copy of it on the CPU is exported.
    path
        Folder of the files and of ``export.json``, which has names, units, shapes, versions, hashes
        and the largest differences.
    format
        ``pt2`` (torch.export), ``onnx``, or ``aoti`` (AOTInductor, a compiled library).
    grids
        Points per axis of each file, one file per grid. By default one file: of any grid if the
        graph can have it, else of the training grid.
    origin
        First entries of ``export.json``.

    Returns
    -------
    dict
        Content of ``export.json``.

    Raises
    ------
    InputError
        If the format is unknown or lacks a package, or a grid does not fit the surrogate.
    ExternalFailure
        If a file does not run, or differs from the surrogate; no file is written then.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from neurop import Field, FieldSet, Grid, Surrogate, models
    >>> data = FieldSet(np.random.randn(2, 3, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> export(Surrogate.of(data, models.FNO.spec(modes=4)), "exported", format="onx")
    Traceback (most recent call last):
    neurop.errors.InputError: format=onx: did you mean 'onnx'?
    """
    if format not in get_args(Format):
        raise InputError.of("format", format, nearest(str(format), get_args(Format)))
    if Version(torch.__version__) < Version(LEAST_TORCH):
        remedy = f"needs torch {LEAST_TORCH} or newer, this is {torch.__version__}"
        raise InputError.of("format", format, remedy)
    writer = importlib.import_module(f"neurop.exporting.{format}")
    writer.check()
    if torch_harmonics.selected():
        remedy = "its transforms are complex; unset it, the result is the same"
        raise InputError.of("NEUROP_SHT", "torch-harmonics", remedy)
    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise InputError.of("path", str(folder), "is a file; give a folder")
    model = copy.deepcopy(surrogate).cpu().eval()
    because = fixed_because(model) if grids is None else "the grids are given"
    shapes = [model.card.shape] if grids is None else _checked(model, grids)
    least = None if because else least_shape(model)
    if least and (broken := _depends_on_the_grid(model, least)):
        because, least = broken, None
    names = [_name(shape, grids is not None, writer.SUFFIX) for shape in shapes]
    files: list[dict[str, Any]] = []
    versions: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="neurop-export-") as stage:
        for name, shape in zip(names, shapes, strict=True):
            about, place = describe(model, shape, least), Path(stage, name)
            with _named(model, format):
                program = trace(model, shape, least)
                versions = writer.write(program, place, about, axis_names(model))
            compared = differences(model, format, place, _sizes(shape, least))
            content = place.read_bytes()
            about |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            files.append({"file": name, **about, "compared": compared})
        record = {**(origin or {}), "format": format, "files": files}
        record["grid_fixed_because"] = because or None
        record["largest_difference"] = max(
            row["largest_difference"] for one in files for row in one["compared"]
        )
        record["versions"] = {"neurop": __version__, **versions}
        _keep(folder, Path(stage), names, record)
    return record


def _depends_on_the_grid(model: Surrogate, least: tuple[int, ...]) -> str:
    """Return why a model of another package has no graph of any grid; empty if it may have one."""
    if model.name in models.REGISTRY.table:
        return ""
    try:
        trace(model, model.card.shape, least)
    except Exception as error:
        return f"the graph of {model.name} depends on the grid ({type(error).__name__})"
    return ""


@contextmanager
def _named(model: Surrogate, format: str) -> Iterator[None]:
    """Turn what an exporter raises into one line with the model and the reason."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of PyTorch about itself
            yield
    except InputError:
        raise
    except Exception as error:
        first = next((line for line in str(error).splitlines() if line.strip()), "no message")
        kind = type(error).__name__
        remedy = "set NEUROP_DEBUG=1 for the whole message, or take another format"
        raise ExternalFailure(
            f"{model.name} cannot be exported as {format}: {kind}: {first[:300]}; {remedy}"
        ) from error


def _checked(model: Surrogate, grids: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """Return the grids; raise InputError unless the surrogate can be called on each."""
    if not grids:
        raise InputError.of("grids", list(grids), "give at least one grid, or none for any grid")
    shapes = []
    for grid in grids:
        shape, axes = tuple(grid), model.card.grid.dimensions
        if len(shape) != axes or any(type(n) is not int or n < 2 for n in shape):
            raise InputError.of("grids", list(grid), f"give {axes} sizes of at least 2")
        if shape in shapes:
            raise InputError.of("grids", list(grid), "is there twice; name each grid once")
        shapes.append(shape)
    for shape in shapes:  # a layer may refuse a grid, before anything is written
        x, *given = examples(model, 1, shape)
        with torch.no_grad():
            model(x, given=given[0] if given else None)
    return shapes


def _name(shape: Sequence[int], several: bool, suffix: str) -> str:
    return f"model{'-' + 'x'.join(map(str, shape)) if several else ''}{suffix}"


def _sizes(
    shape: tuple[int, ...], least: tuple[int, ...] | None
) -> list[tuple[int, tuple[int, ...]]]:
    """Return three batches and grids: the traced grid, and where it is open two others."""
    if least is None:
        return [(1, shape), (3, shape), (5, shape)]
    finer = tuple(n + n // 2 + 1 + i for i, n in enumerate(shape))
    return [(1, shape), (3, finer), (5, least)]


def _keep(folder: Path, stage: Path, names: Sequence[str], record: Mapping[str, Any]) -> None:
    """Move the files into the folder, then the record; remove those of an earlier export."""
    earlier = _earlier(folder)
    for name in names:
        with replacing(folder / name) as part:
            part.write_bytes((stage / name).read_bytes())
    with replacing(folder / RECORD) as part:
        text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
        part.write_text(text + "\n", encoding="utf-8")
    for old in earlier:
        if old not in names:
            (folder / old).unlink(missing_ok=True)


def _earlier(folder: Path) -> list[str]:
    """Return the files that an earlier record in the folder names."""
    try:
        plain = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return [os.path.basename(one["file"]) for one in plain["files"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
