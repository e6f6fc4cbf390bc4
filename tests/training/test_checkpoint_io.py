"""A checkpoint is whole, whatever happens while it is written."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import lightning
import pytest
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import Callback
from small import ARGUMENTS, evolution

from neurop.errors import InputError
from neurop.registry import Spec
from neurop.training import checkpoint_io
from neurop.training.checkpoint_io import WholeCheckpointIO, write_whole
from neurop.training.fit import fit
from neurop.training.preflight import check_checkpoint

QUIET = partial(
    lightning.Trainer,
    accelerator="cpu",
    logger=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)

# Kills its own process when a checkpoint has been written to the disk but not yet moved.
KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from neurop.registry import Spec
from neurop.training import checkpoint_io
from neurop.training.fit import fit
from small import ARGUMENTS, evolution

last = Path(sys.argv[2], "checkpoints", "last.ckpt")
checkpoint_io.os.fsync = lambda _: last.exists() and os.kill(os.getpid(), signal.SIGKILL)
fit(Spec("fno", ARGUMENTS), evolution(), epochs=3, folder=sys.argv[2])
"""


class Count(Callback):
    """Counts the epochs that it has seen."""

    seen = 0

    def on_train_epoch_end(self, *_: object) -> None:
        self.seen += 1


@pytest.mark.trust(
    "A checkpoint is whole, or the one before it stays",
    "SIGKILL during the write",
)
@pytest.mark.slow
def test_a_killed_process_leaves_the_earlier_checkpoint(tmp_path: Path) -> None:
    elsewhere = tmp_path / "temporary"
    elsewhere.mkdir()
    here = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", KILLED, here, str(tmp_path / "run")],
        env=os.environ | {"TMPDIR": str(elsewhere)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)[
        "epoch"
    ] in (0, 1)
    assert list(elsewhere.rglob("*.ckpt")) == []


@pytest.mark.trust(
    "A checkpoint is whole, or the one before it stays",
    "a write that fails",
)
def test_a_failed_write_leaves_the_earlier_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, writer = tmp_path / "last.ckpt", WholeCheckpointIO()
    writer.save_checkpoint({"epoch": 1}, path)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint_io.os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        writer.save_checkpoint({"epoch": 2}, path)
    assert writer.load_checkpoint(path, weights_only=True) == {"epoch": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


def test_what_a_killed_process_leaves_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".last.ckpt.1.part").write_bytes(b"half")
    (tmp_path / ".best.ckpt.1.part").write_bytes(b"another")
    WholeCheckpointIO().save_checkpoint({"epoch": 1}, tmp_path / "last.ckpt")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".best.ckpt.1.part", "last.ckpt"]


def test_nothing_is_written_to_the_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    WholeCheckpointIO().save_checkpoint({"x": torch.arange(3)}, tmp_path / "run" / "a.ckpt")
    saved = torch.load(tmp_path / "run" / "a.ckpt", weights_only=True)
    assert saved["x"].tolist() == [0, 1, 2]


def test_a_writer_of_the_user_stays() -> None:
    class Own(TorchCheckpointIO):
        pass

    own, plain = QUIET(plugins=[Own()]), QUIET()
    write_whole(own)
    write_whole(plain)
    assert type(own.strategy.checkpoint_io) is Own
    assert type(plain.strategy.checkpoint_io) is WholeCheckpointIO


def test_callbacks_of_a_partial_trainer_run_too(tmp_path: Path) -> None:
    mine, given = Count(), Count()
    trainer = partial(QUIET, max_epochs=2, callbacks=mine)
    fit(Spec("fno", ARGUMENTS), evolution(), trainer=trainer, callbacks=[given], folder=tmp_path)
    assert (mine.seen, given.seen) == (2, 2)
    assert (tmp_path / "checkpoints" / "best.ckpt").is_file()


def test_a_folder_of_the_trainer_is_refused(tmp_path: Path) -> None:
    trainer = partial(QUIET, default_root_dir=str(tmp_path))
    with pytest.raises(InputError) as error:
        fit(Spec("fno", ARGUMENTS), evolution(), trainer=trainer)
    assert (error.value.key, error.value.value) == ("trainer.default_root_dir", str(tmp_path))


def test_a_damaged_last_checkpoint_names_the_best(tmp_path: Path) -> None:
    last, best = tmp_path / "last.ckpt", tmp_path / "best.ckpt"
    last.write_bytes(b"half")
    torch.save({"state_dict": {}, "epoch": 4}, best)
    with pytest.raises(InputError) as error:
        check_checkpoint(last, lightning.LightningModule())
    assert (error.value.key, error.value.value) == ("resume", str(last))
    assert f"copy {best}" in str(error.value)
    assert "epoch 5" in str(error.value)
    best.write_bytes(best.read_bytes()[:100])
    with pytest.raises(InputError) as error:
        check_checkpoint(last, lightning.LightningModule())
    assert str(best) not in str(error.value)
