"""Files of every version of the layout are read, with the same values, for ever."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from raising import raises_input

from neurop.formats import store
from neurop.formats.readers.the_well import RECORD

KEPT = sorted((Path(__file__).parent / "kept").glob("*/*.h5"))
DIGESTS = {
    "evolution": "e9edc0d85f273125",
    "map": "ef126baa409bbea1",
}


def test_every_version_is_there() -> None:
    versions = {f"format_{number}" for number in range(1, store.FORMAT + 1)}
    assert {path.parent.name for path in KEPT} == {"unnumbered", *versions}
    assert {path.stem for path in KEPT} == set(DIGESTS)


@pytest.mark.trust(
    "A data file is read with the same values in every later version",
    "one evolution and one map of each format",
)
@pytest.mark.parametrize("path", KEPT, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_the_values_are_those_that_were_written(path: Path) -> None:
    found = store.read(path)
    assert found.digest() == DIGESTS[path.stem]
    shape = {"evolution": (3, 5, 2, 6, 8), "map": (3, 1, 1, 5, 8)}[path.stem]
    first = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    np.testing.assert_array_equal(found.values, first)


def test_a_later_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "later.h5"
    shutil.copy(KEPT[0], path)
    with h5py.File(path, "r+") as file:
        record = json.loads(file[RECORD][0]) | {"format": store.FORMAT + 1}
        del file[RECORD]
        file[RECORD] = [json.dumps(record)]
    with raises_input("path", str(path), "this neurop reads up to 1; upgrade neurop"):
        store.read(path)
