"""The pairs that neuraloperator ships: ``<dataset>_{train,test}_<resolution>.pt``, a dict of the tensors ``x`` and ``y``.

J. Kossaifi et al., A library for learning neural operators, arXiv:2412.10354; https://github.com/neuraloperator/neuraloperator.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neurop.data._hdf5 import one_line
from neurop.data.fieldset import Field, FieldSet
from neurop.errors import InputError
from neurop.physics.grid import Axis, Grid


def read(path: str | Path, grid: Grid | None = None, source: Field | None = None, target: Field | None = None) -> FieldSet:
    r"""Read the pairs as a map from the field ``x`` to the field ``y``.

    Only tensors are unpickled: a file that holds anything else is refused before any of it runs.

    Parameters
    ----------
    path
        The file. Both tensors are ``(sample, *grid)`` without a channel axis; a boolean ``x`` becomes 0 and 1.
    grid
        What the file does not say about its axes; by default axes x, y, z over [0, 1), open.
    source, target
        Name and unit of the two fields; by default ``x`` and ``y``, unit 1.

    Returns
    -------
    FieldSet
        A map, float32: values ``(sample, 1, 1, *grid)``, targets of the same shape; a single number beside them
        (``visc``) is an attribute.

    Raises
    ------
    InputError
        If the file is missing, unsafe or damaged, lacks ``x`` or ``y``, or they differ in shape or hold a value that is not finite.
    """
    content = _load(Path(path))
    pair = {key: _array(content, key, path) for key in ("x", "y")}
    if pair["x"].shape != pair["y"].shape:
        raise InputError(f"{path}: x has shape {pair['x'].shape} and y {pair['y'].shape}; a map needs the same samples and grid for both")
    dimensions = pair["x"].ndim - 1
    if dimensions not in (1, 2, 3) or 0 in pair["x"].shape:
        raise InputError(f"{path}: x has shape {pair['x'].shape}; need (sample, *grid) with 1 to 3 grid axes, none empty")
    grid = grid or Grid(tuple(Axis(name, "open") for name in "xyz"[:dimensions]))
    extra = {key: value for key, value in content.items() if key not in pair and torch.is_tensor(value) and value.numel() == 1}
    return FieldSet(
        pair["x"][:, None, None],
        (source or Field("x"),),
        grid,
        pair["y"][:, None, None],
        (target or Field("y"),),
        source=str(path),
        attributes={str(key): value.item() for key, value in extra.items()},
    ).check_finite()


def _load(path: Path) -> dict[Any, Any]:
    if not path.is_file():
        raise InputError(f"{path}: no such file; correct the path")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler raises whatever a damaged or hostile file makes it raise
        reason = "holds more than tensors" if "weights_only" in str(error).lower() else f"cannot be read: {one_line(error)[:120]}"
        raise InputError(f"{path}: {reason}; save it again with torch.save({{'x': x, 'y': y}}, path)") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds a {type(content).__name__}; need a dict of the tensors 'x' and 'y'")
    return content


def _array(content: dict[Any, Any], key: str, path: str | Path) -> NDArray[np.float32]:
    if key not in content:
        raise InputError(f"{path}: no '{key}' among the keys {sorted(map(str, content))[:8]}; need the tensors 'x' and 'y'")
    tensor = content[key]
    if not torch.is_tensor(tensor) or tensor.layout != torch.strided or tensor.is_complex() or tensor.is_quantized:
        raise InputError(f"{path}: '{key}' is not a dense tensor of real numbers; need (sample, *grid)")
    return tensor.detach().to(torch.float32).numpy()
