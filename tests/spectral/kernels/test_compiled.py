"""A compiled file is loaded only as it was stored, from a folder that nobody else can write."""

import os
import stat
from pathlib import Path

import pytest

from neurop.spectral.kernels import native
from neurop.spectral.kernels.compiled import UnsafeFolder, compiled, private_folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NEUROP_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Build:
    """Write a file, and count."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, out: Path) -> None:
        self.count += 1
        out.write_bytes(b"code" * 1000)


@pytest.mark.usefixtures("cache")
def test_a_file_is_built_once() -> None:
    build = Build()
    paths = {compiled("a.so", build) for _ in range(3)}
    assert (len(paths), build.count) == (1, 1)
    assert stat.S_IMODE(private_folder().stat().st_mode) & 0o077 == 0


@pytest.mark.trust("Kernels are loaded as they were compiled", "a file cut, changed or planted")
@pytest.mark.parametrize("content", [b"", b"code" * 500, b"code" * 999 + b"evil", None])
@pytest.mark.usefixtures("cache")
def test_another_file_is_built_again(content: bytes | None, tmp_path: Path) -> None:
    build = Build()
    path = compiled("a.so", build)
    if content is None:
        (tmp_path / "evil.so").write_bytes(b"code" * 1000)
        path.unlink()
        path.symlink_to(tmp_path / "evil.so")
    else:
        path.write_bytes(content)
    assert compiled("a.so", build).read_bytes() == b"code" * 1000
    assert build.count == 2
    assert not path.is_symlink()


@pytest.mark.trust("Kernels are loaded as they were compiled", "a file without the hash of its own")
@pytest.mark.usefixtures("cache")
def test_a_planted_file_is_not_taken() -> None:
    folder = private_folder()
    (folder / "a.so").write_bytes(b"evil")
    for note in (None, b"", b"\xff", b"0" * 64):
        if note is not None:
            (folder / "a.so.sha256").write_bytes(note)
        assert compiled("a.so", Build()).read_bytes() == b"code" * 1000
        (folder / "a.so").write_bytes(b"evil")


@pytest.mark.trust("Kernels are loaded as they were compiled", "a folder that others can write")
def test_a_folder_of_others(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = private_folder()
    for mode in (0o720, 0o702, 0o777):
        folder.chmod(mode)
        with pytest.raises(UnsafeFolder, match="can be written by others; chmod go-w it, or"):
            compiled("a.so", Build())
    folder.chmod(0o700)
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    folder.rename(cache / f"kernels-{other}")
    with pytest.raises(UnsafeFolder, match=r"belongs to another user; .*NEUROP_CACHE"):
        compiled("a.so", Build())


def test_a_link_to_a_folder(cache: Path, tmp_path: Path) -> None:
    folder = private_folder()
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeFolder, match="is no folder"):
        compiled("a.so", Build())


def test_the_kernels_say_why_they_are_not_used(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NEUROP_NATIVE", raising=False)
    monkeypatch.delenv("CXX", raising=False)
    private_folder().chmod(0o777)
    with pytest.warns(UserWarning, match="not used.*can be written by others"):
        assert native.library.__wrapped__() is None


def test_a_compiler_after_another_command(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``CXX="ccache g++"``: the first word starts the second."""
    for name, text in (
        ("ccache", 'exec "$@"\n'),
        ("cxx", 'for last; do :; done\n[ "$1" = --version ] && echo 1 || echo code > "$last"\n'),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("CXX", "ccache cxx")
    assert native.compile_library().read_text() == "code\n"
