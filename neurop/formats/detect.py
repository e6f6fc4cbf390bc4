"""Detect the format of a file from its content, not from the extension of its name."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from errno import ENOMEM
from pathlib import Path

import h5py

from neurop.errors import InputError
from neurop.extras import advice
from neurop.formats import hdf5_heap, zarr_store
from neurop.formats.content import FileContent
from neurop.formats.hdf5 import is_scale, one_line, open_hdf5
from neurop.formats.open_files import current_state
from neurop.formats.readers import (
    arrays,
    makani,
    matlab,
    netcdf,
    pdearena,
    pdebench,
    the_well,
    torch_pt,
)
from neurop.memory import available_bytes, check_fits

_STORES = ("zarr.json", ".zgroup", ".zmetadata")

HDF5: tuple[Callable[[h5py.File, str], FileContent | None], ...] = (
    matlab.hdf5_content,
    the_well.file_content,
    netcdf.hdf5_content,
    makani.file_content,
    pdebench.file_content,
    pdearena.file_content,
    arrays.hdf5_content,
)
"""Readers in the order in which they are tried; the last one reads any HDF5 file."""

OTHER: tuple[tuple[bytes, str], ...] = (
    (
        b"version https://git-lfs",
        "a pointer of Git LFS, not the data; fetch the file with `git lfs pull`",
    ),
    (
        b"GRIB",
        "GRIB; convert it: `cfgrib to_netcdf -o out.nc FILE` or `grib_to_netcdf -o out.nc FILE`",
    ),
    (b"\x1f\x8b", "compressed with gzip; unpack it: `gunzip`, or `tar -xf` for a .tar.gz"),
    (b"BZh", "compressed with bzip2; unpack it: `bunzip2`"),
    (b"\xfd7zXZ", "compressed with xz; unpack it: `unxz`"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; unpack it: `unzstd`"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it"),
    (
        b"<",
        "a web page or XML, perhaps an error message in place of the download; open it and "
        "download the file again",
    ),
    (b"{", "JSON text; give the file of the data"),
)
"""First bytes of formats that are not read, each with a remedy."""

FACTOR = 2000
"""Bytes of values per byte of file that no compression of fields reaches; gzip reaches 1032."""


def file_content(path: str | Path) -> FileContent:
    """Return the content of a file.

    Parameters
    ----------
    path
        Path of a file in one of the formats of this package, or of the folder of a Zarr store.

    Raises
    ------
    InputError
        If there is no such file, its format is unknown, it is damaged, or it contains Python
        objects: nothing is unpickled.

    Examples
    --------
    >>> from neurop.datasets.darcy_public import SAMPLES
    >>> content = file_content(SAMPLES / "darcy_test_16.pt")
    >>> content.format, [(array.name, array.axes) for array in content.arrays]
    ('torch, neuraloperator', [('x', ('sample', 'x', 'y')), ('y', ('sample', 'x', 'y'))])
    >>> content.task.input, content.task.target
    (('x',), ('y',))
    """
    path = Path(path)
    if path.is_dir():
        if zarr_store.is_zarr(path):
            return _guarded(netcdf.file_content, path)
        raise InputError(f"{path} is a folder; give one file, or a Zarr store", "path", str(path))
    if not path.is_file():
        raise InputError.in_file(path, "no such file; correct the path")
    current_state(str(path))
    with path.open("rb") as file:
        start = file.read(128)
    if _is_hdf5(path):
        hdf5_heap.check_heap(path)
        with open_hdf5(path) as content:
            content.visititems(_plausible)
            return next(found for ask in HDF5 if (found := ask(content, str(path))) is not None)
    if start.startswith((b"CDF\x01", b"CDF\x02", b"CDF\x05")):
        return _guarded(netcdf.file_content, path)
    if start.startswith(b"MATLAB 5"):
        return _guarded(matlab.file_content, path)
    if start.startswith(b"\x93NUMPY"):
        return _guarded(arrays.npy_content, path)
    if start.startswith((b"PK", b"\x80")):
        return _guarded(_archive, path)
    if not start:
        raise InputError.in_file(path, "the file is empty; write or download it again")
    for begin, what in OTHER:
        if start.lstrip(b" \t\r\n\xef\xbb\xbf").startswith(begin):
            raise InputError.in_file(path, what)
    raise InputError.in_file(
        path,
        f"not a format that neurop reads (HDF5, NetCDF, Zarr, MATLAB .mat, torch .pt, "
        f"numpy .npy or .npz); it begins with {start[:8]!r}",
    )


def _is_hdf5(path: Path) -> bool:
    """Return whether the signature is at byte 0, or after a header of 512, 1024, ... bytes."""
    signature, size, at = b"\x89HDF\r\n\x1a\n", path.stat().st_size, 0
    with path.open("rb") as file:
        while at < size:
            file.seek(at)
            if file.read(8) == signature:
                return True
            at = 2 * at or 512
    return False


def _archive(path: Path) -> FileContent:
    names = zipfile.ZipFile(path).namelist() if zipfile.is_zipfile(path) else []
    if any(name.endswith(".npy") for name in names):
        return arrays.npz_content(path)
    if any(name.endswith("data.pkl") for name in names) or not names:
        return torch_pt.file_content(path)
    if any(name.startswith(_STORES) for name in names):
        raise InputError.in_file(
            path, "a Zarr store in a zip archive; unpack it with `unzip -d data.zarr`"
        )
    raise InputError.in_file(path, f"a zip archive of {', '.join(names[:3])}; unpack it first")


def _plausible(name: str, item: h5py.Group | h5py.Dataset) -> None:
    """Raise InputError for a size beyond that of the file, before memory is allocated."""
    if not isinstance(item, h5py.Dataset):
        return
    if item.nbytes > max(2**28, FACTOR * os.path.getsize(item.file.filename)):
        raise InputError(
            f"damaged, '{name}' has shape {item.shape}, more than the file can hold; write or "
            "download it again"
        )
    if is_scale(item):  # read at once, as every coordinate
        check_fits(f"'{name}'", item.nbytes, "use a part of it")


def _guarded(read: Callable[[Path], FileContent], path: Path) -> FileContent:
    """Call a reader, and turn any error of its library into a message of one line."""
    try:
        return read(path)
    except InputError as error:
        raise error if str(path) in str(error) else InputError.in_file(path, str(error)) from error
    except ModuleNotFoundError as error:
        raise InputError.in_file(
            path, f"needs the package {error.name}: {advice(str(error.name))}"
        ) from error
    except Exception as error:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) == ENOMEM:
            raise InputError.in_file(
                path,
                f"takes more memory than the {available_bytes() / 1e9:.3g} GB that are free; use a "
                "part of it",
            ) from error
        raise InputError.in_file(
            path, f"damaged or not readable ({one_line(error)[:160]}); write or download it again"
        ) from error
