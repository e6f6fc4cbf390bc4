"""A file object that survives write errors, for h5py, and signals that wait for the library."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import h5py

_SMALL = 2**16
"""Largest size in bytes of the structures that the library reads again after writing them."""


class _Target:
    """A file object that accepts all writes and stores the first error.

    The HDF5 library ends the process (a segmentation fault) if a write fails while it closes a
    file, so a full disk must not raise inside it. Small pieces written after the error stay in
    memory, since the library may read them again.
    """

    def __init__(self, path: Path) -> None:
        self.error: OSError | None = None
        self._file = path.open("w+b", buffering=0)
        self._at = 0
        self._pieces: list[tuple[int, bytes]] = []

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset if whence == 0 else (self._at if whence == 1 else self._size()) + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        piece = memoryview(data).cast("B")
        if self.error is None:
            try:
                self._file.seek(self._at)
                done = 0
                while done < len(piece):
                    done += self._file.write(piece[done:]) or 0
            except OSError as error:
                self.error = error
        if self.error is not None and len(piece) <= _SMALL:
            self._pieces.append((self._at, bytes(piece)))
        self._at += len(piece)
        return len(piece)

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        view[:] = bytes(len(view))
        self._file.seek(self._at)
        self._file.readinto(view)
        for start, piece in self._pieces:
            first, last = max(start, self._at), min(start + len(piece), self._at + len(view))
            if first < last:
                view[first - self._at : last - self._at] = piece[first - start : last - start]
        self._at += len(view)
        return len(view)

    def read(self, size: int) -> bytes:
        buffer = bytearray(size)
        self.readinto(buffer)
        return bytes(buffer)

    def check(self) -> None:
        """Raise the first error of writing, if there was one."""
        if self.error is not None:
            raise self.error

    def truncate(self, size: int) -> int:
        if self.error is None:
            try:
                self._file.truncate(size)
            except OSError as error:
                self.error = error
        return size

    def flush(self) -> None:
        """Do nothing: nothing is buffered."""

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            self.error = self.error or error

    def _size(self) -> int:
        return self._file.seek(0, 2)


@contextmanager
def create_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open a new HDF5 file for writing; Ctrl-C waits until the block ends.

    Raises
    ------
    OSError
        At the end, if any part of it could not be written.
    """
    # The format of HDF5 1.10 (2016) has checksums of its structures, the default one has none.
    version = ("v110", "v110")
    with delayed_signals(), target_of(path) as target, h5py.File(target, "w", libver=version) as f:
        yield f


@contextmanager
def target_of(path: Path) -> Iterator[Any]:
    """Yield a file object for an HDF5 library to write a new file to.

    Raises
    ------
    OSError
        At the end, if any part of it could not be written.
    """
    target = _Target(path)
    try:
        yield target
    finally:
        target.close()
    target.check()


@contextmanager
def delayed_signals() -> Iterator[None]:
    """Delay Ctrl-C and SIGTERM until the block ends.

    Python handles a signal in the next function that it calls. If the HDF5 library called that
    function, the exception passes through the library, which cannot use its file any more.
    """
    came: list[signal.Signals] = []
    handlers = {}

    def keep(number: int, _: FrameType | None) -> None:
        came.append(signal.Signals(number))

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if callable(handler := signal.getsignal(number)):
                handlers[number] = handler
                signal.signal(number, keep)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in came:
            handlers[number](number, None)
