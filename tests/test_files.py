"""Files are written whole or not at all, with the rights of any other file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from raising import raises_input

from neurop.files import replacing, replacing_folder


def test_the_old_file_stays_until_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
        assert part.parent == path.parent  # renaming is atomic within a file system alone
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def half_written(path: Path) -> None:
    with replacing(path) as part:
        part.write_text("half")
        raise OSError("no space left")


@pytest.mark.parametrize("before", ["old", None])
def test_a_block_that_fails_changes_nothing(tmp_path: Path, before: str | None) -> None:
    path = tmp_path / "a.txt"
    if before is not None:
        path.write_text(before)
    with pytest.raises(OSError, match="no space"):
        half_written(path)
    assert (path.read_text() if path.exists() else None) == before
    assert [p.name for p in tmp_path.iterdir()] == ([] if before is None else ["a.txt"])


def test_a_block_that_writes_nothing_is_an_error_and_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), replacing(path):
        pass
    assert path.read_text() == "old"


def test_the_folder_is_made(tmp_path: Path) -> None:
    with replacing(tmp_path / "a" / "b" / "c.txt") as part:
        part.write_text("new")
    assert (tmp_path / "a" / "b" / "c.txt").read_text() == "new"


@pytest.fixture(params=[0o022, 0o027, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.skipif(os.name == "nt", reason="rights are others there")
def test_others_may_read_what_the_umask_lets_them(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "a.txt"
    with replacing(path) as part:
        part.touch(mode=0o600)  # as some libraries write
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    assert os.umask(umask) == umask


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "x"
    with raises_input("path", str(folder)), replacing(folder / "a.txt"):
        pass


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for name in ("one", "two"):
        with replacing_folder(path) as part:
            (part / name).touch()
    assert [p.name for p in path.iterdir()] == ["two"]

    def fail() -> None:
        with replacing_folder(path) as part:
            (part / "three").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert [p.name for p in path.iterdir()] == ["two"]
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
