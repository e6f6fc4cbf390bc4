"""Resumable generation: finished batches are stored as shards, which are joined in one file."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.formats import store
from neurop.generation.locks import Busy, locked, writing
from neurop.generation.pool import run_all
from neurop.generation.progress import show_progress
from neurop.generation.shards import BatchWriter, is_finished, join_shards
from neurop.physics.device import compute_device

POLL = 1.0
"""Seconds between looks at a file that another process generates."""


@dataclass(frozen=True)
class Recipe:
    """Recipe of a data set: its parameters, and the function that generates it.

    Parameters
    ----------
    name
        Short name of the data set.
    shape
        Points per axis of the stored fields; part of the file name.
    parameters
        All parameters that determine the values, with the seed and the solver's version: plain
        values, hashed into the file name.
    samples
        Number of samples.
    make
        Function from a range of sample numbers to arrays with that many rows, each determined by
        its number: ``{"values": (n, time, channel, *grid)}``, and ``"targets"`` for a map. It is
        called in several processes at once if it can be pickled, else in several threads.
    assemble
        Function from the lazy arrays of all samples to the set to store.
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
        """First 8 hex digits of the SHA-256 of parameters, number of samples and shape."""
        plain = {**self.parameters, "samples": self.samples, "shape": list(self.shape)}
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:8]

    @property
    def file(self) -> str:
        """File name, ``<name>-<resolution>-<hash>.h5``; sizes that differ are joined by ``x``."""
        sizes = self.shape[:1] if len(set(self.shape)) == 1 else self.shape
        return f"{self.name}-{'x'.join(map(str, sizes))}-{self.hash}.h5"


def data_folder(folder: str | Path | None = None) -> Path:
    """Return `folder`, else ``$NEUROP_DATA``, else ``./data``."""
    return Path(folder or os.environ.get("NEUROP_DATA") or "data")


def load_or_generate(recipe: Recipe, folder: str | Path | None = None) -> FieldSet:
    """Return the set of a recipe from its file, generated first if it is missing.

    If another process is generating it, such as another job of a sweep, its end is waited for.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from neurop.fields.field import Field
    >>> from neurop.geometry.grid import Grid
    >>> recipe = Recipe(
    ...     "ramp",
    ...     (8,),
    ...     {"seed": 0},
    ...     samples=3,
    ...     make=lambda numbers: {"values": np.float32(numbers).repeat(8).reshape(-1, 1, 1, 8)},
    ...     assemble=lambda arrays: FieldSet(arrays["values"], (Field("u"),), Grid.periodic(1)),
    ... )
    >>> load_or_generate(recipe, tempfile.mkdtemp()).values[:, 0, 0, 0].tolist()
    [0.0, 1.0, 2.0]
    """
    path, said = data_folder(folder) / recipe.file, False
    while not path.exists():
        try:
            generate(recipe, folder)
        except Busy as busy:
            if busy.here:  # it would wait for itself
                raise
            if not said:
                print(f"waiting for another process, which generates {path}", file=sys.stderr)
            said = True
            time.sleep(POLL)
    return store.read(path)


def generate(
    recipe: Recipe,
    folder: str | Path | None = None,
    workers: int | None = None,
    shard: tuple[int, int] | None = None,
) -> int:
    """Generate the missing file of a recipe, or one shard of it; return the number of new samples.

    A finished file is never written again. An interrupted run continues after its last finished
    batch, with the same values as an uninterrupted one. Shards, generated on one machine or on
    several that share the folder, consist of ordinary batches: a later run without `shard`
    generates the missing ones and joins them all.

    Parameters
    ----------
    recipe
        Recipe of the data set.
    folder
        Folder of the file; by default that of :func:`data_folder`.
    workers
        Number of processes. By default one per core, if the remaining work takes longer than to
        start them.
    shard
        Pair ``(i, n)`` to generate every n-th batch, from the i-th on, counted from 0, and write no
        file.

    Raises
    ------
    InputError
        If another process is generating the same file or shard, the folder cannot be written, or an
        argument is out of its bounds.
    ExternalFailure
        If a process was ended from outside, for example because memory ran out.
    """
    if workers is not None and workers < 1:
        raise InputError.of("workers", workers, "use 1 or more, or null for one per core")
    if shard is not None and not 0 <= shard[0] < shard[1]:
        first, count = shard
        raise InputError.of(
            "shard",
            f"{first}/{count}",
            f"shards are counted from 0; {count} of them go from 0/{count} on",
        )
    path = data_folder(folder) / recipe.file
    parts, made = path.with_name(path.name + ".parts"), 0
    if path.exists():
        return 0
    with writing(parts, "make the folder"):
        parts.mkdir(parents=True, exist_ok=True)
    with locked(parts, path, shard):
        # Another process may have finished since the first check.
        if not path.exists():
            made = _make(recipe, path, parts, workers, shard)
            if shard is None:
                _join(recipe, path, parts)
        done = path.exists()
    if done:
        shutil.rmtree(parts, ignore_errors=True)
    return made


def _batches(recipe: Recipe) -> list[range]:
    return [
        range(start, min(start + recipe.batch, recipe.samples))
        for start in range(0, recipe.samples, recipe.batch)
    ]


def _make(
    recipe: Recipe, path: Path, parts: Path, workers: int | None, shard: tuple[int, int] | None
) -> int:
    first, step = shard or (0, 1)
    batches = _batches(recipe)[first::step]
    missing = [batch for batch in batches if not is_finished(parts, batch)]
    title = f"generating {recipe.name} at {'x'.join(map(str, recipe.shape))}" + (
        f", shard {first}/{step}" if shard else ""
    )
    with show_progress(title, sum(map(len, batches)), path) as done, _one_thread() as cores:
        done(sum(map(len, batches)) - sum(map(len, missing)))
        # Several processes would take turns on one GPU.
        for length in run_all(
            BatchWriter(recipe.make, parts),
            missing,
            workers,
            1 if compute_device().type == "cuda" else cores,
        ):
            done(length)
    return sum(map(len, missing))


def _join(recipe: Recipe, path: Path, parts: Path) -> None:
    fieldset = recipe.assemble(join_shards(parts, _batches(recipe)))
    store.write(
        path,
        fieldset,
        {
            **recipe.parameters,
            "dataset_name": recipe.name,
            "samples": recipe.samples,
            "hash": recipe.hash,
        },
    )


@contextmanager
def _one_thread() -> Iterator[int]:
    """Limit torch to one thread, and yield the number of threads that it had.

    The operations of a batch are small: threads that synchronise after each of them gain little on
    an idle machine and lose much on a busy one.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)
