"""Resumable generation: finished batches are kept as shards, and the last one turns them into one file."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neurop.data import store
from neurop.data._progress import progress
from neurop.data.fieldset import FieldSet
from neurop.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Recipe:
    """What to generate, and how.

    Parameters
    ----------
    name
        Short name of the data set.
    shape
        Points per axis of the stored fields; part of the file name.
    parameters
        Everything that the values depend on, the seed and the solver's version included: plain values, hashed into the file name.
    samples
        Number of samples.
    make
        From a range of sample numbers to arrays with that many rows, each sample depending on its number alone:
        ``{"values": (n, time, channel, *grid)}``, and ``"targets"`` for a map. Called from several threads at once.
    assemble
        From the arrays of all samples to the set to store.
    batch
        Samples per call of `make`; an interruption loses at most the batches in progress.
    """

    name: str
    shape: tuple[int, ...]
    parameters: dict[str, Any]
    samples: int
    make: Callable[[range], dict[str, NDArray[Any]]]
    assemble: Callable[[dict[str, NDArray[Any]]], FieldSet]
    batch: int = 20

    @property
    def hash(self) -> str:
        """First 8 hex digits of the SHA-256 of the parameters, the number of samples and the shape."""
        plain = {**self.parameters, "samples": self.samples, "shape": list(self.shape)}
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:8]

    @property
    def file(self) -> str:
        """File name, ``<name>-<resolution>-<hash>.h5``: the sizes joined by ``x`` where they differ."""
        sizes = self.shape[:1] if len(set(self.shape)) == 1 else self.shape
        return f"{self.name}-{'x'.join(map(str, sizes))}-{self.hash}.h5"


def data_folder(folder: str | Path | None = None) -> Path:
    """Return `folder`, else ``$NEUROP_DATA``, else ``./data``."""
    return Path(folder or os.environ.get("NEUROP_DATA") or "data")


def generated(recipe: Recipe, folder: str | Path | None = None) -> FieldSet:
    """Return the set of a recipe: read from its file, which is generated first if it is missing.

    A finished file is never written again. An interrupted run continues after its last finished batch, with the
    same values as an uninterrupted one.

    Parameters
    ----------
    recipe
        What to generate.
    folder
        Folder of the file; by default that of :func:`data_folder`.

    Raises
    ------
    InputError
        If another process is generating the same file, or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from neurop.data.fieldset import Field
    >>> from neurop.physics.grid import Grid
    >>> recipe = Recipe(
    ...     "ramp",
    ...     (8,),
    ...     {"seed": 0},
    ...     samples=3,
    ...     make=lambda numbers: {"values": np.array(numbers)[:, None, None, None] + np.zeros((1, 1, 8), np.float32)},
    ...     assemble=lambda arrays: FieldSet(arrays["values"], (Field("u"),), Grid.periodic(1)),
    ... )
    >>> generated(recipe, tempfile.mkdtemp()).values[:, 0, 0, 0].tolist()
    [0.0, 1.0, 2.0]
    """
    path = data_folder(folder) / recipe.file
    if not path.exists():
        parts = path.with_name(path.name + ".parts")
        with _writing(parts, "make the folder"):
            parts.mkdir(parents=True, exist_ok=True)
        with _locked(parts, path):
            # Another process may have finished between the two looks.
            if not path.exists():
                _make(recipe, path, parts)
        shutil.rmtree(parts, ignore_errors=True)
    return store.read(path)


def _make(recipe: Recipe, path: Path, parts: Path) -> None:
    batches = [range(start, min(start + recipe.batch, recipe.samples)) for start in range(0, recipe.samples, recipe.batch)]
    shards = {batch: parts / f"{batch.start:06d}-{batch.stop:06d}.npz" for batch in batches}

    def shard(batch: range) -> int:
        if not shards[batch].exists():
            arrays = recipe.make(batch)
            partial = shards[batch].with_suffix(".tmp")
            with _writing(shards[batch], "keep a batch"):
                with partial.open("wb") as file:
                    np.savez(file, **arrays)  # type: ignore[arg-type]
                os.replace(partial, shards[batch])
        return len(batch)

    title = f"generating {recipe.name} at {'x'.join(map(str, recipe.shape))}"
    with progress(title, recipe.samples, path) as done, _workers() as pool:
        for finished in as_completed([pool.submit(shard, batch) for batch in batches]):
            done(finished.result())
    pieces = []
    for kept in shards.values():
        with np.load(kept) as arrays:
            pieces.append(dict(arrays))
    fieldset = recipe.assemble({key: np.concatenate([piece[key] for piece in pieces]) for key in pieces[0]})
    store.write(path, fieldset, {**recipe.parameters, "dataset_name": recipe.name, "samples": recipe.samples, "hash": recipe.hash})


@contextmanager
def _workers() -> Iterator[ThreadPoolExecutor]:
    """Give as many threads as torch may use, with one core each.

    The operations of a batch are small: torch's own threads, which wait for each other after every one of them,
    hardly gain on an idle machine and lose much on a busy one.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(threads)
    try:
        yield pool
    except KeyboardInterrupt:
        print("stopping after the batches in progress, which are kept", file=sys.stderr, flush=True)
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


@contextmanager
def _locked(parts: Path, path: Path) -> Iterator[None]:
    """Hold a lock that the operating system takes back should the process die."""
    with _writing(parts, "lock the folder"):
        lock = (parts / "lock").open("w")
    with lock:
        try:
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{path} is being generated by another process; wait for it to finish, then run this again") from None
        yield


@contextmanager
def _writing(path: Path, what: str) -> Iterator[None]:
    """Turn a failure to write into one line that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            remedy = "free some space and run this again (finished batches are kept), or set NEUROP_DATA to a larger disk"
        else:
            remedy = "set NEUROP_DATA to a folder that can be written"
        raise InputError(f"cannot {what} at {path}: {error.strerror or error}; {remedy}") from error
