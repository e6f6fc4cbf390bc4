"""Which Zarr stores have consolidated metadata, and which were written to their end."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import xarray as xr

from neurop.formats.zarr_store import has_index, unwritten


def test_null_is_no_consolidated_metadata(tmp_path: Path) -> None:
    pytest.importorskip("zarr")
    data = xr.Dataset({"u": (("x",), np.arange(4.0))})
    for name, consolidated in (("plain", False), ("whole", True)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # version 3 does not define it
            data.to_zarr(tmp_path / name, zarr_format=3, consolidated=consolidated)
    root = tmp_path / "plain" / "zarr.json"
    root.write_text(json.dumps(json.loads(root.read_text()) | {"consolidated_metadata": None}))
    found = {name: has_index(tmp_path / name) for name in ("plain", "whole")}
    assert found == {"plain": False, "whole": True}
    for name, indexed in found.items():
        with xr.open_zarr(tmp_path / name, consolidated=indexed) as read:
            assert read.u.values.tolist() == [0, 1, 2, 3]
    root.write_text("consolidated_metadata {")
    assert not has_index(tmp_path / "plain")
    root.unlink()
    assert not has_index(tmp_path / "plain")


@pytest.mark.parametrize(("version", "shards"), [(2, None), (3, None), (3, (4, 5))])
def test_only_rows_at_the_end_were_never_written(
    version: Literal[2, 3], shards: tuple[int, int] | None, tmp_path: Path
) -> None:
    zarr = pytest.importorskip("zarr")
    rows = 2 if shards is None else shards[0]
    for name, written in {"gap": [0, 2], "cut": [0, 1], "whole": [0, 1, 2]}.items():
        group = zarr.open_group(tmp_path / name, mode="w", zarr_format=version)
        how = {"dtype": "f4", "fill_value": 0.0, "chunks": (2, 5), "shards": shards}
        array = group.create_array("u", shape=(3 * rows, 5), **how)
        for row in written:
            array[row * rows : (row + 1) * rows] = 1.0
    assert unwritten(tmp_path / "gap") == unwritten(tmp_path / "whole") == {}
    assert "never written" in unwritten(tmp_path / "cut")["u"]
