"""A data file reads no other file outside of its folder."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from raising import raises_input

from neurop.formats import store
from neurop.formats.detect import file_content
from neurop.formats.inspect import inspect

VALUES = np.arange(64, dtype=np.float32).reshape(4, 16)


def external(file: h5py.File, other: Path) -> None:
    file.create_dataset("u", (4, 16), "f4", external=[(str(other), 0, 256)])


def link(file: h5py.File, other: Path) -> None:
    file["group/v"] = VALUES
    file["group/u"] = file["u"] = h5py.ExternalLink(str(other), "u")


def virtual(file: h5py.File, other: Path) -> None:
    layout = h5py.VirtualLayout((4, 16), "f4")
    layout[:] = h5py.VirtualSource(str(other), "u", (4, 16))
    file.create_virtual_dataset("u", layout)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Return the folder of the data, and a secret outside of it."""
    (tmp_path / "data").mkdir()
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["u"] = VALUES
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data", secret


KINDS = (external, link, virtual)


@pytest.mark.trust(
    "A data file reads nothing outside its folder",
    "a data file that reads another outside of its folder",
)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["../secret.h5", "secret.h5", "absolute", "near/secret.h5"])
def test_files_outside(
    kind: Callable[[h5py.File, Path], None], name: str, folders: tuple[Path, Path]
) -> None:
    folder, secret = folders
    (folder / "near").symlink_to(folder.parent)
    with h5py.File(folder / "a.h5", "w") as file:
        kind(file, secret if name == "absolute" else Path(name))
    for reads in (file_content, inspect, store.read):
        with raises_input("path", str(folder / "a.h5"), "outside of the folder of the file; copy"):
            reads(folder / "a.h5")


@pytest.mark.trust(
    "A data file reads nothing outside its folder",
    "a data file that reads another by way of a third",
)
def test_files_by_way_of_another(folders: tuple[Path, Path]) -> None:
    folder, secret = folders
    for name, other in (("b.h5", secret), ("a.h5", Path("b.h5"))):
        with h5py.File(folder / name, "w") as file:
            virtual(file, other)
    with raises_input("path", str(folder / "a.h5"), "'u' has its values in .*secret.h5, outside"):
        file_content(folder / "a.h5")


@pytest.mark.parametrize("kind", [link, virtual])
def test_files_of_the_folder(
    kind: Callable[[h5py.File, Path], None], folders: tuple[Path, Path]
) -> None:
    """Parts of a set are next to the file that joins them; two may name each other."""
    folder, _ = folders
    with h5py.File(folder / "b.h5", "w") as file:
        file["u"] = VALUES
        file["back"] = h5py.ExternalLink("a.h5", "u")
    with h5py.File(folder / "a.h5", "w") as file:
        kind(file, Path("b.h5"))
        file["own"] = h5py.SoftLink("/u")
    arrays = {a.name: a for a in file_content(folder / "a.h5").arrays}
    assert float(next(iter(arrays.values())).values().sum()) == VALUES.sum()


@pytest.mark.trust(
    "A data file reads nothing outside its folder", "a Zarr store with a link out of its folder"
)
def test_links_in_a_store(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "a.zarr"
    group = zarr.open_group(path, mode="w", zarr_format=2)
    array = group.create_array("u", shape=VALUES.shape, dtype=VALUES.dtype)
    array[:] = VALUES + 1
    array.attrs["_ARRAY_DIMENSIONS"] = ["time", "x"]
    chunk = path / "u" / "0.0"
    for target, wrong in ((tmp_path / "data" / "moved", False), (tmp_path / "secret", True)):
        chunk.rename(target)
        chunk.symlink_to(target)
        if wrong:
            with raises_input("path", str(path), r"'u/0.0' is a link to .*secret, outside of it"):
                file_content(path)
        else:
            assert float(file_content(path).array("u").values().sum()) == VALUES.sum() + 64
        chunk.unlink()
        target.rename(chunk)
