"""A disk that is full ends a command with one line, and leaves nothing that looks complete.

The limit on the size of files (``ulimit -f``) takes the place of a full disk: the system refuses to
write beyond it in the same calls.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import ENOSPC
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from raising import raises_input

from neurop.cli._errors import explain
from neurop.cli._evaluation import write_netcdf
from neurop.files import replacing, replacing_folder
from neurop.model_folder import write_folder

resource = pytest.importorskip("resource", reason="the system has no limit of file sizes")

Command = Callable[..., int]


@contextmanager
def full(most: int) -> Iterator[None]:
    """Refuse to write files of more than `most` bytes inside the block."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def text(path: Path) -> None:
    with replacing(path) as part:
        part.write_text("a" * 5000)


def netcdf(path: Path) -> None:
    write_netcdf(path, xr.Dataset({"u": ("x", np.zeros(5000))}))


def folder(path: Path) -> None:
    with replacing_folder(path) as part:
        (part / "a").write_text("a" * 5000)


@pytest.mark.trust(
    "A full disk is one line, and nothing half-written stays", "files of a limited size"
)
@pytest.mark.parametrize("write", [text, netcdf, folder])
@pytest.mark.parametrize("most", [0, 100, 4000])
def test_each_kind_of_file(write: Callable[[Path], None], most: int, tmp_path: Path) -> None:
    path = tmp_path / "out"
    with full(most), raises_input("path", str(path), r"cannot be written \(File too large\); free"):
        write(path)
    assert list(tmp_path.iterdir()) == []


def test_weights(tmp_path: Path) -> None:
    with full(4000), raises_input("path", str(tmp_path / "model.safetensors"), "free space"):
        write_folder(tmp_path, {"w": torch.zeros(5000)}, {})
    assert list(tmp_path.iterdir()) == []


def test_errors_of_libraries() -> None:
    cause = OSError(ENOSPC, "No space left on device")
    outer = RuntimeError("cannot save")
    outer.__cause__ = cause
    for error in (cause, outer, RuntimeError("errno = 28, 'No space left on device'")):
        line = "No space left on device; free space, or give another place"
        assert explain(error, lambda: ([], {})) == line
    assert explain(OSError("disk"), lambda: ([], {})) is None


VERBS = {
    "eval": ["eval", "out=out"],
    "superres": ["superres", "resolutions=[16]", "out=out"],
    "rollout": ["rollout", "steps=2", "out=out"],
    "publish": ["publish", "license=mit", "folder=out"],
}


@pytest.mark.slow
@pytest.mark.trust(
    "A full disk is one line, and nothing half-written stays", "verbs on a full disk"
)
@pytest.mark.parametrize("verb", VERBS)
def test_verbs(
    verb: str, trained: Path, neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with full(500):
        status = neurop(*VERBS[verb], f"ckpt={trained}")
    lines = capsys.readouterr().err.splitlines()
    assert (status, len(lines)) == (2, 1)
    assert "cannot be written (File too large); free space, or give another place" in lines[0]
    assert [file for file in Path("out").rglob("*") if file.is_file()] == []


@pytest.mark.slow
@pytest.mark.trust(
    "A full disk is one line, and nothing half-written stays", "a training on a full disk"
)
def test_a_training(
    trained: Path, neurop: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without room for a checkpoint nothing stays; with one, the run is continued afterwards."""
    words = ["data=burgers", "data.samples=12", "data.storage.held_out=2", "data.resolution=16"]
    words += ["model.width=6", "model.depth=1", "model.modes=4", "trainer.max_epochs=2"]
    assert neurop("generate", *words[:4]) == 0
    capsys.readouterr()
    with full(5000):
        assert neurop("train", *words, "hydra.run.dir=run") == 2
    assert "best.ckpt: cannot be written (File too large)" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    shutil.copytree(trained, "copy")
    before = {file: file.read_bytes() for file in Path("copy").rglob("*") if file.is_file()}
    with full(100):
        assert neurop("train", "resume=copy", "trainer.max_epochs=4") == 2
    lines = capsys.readouterr().err.splitlines()
    assert "cannot be written (File too large)" in lines[-1]
    after = {file: file.read_bytes() for file in Path("copy").rglob("*") if file.is_file()}
    assert after == before
    assert neurop("train", "resume=copy", "trainer.max_epochs=4") == 0
