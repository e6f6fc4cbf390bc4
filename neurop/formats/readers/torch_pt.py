"""The files of neuraloperator, ``<dataset>_{train,test}_<resolution>.pt``: tensors ``x``, ``y``.

J. Kossaifi et al., A library for learning neural operators, arXiv:2412.10354;
https://github.com/neuraloperator/neuraloperator.
"""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.formats.assemble import assemble
from neurop.formats.content import Coordinate, FileContent, Metadata, Task, in_memory
from neurop.formats.hdf5 import one_line
from neurop.geometry.grid import Grid
from neurop.memory import check_fits

_IN_PARTS = "write them as HDF5 or .npy files, which are read in parts"


def read(
    path: str | Path,
    grid: Grid | None = None,
    source: Field | None = None,
    target: Field | None = None,
) -> FieldSet:
    r"""Read the pairs as a map from the field ``x`` to the field ``y``.

    Only tensors are unpickled: a file with other objects is refused before any code in it runs.

    Parameters
    ----------
    path
        Path of the file. Both tensors are ``(sample, *grid)`` without a channel axis; a boolean
        ``x`` becomes 0 and 1.
    grid
        Grid of the fields, which the file does not record; by default axes x, y, z over [0, 1),
        open.
    source, target
        Name and unit of the two fields; by default ``x`` and ``y``, unit 1.

    Returns
    -------
    FieldSet
        A map, float32: values ``(sample, 1, 1, *grid)``, targets of the same shape; other single
        numbers in the file (``visc``) are attributes.

    Raises
    ------
    InputError
        If the file is missing, unsafe or damaged, lacks ``x`` or ``y``, or they differ in shape or
        have a value that is not finite.

    Examples
    --------
    >>> from neurop.datasets.darcy_public import SAMPLES
    >>> read(SAMPLES / "darcy_test_16.pt").values.shape
    (50, 1, 1, 16, 16)
    """
    if not Path(path).is_file():
        raise InputError.in_file(path, "no such file; correct the path")
    content = file_content(Path(path))
    if not content.task.target:
        shapes = ", ".join(f"{a.name} {a.shape}" for a in content.arrays)
        raise InputError.in_file(
            path,
            f"{shapes} are not pairs (sample, *grid) of a map from x to y; use datasets.File",
        )
    made = assemble(content)
    return replace(
        made,
        grid=grid or made.grid,
        fields=(source,) if source else made.fields,
        target_fields=(target,) if target else made.target_fields,
    )


def file_content(path: Path) -> FileContent:
    """Return the tensors of a file; ``x`` and ``y`` are a map, or an evolution from ``x``.

    Raises
    ------
    InputError
        If the file is damaged or unsafe, or has no tensors of fields.
    """
    loaded = _load(path)
    tensors = {
        key: _array(value, key, path)
        for key, value in _tensors(loaded, "", set())
        if value is not None
    }
    numbers = {key: array.item() for key, array in tensors.items() if array.size == 1}
    fields = {key: array for key, array in tensors.items() if key not in numbers}
    if not fields:
        raise InputError.in_file(
            path,
            f"a torch file without a tensor of numbers ({type(loaded).__name__}); save "
            "{'x': x, 'y': y}",
        )
    axes: dict[str, tuple[str, ...]] = {key: ("",) * array.ndim for key, array in fields.items()}
    boundary: dict[str, str] = {}
    lines: dict[str, Coordinate] = {}
    task: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    x, y = fields.get("x"), fields.get("y")
    if x is not None and y is not None and 2 <= x.ndim <= 4 and x.shape == y.shape:
        axes["x"] = axes["y"] = ("sample", *"xyz"[: x.ndim - 1])
        boundary = dict.fromkeys(axes["x"][1:], "open")
        task, target = ("x",), ("y",)
    elif (
        x is not None
        and y is not None
        and x.ndim >= 2
        and y.shape[:1] + y.shape[2:] == x.shape
        and np.array_equal(x, y[:, 0])
    ):
        axes["x"], axes["y"] = (
            ("sample", *"xyz"[: x.ndim - 1]),
            ("sample", "time", *"xyz"[: x.ndim - 1]),
        )
        # The only such set is Burgers' equation on a circle, from 0 to 1.
        boundary = dict.fromkeys(axes["x"][1:], "periodic")
        lines = {"time": Coordinate(np.linspace(0.0, 1.0, y.shape[1]))}
        task = ("y",)
    arrays = tuple(in_memory(key, axes[key], array) for key, array in fields.items())
    name = "torch, neuraloperator" if task else "torch"
    return FileContent(
        name,
        str(path),
        arrays,
        lines,
        boundary,
        dict.fromkeys(boundary, "left"),
        Task(task, target),
        Metadata(numbers),
    )


def _load(path: Path) -> Any:
    import torch  # slow to import, and needed only for this format

    if zipfile.is_zipfile(path):
        whole = sum(member.file_size for member in zipfile.ZipFile(path).infolist())
        check_fits("its tensors together", whole, _IN_PARTS, path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler raises any type for a damaged or hostile file
        hostile = "weights_only" in str(error).lower() or "unsupported" in str(error).lower()
        reason = (
            "contains more than tensors, which could run code when read"
            if hostile
            else f"damaged, cannot be read: {one_line(error)[:120]}"
        )
        raise InputError.in_file(
            path, f"{reason}; save it again with torch.save({{'x': x, 'y': y}}, path)"
        ) from error


def _tensors(item: Any, name: str, seen: set[int]) -> list[tuple[str, Any]]:
    """Return the tensors of nested lists and mappings, of which each is read once."""
    if hasattr(item, "layout") and hasattr(item, "detach"):
        return [(name or "tensor", item)]
    if id(item) in seen:
        return []
    seen.add(id(item))
    pairs = (
        item.items()
        if isinstance(item, dict)
        else enumerate(item)
        if isinstance(item, list | tuple)
        else ()
    )
    return [
        found
        for key, value in pairs
        for found in _tensors(value, f"{name}.{key}" if name else str(key), seen)
    ]


def _array(tensor: Any, key: str, path: Path) -> NDArray[Any]:
    if str(tensor.layout) != "torch.strided" or tensor.is_complex() or tensor.is_quantized:
        raise InputError.in_file(
            path, f"'{key}' is not a dense tensor of real numbers; need (sample, *grid)"
        )
    # A tensor of a few bytes can be expanded to any shape.
    check_fits(f"'{key}'", tensor.numel() * max(tensor.element_size(), 4), _IN_PARTS, path)
    plain = tensor.detach()
    array: NDArray[Any] = (
        plain.float() if plain.dtype.is_floating_point and plain.element_size() < 4 else plain
    ).numpy()
    return array
