"""A thousand wrong inputs: settings, data files, surrogates and run folders, drawn at random.

Each ends with exit status 0, or with 2 and a line; none with a traceback, by the time limit, with
scores that are no numbers, or with something left in the folder after status 2.
"""

from __future__ import annotations

import json
import math
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from forked import Forked
from omegaconf import OmegaConf

from ..conftest import TINY

CASES, BATCH = 1000, 10
SECONDS, MEMORY = 120, 2**33
WRONG = (
    *("-1", "0", "1", "3", "0.5", "-0.5", "1e30", "1e-30", "nan", "inf", "-inf", "null", "true"),
    *("''", "[]", "{}", "[1,2]", "[-1]", "[a]", "{a: 1}", "a", "abc def", "???", "99999999999"),
    *("123456789012345678901234567890", "é", "../x", "\\n", "${x}", "${oc.env:HOME}"),
    *("$x", "1,2", "[[1]]", "{_target_: os.getcwd}", "10min", "1:2", "0x10", "1_000", "'1'"),
)
VERBS = ("eval", "superres", "rollout", "export", "info", "calibrate", "report", "predict")
Case = tuple[list[str], Callable[[Path], None]]


def keys(tree: Any, at: str = "") -> Iterator[str]:
    """Yield the dotted names of all settings below a node."""
    for key, value in tree.items():
        yield f"{at}{key}"
        if isinstance(value, dict):
            yield from keys(value, f"{at}{key}.")


def nothing(folder: Path) -> None:
    """Change nothing."""


def setting(rng: random.Random, run: Path) -> Case:
    """Return a training with one or two wrong settings."""
    settings = OmegaConf.to_container(OmegaConf.load(run / "config.yaml"))
    names = [key for key in keys(settings) if "_target_" not in key]
    words = [f"{rng.choice(names)}={rng.choice(WRONG)}" for _ in range(rng.choice((1, 1, 2)))]
    return ["train", *TINY, *words, "hydra.run.dir=made"], nothing


def option(rng: random.Random, run: Path) -> Case:
    """Return a verb on a surrogate with a wrong option."""
    names = ("ckpt", "steps", "grid", "batch_size", "device", "field", "input", "output", "format")
    words = [f"{rng.choice(names)}={rng.choice(WRONG)}"]
    return [rng.choice(VERBS), f"ckpt={run}", *words], nothing


def array(rng: random.Random) -> np.ndarray:
    """Return values of an odd shape, type or content."""
    shape = tuple(rng.choice((0, 1, 2, 3, 8, 16, 25)) for _ in range(rng.randint(0, 5)))
    dtype = rng.choice(("f4", "f8", "f2", "i1", "i8", "u2", "?", "c8", "S3", ">f4", "M8[s]"))
    generator = np.random.default_rng(rng.randrange(2**32))
    values = generator.normal(size=shape) * rng.choice((1, 1, 1, 1e-30, 1e25, 0)) + rng.choice(
        (0, 0, 1e7)
    )
    if values.size and rng.random() < 0.3:
        values.flat[rng.randrange(values.size)] = rng.choice((np.nan, np.inf, -np.inf, 1e300))
    if dtype in ("S3", "M8[s]"):
        return np.full(shape, b"abc" if dtype == "S3" else "2026-01-01", dtype)
    with np.errstate(all="ignore"):
        whole = np.dtype(dtype).kind in "iub"
        return (np.nan_to_num(values) if whole else values).astype(dtype)


def data_file(rng: random.Random, run: Path) -> Case:
    """Return a training or a look at a file of one or two odd arrays."""
    arrays = {
        name: array(rng) for name in rng.sample(["u", "v", "a", "x", "nu"], rng.randint(1, 2))
    }
    suffix = rng.choice((".npz", ".npy", ".h5"))
    named = ("sample", "time", "x", "y", "channel")
    ndim = next(iter(arrays.values())).ndim
    axes = f"data.axes=[{','.join(rng.sample(named, min(ndim, len(named))))}]"

    def write(folder: Path) -> None:
        path = folder / f"odd{suffix}"
        if suffix == ".npz":
            np.savez(path, **arrays)
        elif suffix == ".npy":
            np.save(path, next(iter(arrays.values())))
        else:
            with h5py.File(path, "w") as file:
                for name, values in arrays.items():
                    plain = values.astype("i8") if values.dtype.kind == "M" else values
                    file[name] = plain

    if rng.random() < 0.3:
        return ["inspect", f"odd{suffix}"], write
    small = [word for word in TINY if not word.startswith(("data", "~"))]
    words = [f"data.path=odd{suffix}", axes, *rng.choice(([], ["data.boundary=periodic"]))]
    return ["train", "data=file", *words, *small, "hydra.run.dir=made"], write


