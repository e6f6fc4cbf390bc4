"""Say what a data file holds, from its own words: HDF5 (The Well's layout or plain), NetCDF, torch and numpy files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from neurop.data._hdf5 import opened
from neurop.data._report import AxisReport, FieldReport, axis_report, field_report, text, unit_of, unnamed
from neurop.errors import InputError

_RECORD = "neurop"


@dataclass(frozen=True)
class Report:
    """What a file holds."""

    format: str
    fields: tuple[FieldReport, ...]
    axes: tuple[AxisReport, ...]
    facts: dict[str, str] = field(default_factory=dict)


def inspect(path: str | Path) -> Report:
    """Return the report of one file; the format is told from the content, not from the name.

    Raises
    ------
    InputError
        If there is no such file, its format is unknown, or it is damaged.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder; give one file")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"\x89HDF"):
        with opened(path) as hdf:
            if "t0_fields" in hdf:
                return _the_well(hdf)
            if "_NCProperties" not in hdf.attrs and path.suffix not in (".nc", ".nc4"):
                return _hdf5(hdf)
        return _guarded(path, _netcdf)
    if start.startswith(b"CDF"):
        return _guarded(path, _netcdf)
    if start.startswith(b"\x93NUMPY") or (start.startswith(b"PK") and path.suffix == ".npz"):
        return _guarded(path, _numpy)
    if start.startswith((b"PK", b"\x80\x02")):
        return _guarded(path, _torch)
    raise InputError(f"{path}: not a format that neurop reads (HDF5, NetCDF, torch .pt, numpy .npy or .npz)")


def _guarded(path: Path, read: Callable[[Path], Report]) -> Report:
    try:
        return read(path)
    except InputError:
        raise
    except Exception as error:  # libraries raise anything at a damaged file
        line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"{path}: damaged or not readable ({line[:160]})") from error


def _the_well(hdf: h5py.File) -> Report:
    dimensions = hdf["dimensions"]
    spatial = [text(n) for n in dimensions.attrs["spatial_dims"]]
    sides: dict[str, list[str]] = {}
    for side in hdf.get("boundary_conditions", {}).values():
        for name in np.atleast_1d(side.attrs["associated_dims"]):
            sides.setdefault(text(name), []).append(text(side.attrs["bc_type"]).lower())
    record = json.loads(np.ravel(hdf[_RECORD][()])[0]) if _RECORD in hdf else {}
    for axis in record.get("grid", {}).get("axes", []):
        sides[axis["name"]] = [axis["boundary"]]
    times = dimensions["time"]
    axes = [axis_report("time", times[...].reshape(-1, times.shape[-1])[0], unit_of(times))]
    for name in spatial:
        boundary = ", ".join(dict.fromkeys(sides.get(name, [])))
        axes.append(axis_report(name, np.ravel(dimensions[name][...]), unit_of(dimensions[name]), boundary))
    fields = []
    for order in (0, 1, 2):
        for name, data in hdf.get(f"t{order}_fields", {}).items():
            varying = data.attrs.get("dim_varying", [True] * len(spatial))
            flags = ("sample", data.attrs.get("sample_varying", True)), ("time", data.attrs.get("time_varying", True))
            dims = [n for n, on in flags if on] + [n for n, on in zip(spatial, varying, strict=True) if on]
            dims += ["component"] * order
            fields.append(field_report(name, dims, data.shape, unit_of(data), data))
    facts = {key: text(hdf.attrs[key]) for key in ("dataset_name", "grid_type", "n_trajectories") if key in hdf.attrs}
    facts |= {text(p): text(hdf.attrs[text(p)]) for p in hdf.attrs.get("simulation_parameters", []) if text(p) in hdf.attrs}
    facts |= {key: str(record[key]) for key in ("source", "digest") if record.get(key)}
    return Report(f"HDF5, The Well's layout{', written by neurop' if record else ''}", tuple(fields), tuple(axes), facts)


def _hdf5(hdf: h5py.File) -> Report:
    arrays: dict[str, h5py.Dataset] = {}
    hdf.visititems(lambda name, item: arrays.__setitem__(name, item) if isinstance(item, h5py.Dataset) else None)
    fields, axes = [], {}
    for name, data in arrays.items():
        if not data.shape or data.dtype.kind not in "biuf" or data.is_scale:
            continue
        dims = [d.label or (Path(d[0].name).name if len(d) else f"axis {i}") for i, d in enumerate(data.dims)]
        fields.append(field_report(name, dims, data.shape, unit_of(data), data))
        for dim, label in zip(data.dims, dims, strict=True):
            if len(dim) and dim[0].dtype.kind in "iuf":
                axes[label] = axis_report(label, dim[0][...], unit_of(dim[0]))
    return Report("HDF5", tuple(fields), tuple(axes.values()), {k: text(v) for k, v in hdf.attrs.items() if np.ndim(v) == 0})


def _netcdf(path: Path) -> Report:
    import xarray as xr

    with path.open("rb") as file:
        engine = "scipy" if file.read(3) == b"CDF" else "h5netcdf"
    with xr.open_dataset(path, engine=engine) as data:
        fields = [field_report(str(n), [str(d) for d in v.dims], v.shape, unit_of(v), v) for n, v in data.data_vars.items()]
        axes = [
            axis_report(str(n), data[n].values, unit_of(data[n])) if n in data.coords else AxisReport(str(n), points)
            for n, points in data.sizes.items()
        ]
        facts = {str(k): text(v) for k, v in data.attrs.items() if k in ("title", "Conventions", "institution", "source")}
    return Report("NetCDF 3" if engine == "scipy" else "NetCDF 4", tuple(fields), tuple(axes), facts)


def _numpy(path: Path) -> Report:
    loaded = np.load(path, allow_pickle=False)
    arrays = dict(loaded) if hasattr(loaded, "files") else {path.stem: loaded}
    return Report("numpy", tuple(unnamed(arrays)), ())


def _torch(path: Path) -> Report:
    import torch

    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        if "weights_only" in str(error).lower() or "Unsupported" in str(error):
            raise InputError(f"{path}: holds Python objects, which could run code when read; only tensors are read") from error
        raise
    tensors = dict(_tensors(loaded, ""))
    if not tensors:
        raise InputError(f"{path}: a torch file without any tensor ({type(loaded).__name__})")
    return Report("torch", tuple(unnamed({k: _array(v) for k, v in tensors.items()})), ())


def _tensors(item: Any, name: str) -> Iterator[tuple[str, Any]]:
    if hasattr(item, "numpy") and hasattr(item, "shape"):
        yield name or "tensor", item
    pairs = item.items() if isinstance(item, Mapping) else enumerate(item) if isinstance(item, list | tuple) else ()
    for key, value in pairs:
        yield from _tensors(value, f"{name}.{key}" if name else str(key))


def _array(tensor: Any) -> NDArray[Any]:
    plain = tensor.detach().resolve_conj()
    array: NDArray[Any] = (plain.float() if plain.dtype.is_floating_point and plain.element_size() == 2 else plain).numpy()
    return array
