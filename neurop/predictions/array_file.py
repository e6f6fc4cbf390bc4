"""Files of predictions, NetCDF or Zarr, that are written in blocks of samples and steps."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import h5netcdf
import h5py
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.extras import advice
from neurop.files import replacing, replacing_folder
from neurop.formats.hdf5_writer import delayed_signals, target_of

CHUNK = 2**20
"""Bytes of a chunk, about."""
SUFFIXES = (".nc", ".zarr", ".csv")


class _Container(ABC):
    """An open file or store."""

    @abstractmethod
    def dimension(self, name: str, size: int) -> None:
        """Add a dimension."""

    @abstractmethod
    def create(self, name: str, variable: xr.Variable, chunks: tuple[int, ...] | None) -> Any:
        """Add a variable without values; it takes them by ``[where] = values``."""

    @abstractmethod
    def attributes(self, attrs: Mapping[str, Any]) -> None:
        """Add attributes."""

    @abstractmethod
    def put(self, made: Any, where: Any, values: NDArray[Any]) -> None:
        """Write values to a part of a variable that :meth:`create` made."""


class _NetCDF(_Container):
    def __init__(self, file: h5netcdf.File, target: Any) -> None:
        self.file, self.target = file, target

    def dimension(self, name: str, size: int) -> None:
        self.file.dimensions[name] = size

    def create(self, name: str, variable: xr.Variable, chunks: tuple[int, ...] | None) -> Any:
        dtype: Any = variable.dtype
        how: dict[str, Any] = {} if chunks is None else {"chunks": chunks, "fillvalue": np.nan}
        if dtype.kind in "OU":
            dtype = h5py.string_dtype()
        with delayed_signals():
            made = self.file.create_variable(name, variable.dims, dtype, **how)
            for key, value in variable.attrs.items():
                made.attrs[key] = value
        return made

    def attributes(self, attrs: Mapping[str, Any]) -> None:
        for key, value in attrs.items():
            self.file.attrs[key] = value

    def put(self, made: Any, where: Any, values: NDArray[Any]) -> None:
        with delayed_signals():
            made[where] = values
        self.target.check()


class _Zarr(_Container):
    def __init__(self, group: Any) -> None:
        self.group = group

    def dimension(self, name: str, size: int) -> None:
        """Do nothing: the shapes of the arrays say it."""

    def create(self, name: str, variable: xr.Variable, chunks: tuple[int, ...] | None) -> Any:
        dtype: Any = variable.dtype
        if dtype.kind in "OU":
            dtype = f"<U{max(map(len, map(str, variable.values.ravel())), default=1)}"
        fill = np.nan if np.dtype(dtype).kind == "f" and chunks is not None else None
        made = self.group.create_array(
            name,
            shape=variable.shape,
            dtype=dtype,
            chunks=chunks or variable.shape or (),
            fill_value=fill,
            attributes={"_ARRAY_DIMENSIONS": list(variable.dims), **_plain(variable.attrs)},
        )
        return made

    def attributes(self, attrs: Mapping[str, Any]) -> None:
        self.group.attrs.update(_plain(attrs))

    def put(self, made: Any, where: Any, values: NDArray[Any]) -> None:
        made[where] = values


class PredictionFile:
    """An open file of predictions; see :func:`prediction_file`.

    Parameters
    ----------
    container
        Open file or store.
    header
        Coordinates and attributes of the complete predictions.
    sizes
        Length of each dimension.
    """

    def __init__(self, container: _Container, header: xr.Dataset, sizes: Mapping[str, int]) -> None:
        self._container, self._sizes = container, dict(sizes)
        self._made: dict[str, Any] = {}
        for dim, size in self._sizes.items():
            container.dimension(dim, size)
        for name, coordinate in header.coords.items():
            plain = _counted(coordinate.variable)
            encoded = xr.conventions.encode_cf_variable(plain, name=str(name))
            made = container.create(str(name), encoded, None)
            if encoded.dims and all(encoded.shape):
                values = np.asarray(encoded.values)
                made[...] = (
                    values.astype(str).astype(object) if values.dtype.kind in "OU" else values
                )
            elif not encoded.dims:
                made[...] = encoded.values
        self._auxiliary = " ".join(str(n) for n in header.coords if n not in header.dims)
        container.attributes(header.attrs)

    def write(self, block: xr.Dataset, where: Mapping[str, slice]) -> None:
        """Write the variables of a block at the ranges `where` of some of its dimensions.

        The first block says which variables there are.
        """
        for name, part in block.data_vars.items():
            values = part.values
            if values.dtype == np.float64:
                # Values of a diverged rollout may be infinite in single precision.
                with np.errstate(over="ignore"):
                    values = values.astype(np.float32)
            if name not in self._made:
                self._made[str(name)] = self._variable(str(name), part, values.dtype, where)
            at = tuple(where.get(str(d), slice(0, n)) for d, n in part.sizes.items())
            self._container.put(self._made[str(name)], at, values)

    def _variable(
        self, name: str, part: xr.DataArray, dtype: np.dtype[Any], where: Mapping[str, slice]
    ) -> Any:
        shape = tuple(self._sizes[str(d)] for d in part.dims)
        empty: NDArray[Any] = np.broadcast_to(np.zeros((), dtype), shape)
        attrs = dict(part.attrs)
        if self._auxiliary:
            attrs["coordinates"] = self._auxiliary
        if dtype.kind == "f":
            attrs["_FillValue"] = dtype.type(np.nan)
        return self._container.create(
            name, xr.Variable(part.dims, empty, attrs), _chunks(part, shape, dtype, where)
        )


@contextmanager
def prediction_file(
    path: Path, header: xr.Dataset, sizes: Mapping[str, int]
) -> Iterator[PredictionFile]:
    """Open a NetCDF file or a Zarr store, by the suffix, to write predictions to in blocks.

    The file has its name when all of it is written; if the block fails, nothing is left.

    Parameters
    ----------
    path
        Path with the suffix ``.nc`` or ``.zarr``.
    header
        Coordinates and attributes of the complete predictions.
    sizes
        Length of each dimension.

    Raises
    ------
    InputError
        If the folder cannot be made, or the package zarr is missing.
    OSError
        If something cannot be written.
    """
    with ExitStack() as stack:
        container: _Container
        if path.suffix == ".zarr":
            zarr = _zarr()
            part = stack.enter_context(replacing_folder(path))
            group = zarr.open_group(str(part), mode="w", zarr_format=2)
            container = _Zarr(group)
        else:
            part = stack.enter_context(replacing(path))
            target = stack.enter_context(target_of(part))
            container = _NetCDF(stack.enter_context(_netcdf(target)), target)
        with delayed_signals():
            file = PredictionFile(container, header, sizes)
        yield file
        if path.suffix == ".zarr":
            zarr.consolidate_metadata(str(part), zarr_format=2)


@contextmanager
def _netcdf(target: Any) -> Iterator[h5netcdf.File]:
    file = None
    try:
        with delayed_signals():
            file = h5netcdf.File(target, "w")
        yield file
    finally:
        # Also if Ctrl-C came while it was opened: the library closes it while the target is open.
        if file is not None:
            with delayed_signals():
                file.close()


def check_suffix(path: Path) -> None:
    """Raise InputError for a suffix of no known format, or if its package is missing."""
    if path.suffix not in SUFFIXES:
        raise InputError.of("output", str(path), "give a name that ends in .nc, .zarr or .csv")
    if path.suffix == ".zarr":
        _zarr()


def _zarr() -> Any:
    try:
        import zarr
    except ModuleNotFoundError as error:
        remedy = f"a Zarr store needs the package zarr: {advice('zarr')}"
        raise InputError.of("output", ".zarr", remedy) from error
    return zarr


def _counted(line: xr.Variable) -> xr.Variable:
    """Return dates that nanoseconds cannot hold as seconds since 1970; others as they are."""
    bounds = np.array(["1678-01-01", "2262-01-01"], "M8[s]")
    if line.dtype.kind != "M" or not line.size:
        return line
    values = line.values.astype("M8[s]")
    if values.min() >= bounds[0] and values.max() <= bounds[1]:
        return line
    about = {"units": "seconds since 1970-01-01", "calendar": "proleptic_gregorian"}
    return xr.Variable(line.dims, values.astype(np.int64), {**line.attrs, **about})


def _plain(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Return attributes as JSON has them; NaN as Zarr's fill value is left out."""
    made = {k: v.tolist() if hasattr(v, "tolist") else v for k, v in attrs.items()}
    made.pop("_FillValue", None)
    plain: dict[str, Any] = json.loads(json.dumps(made))
    return plain


def _chunks(
    part: xr.DataArray, shape: tuple[int, ...], dtype: np.dtype[Any], where: Mapping[str, slice]
) -> tuple[int, ...]:
    """Return chunks of one sample and as many of the steps of a block as fill a chunk."""
    space = [n for d, n in zip(part.dims, shape, strict=True) if d not in ("sample", "time")]
    frame = dtype.itemsize * int(np.prod(space))
    steps = max(1, min(part.sizes.get("time", 1), CHUNK // max(frame, 1)))
    own = {"sample": 1, "time": steps}
    return tuple(max(1, min(own.get(str(d), n), n)) for d, n in zip(part.dims, shape, strict=True))
