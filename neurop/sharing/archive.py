"""Archives of saved surrogates: two members are read, after names, kinds and sizes are checked."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from neurop.errors import InputError
from neurop.files import replacing
from neurop.model_folder import CARD, WEIGHTS

MOST_CARD = 16 * 2**20
"""Bytes of the largest card that is read; cards have some kilobytes."""
MOST_WEIGHTS = 64 * 2**30
"""Bytes of the largest weights that are read from an archive or from the hub."""
MOST_RATIO = 20
"""Largest ratio of unpacked to packed bytes: weights are random digits and hardly shrink."""
_CHUNK = 2**20
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    NotImplementedError,
    gzip.BadGzipFile,
)


@dataclass(frozen=True)
class _Member:
    """A member of an archive; `fault` is why it cannot be read."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]
    fault: str = ""


def unpack(path: Path, folder: Path) -> None:
    """Write ``model.json`` and ``model.safetensors`` of an archive to a folder.

    The archive (``.zip``, ``.tar`` or ``.tar.gz``, detected from its content) holds one surrogate,
    at any depth. Its other members are not read.

    Parameters
    ----------
    path
        Archive.
    folder
        Folder to write to.

    Raises
    ------
    InputError
        If it is no such archive or is damaged; if it holds no surrogate or several; if a name is
        absolute or leaves the archive; if one of the two members is a link, encrypted, or larger
        than a surrogate can be; or if the folder has no room.

    Examples
    --------
    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp())
    >>> with zipfile.ZipFile(place / "a.zip", "w") as archive:
    ...     archive.writestr("model/model.json", "{}")
    ...     archive.writestr("model/model.safetensors", b"")
    >>> unpack(place / "a.zip", place / "out")
    >>> sorted(file.name for file in (place / "out").iterdir())
    ['model.json', 'model.safetensors']
    """
    try:
        with _members(path) as members:
            chosen = _chosen(path, members)
            for name, member in chosen.items():
                with replacing(folder / name) as part, part.open("wb") as out:
                    _copy(path, member, out)
    except _DAMAGED as error:
        raise InputError.in_file(path, f"damaged ({error}); copy it again") from error
    except OSError as error:
        what = (
            f"cannot be unpacked to {folder} ({error.strerror or error}); make room, or set TMPDIR"
        )
        raise InputError.in_file(path, what) from error


@contextmanager
def _members(path: Path) -> Iterator[Sequence[_Member]]:
    """Yield the members of an archive, of which only names and sizes have been read."""
    with path.open("rb") as file:
        start = file.read(512)
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        with zipfile.ZipFile(path) as archive:
            yield [_zipped(archive, info) for info in archive.infolist() if not info.is_dir()]
    elif start[:2] == b"\x1f\x8b":
        _check_length(path)
        with gzip.open(path) as plain, tarfile.open(fileobj=plain, mode="r:") as archive_:
            yield [_tarred(archive_, info) for info in archive_ if not info.isdir()]
    elif start[257:262] == b"ustar":
        with tarfile.open(path, mode="r:") as archive_:
            yield [_tarred(archive_, info) for info in archive_ if not info.isdir()]
    else:
        what = "neither a folder nor a .zip, .tar or .tar.gz archive; give a surrogate's folder or"
        raise InputError.in_file(path, f"{what} an archive of it")


def _check_length(path: Path) -> None:
    """Raise InputError if a file expands too far; a list of members needs all of it."""
    most, length = _most(path), 0
    with gzip.open(path) as file:
        while chunk := file.read(_CHUNK):
            length += len(chunk)
            if length > most:
                raise InputError.in_file(path, _expands(most))


def _most(path: Path) -> int:
    """Return the largest number of bytes that an archive may expand to."""
    return min(MOST_CARD + MOST_RATIO * path.stat().st_size, MOST_CARD + MOST_WEIGHTS)


def _expands(most: int) -> str:
    return f"expands to more than {most:,} bytes, as no surrogate does; do not use it"


def _zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    kind = info.external_attr >> 28  # the file type of Unix, 0 where there is none
    fault = ""
    if kind not in (0, 8):
        fault = "is no regular file"
    elif info.flag_bits & 1:
        fault = "is encrypted"
    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        fault = "is compressed by another method than deflate"
    return _Member(info.filename, info.file_size, lambda: archive.open(info), fault)


def _tarred(archive: tarfile.TarFile, info: tarfile.TarInfo) -> _Member:
    def opened() -> IO[bytes]:
        file = archive.extractfile(info)
        assert file is not None
        return file

    regular = info.isreg() and not info.issparse()
    return _Member(info.name, info.size, opened, "" if regular else "is no regular file")


def _chosen(path: Path, members: Sequence[_Member]) -> dict[str, _Member]:
    """Return the card and the weights among the members; raise InputError if they are unsafe."""
    for member in members:
        parts = PurePosixPath(member.name).parts
        if "\\" in member.name or ":" in member.name or ".." in parts or parts[:1] == ("/",):
            what = f"the name {member.name[:80]!r} leaves the archive; do not use it"
            raise InputError.in_file(path, what)
    named = [(PurePosixPath(member.name), member) for member in members]
    folders = [name.parent for name, _ in named if name.name == CARD]
    if len(folders) != 1:
        what = f"{len(folders) or 'no'} {CARD} in this archive"
        raise InputError.in_file(path, f"{what}; give an archive of one surrogate's folder")
    chosen = {}
    for wanted, most in ((CARD, MOST_CARD), (WEIGHTS, MOST_WEIGHTS)):
        found = [member for name, member in named if name == folders[0] / wanted]
        if len(found) != 1:
            what = f"{len(found) or 'no'} {folders[0] / wanted} in this archive"
            raise InputError.in_file(path, f"{what}; give an archive of one surrogate's folder")
        (member,) = found
        if member.fault:
            raise InputError.in_file(path, f"{member.name} {member.fault}; pack it again")
        if member.size > most:
            what = f"{member.name} has {member.size:,} bytes, at most {most:,} are read"
            raise InputError.in_file(path, f"{what}; do not use it")
        chosen[wanted] = member
    if sum(member.size for member in chosen.values()) > _most(path):
        raise InputError.in_file(path, _expands(_most(path)))
    return chosen


def _copy(path: Path, member: _Member, out: IO[bytes]) -> None:
    """Copy a member; raise InputError if it has more or fewer bytes than its size promises."""
    with member.open() as source:
        while chunk := source.read(min(_CHUNK, member.size + 1 - out.tell())):
            out.write(chunk)
            if out.tell() > member.size:
                break
    if out.tell() != member.size:
        raise InputError.in_file(path, f"damaged ({member.name} has another size); copy it again")