def run_folder(rng: random.Random, run: Path) -> Case:
    """Return a verb on a run folder of which a file was changed at random."""
    files = sorted(str(p.relative_to(run)) for p in run.rglob("*") if p.is_file())
    name = rng.choice([f for f in files if not f.endswith(".png")])
    how, at, byte = rng.choice(("cut", "byte", "json", "gone")), rng.random(), rng.randrange(256)
    wrong = rng.choice((None, -1, 0, 1e300, "a", [], {}, True, [[1]], "\x1b[31m", 10**30))

    def damage(folder: Path) -> None:
        shutil.copytree(run, folder / "run")
        path = folder / "run" / name
        content = bytearray(path.read_bytes())
        place = int(at * len(content))
        if how == "gone":
            path.unlink()
        elif how == "json" and path.suffix == ".json":
            card = json.loads(content)
            names = list(keys(card))
            *parents, last = rng.choice(names).split(".")
            inner = card
            for parent in parents:
                inner = inner[parent]
            inner[last] = wrong
            path.write_text(json.dumps(card))
        elif how == "cut":
            path.write_bytes(content[:place])
        elif content:
            content[place] = byte
            path.write_bytes(content)

    verb = rng.choice((*VERBS, "train"))
    words = ["resume=run", "trainer.max_epochs=3"] if verb == "train" else ["ckpt=run"]
    return [verb, *words], damage


KINDS = (setting, setting, setting, option, data_file, data_file, run_folder, run_folder)


def content(folder: Path) -> dict[str, int]:
    """Return what is in a folder, but for what the command printed."""
    files = (p for p in folder.rglob("*") if p.name not in ("out", "err"))
    return {str(p.relative_to(folder)): p.stat().st_size if p.is_file() else -1 for p in files}


def fault(folder: Path, words: list[str], status: int, before: dict[str, int]) -> str | None:
    """Return what is wrong with the end of a command, or None."""
    said = (folder / "err").read_text(errors="replace")
    if status not in (0, 2):
        return f"status {status}: {said[-300:]}"
    if "Traceback" in said:
        return f"traceback: {said[-300:]}"
    if status == 2 and not 1 <= len([s for s in said.splitlines() if words[0] in s]) <= 5:
        return f"no line: {said[:300]}"
    if status == 2 and (left := content(folder).keys() - before.keys()):
        return f"left {sorted(left)[:5]}"
    record = folder / "made" / "train.json"
    if status == 0 and record.is_file():
        found = json.loads(record.read_text())
        scores = {k: v for k, v in found.items() if k.startswith(("val/", "test/"))}
        bad = [k for k, v in scores.items() if isinstance(v, float) and not math.isfinite(v)]
        if bad:
            return f"scores {bad}"
    return None


@pytest.fixture(scope="module")
def forked(store: Path) -> Iterator[Forked]:
    with Forked(store) as made:
        yield made


@pytest.mark.slow
@pytest.mark.trust(
    "A wrong input is one line with exit status 2, and nothing is left",
    "settings, files, surrogates and run folders drawn at random",
    trials=BATCH,
)
@pytest.mark.parametrize("batch", range(CASES // BATCH))
def test_none_ends_badly(batch: int, trained: Path, forked: Forked, tmp_path: Path) -> None:
    faults = []
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        rng = random.Random(seed)
        words, prepare = rng.choice(KINDS)(rng, trained)
        folder = tmp_path / str(seed)
        folder.mkdir()
        prepare(folder)
        before = content(folder)
        status, _ = forked.run(folder, *words, seconds=SECONDS, memory=MEMORY)
        if wrong := fault(folder, words, status, before):
            faults.append(f"{seed}: neurop {' '.join(words)}: {wrong}")
        else:
            shutil.rmtree(folder)
    assert faults == []
