"""A value that is not finite in a file that is read in chunks is found before the training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from ..conftest import TINY


@pytest.mark.trust(
    "A value that is not finite is found before the training",
    "NaN in a file that is read in chunks, in each split",
)
@pytest.mark.parametrize(("split", "sample"), [("train", 3), ("val", 17), ("test", 19)])
def test_it_is_named_in_every_split(
    split: str,
    sample: int,
    neurop: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    values = np.random.default_rng(0).normal(size=(20, 4, 16)).astype(np.float32)
    values[sample, 2, 5] = np.nan
    with h5py.File(tmp_path / "u.h5", "w") as file:
        file["u"] = values
    axes = ("data.axes=[sample,time,x]", "data.boundary=periodic", "data.storage.lazy=true")
    small = [word for word in TINY if not word.startswith(("data", "~"))]
    assert neurop("train", "data=file", "data.path=u.h5", *axes, *small, "hydra.run.dir=run") == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "u.h5" in said[0]
    index = {"train": 3, "val": 1, "test": 1}[split]
    assert f"field 'u' of sample {index}, frame 2 is nan at point (5,)" in said[0]
    assert not (tmp_path / "run").exists()
