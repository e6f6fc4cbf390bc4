"""Which Zarr stores have consolidated metadata."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from neurop.formats.zarr_store import has_index


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
