"""Weights sharded over GPUs: the surrogate is that of the whole weights."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from neurop import load

SCRIPT = """
import sys
from functools import partial
import lightning
from small import evolution, surrogate
from neurop.training.fit import fit

if __name__ == "__main__":
    made = partial(lightning.Trainer, accelerator="gpu", devices=-1, strategy=sys.argv[1],
                   max_epochs=2, logger=False, enable_progress_bar=False)
    data = evolution(samples=8)
    splits = {"train": data.samples(slice(0, 6)), "val": data.samples(slice(6, 8))}
    fit(surrogate(data), splits, batch_size=4, trainer=made, folder=sys.argv[1])
"""


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch shards weights on GPUs alone")
def test_sharded_weights_are_trained_and_saved_as_whole_ones(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    paths = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1]), *sys.path]
    for how in ("ddp", "fsdp"):
        done = subprocess.run(
            [sys.executable, "script.py", how],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
    whole, sharded = (load(tmp_path / how).state_dict() for how in ("ddp", "fsdp"))
    assert whole.keys() == sharded.keys()
    for name, value in whole.items():
        assert (sharded[name] - value).abs().max() <= 1e-5 * value.abs().max() + 1e-7, name
