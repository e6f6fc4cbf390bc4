"""Files that a data file reads from: only those of its own folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import h5py

from neurop.errors import InputError

_REMEDY = "copy the values into the file if you trust it"


def check_hdf5_links(file: h5py.File, seen: frozenset[Path] = frozenset()) -> None:
    """Raise InputError if an HDF5 file has values, or links to others, outside of its folder.

    The file of a stranger could otherwise show any file that the user may read. The files of its
    folder that it names are checked too.
    """
    path = Path(file.filename).resolve()
    seen |= {path}
    for place, what, name in _elsewhere(file):
        for base in {path.parent, Path.cwd()}:  # HDF5 looks in both
            target = (base / name).resolve()
            if not target.is_relative_to(path.parent):
                if base == path.parent or target.exists():
                    raise InputError(
                        f"'{place}' {what} {name}, outside of the folder of the file; {_REMEDY}"
                    )
            elif target not in seen and target.is_file() and h5py.is_hdf5(target):
                seen |= {target}
                with h5py.File(target, "r") as other:
                    check_hdf5_links(other, seen)


def _elsewhere(file: h5py.File) -> Iterator[tuple[str, str, str]]:
    """Yield the item, the kind of reference, and the other file, for each reference to one."""
    groups: list[h5py.Group] = [file]
    sets: list[h5py.Dataset] = []
    file.visititems(
        lambda name, item: (groups if isinstance(item, h5py.Group) else sets).append(item)
    )
    for group in groups:
        for name in group:
            if isinstance(link := group.get(name, getlink=True), h5py.ExternalLink):
                yield f"{group.name.rstrip('/')}/{name}".strip("/"), "is a link to", link.filename
    for item in sets:
        if not isinstance(item, h5py.Dataset):
            continue
        for name, _, _ in item.external or ():
            yield item.name.strip("/"), "has its values in", os.fsdecode(name)
        for source in item.virtual_sources() if item.is_virtual else ():
            if source.file_name != ".":
                yield item.name.strip("/"), "has its values in", source.file_name


def check_folder_links(store: Path) -> None:
    """Raise InputError if a symbolic link in a store leads out of the folder that contains it."""
    around = store.resolve().parent
    for folder, folders, files in os.walk(store):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink() and not path.resolve().is_relative_to(around):
                inside = path.relative_to(store)
                raise InputError.in_file(
                    store, f"'{inside}' is a link to {path.resolve()}, outside of it; {_REMEDY}"
                )
