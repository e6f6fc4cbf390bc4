"""Shards: kept batches that are checked before they are used, made by several processes or
machines, joined by one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from noise import recipe, values
from raising import raises_input

from neurop.formats import store
from neurop.generation.generate import generate
from neurop.generation.shards import BatchWriter, is_finished, join_shards


def parts(folder: Path) -> Path:
    return folder / f"{recipe().file}.parts"


def counted(calls: list[int]) -> Callable[[range], dict[str, Any]]:
    def make(numbers: range) -> dict[str, Any]:
        calls.append(numbers.start)
        return values(numbers)

    return make


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shards_are_joined_to_the_file_of_one_run(tmp_path: Path, count: int) -> None:
    generate(recipe(), tmp_path / "whole")
    made = [generate(recipe(), tmp_path / "cut", shard=(i, count)) for i in range(count)]
    assert sum(made) == 10
    assert made[0] == {1: 10, 2: 6, 3: 4, 7: 4}[count]
    assert not (tmp_path / "cut" / recipe().file).exists()
    assert generate(recipe(), tmp_path / "cut") == 0
    whole, cut = (tmp_path / folder / recipe().file for folder in ("whole", "cut"))
    assert cut.read_bytes() == whole.read_bytes()
    assert not parts(tmp_path / "cut").exists()


def test_what_no_shard_made_is_made_when_they_are_joined(tmp_path: Path) -> None:
    assert generate(recipe(), tmp_path, shard=(1, 3)) == 4
    calls: list[int] = []
    assert generate(recipe(counted(calls)), tmp_path) == 6
    assert calls == [0, 8]
    np.testing.assert_array_equal(
        store.read(tmp_path / recipe().file).values, values(range(10))["values"]
    )


def test_a_shard_of_a_finished_set_makes_nothing(tmp_path: Path) -> None:
    generate(recipe(), tmp_path)
    before = (tmp_path / recipe().file).stat().st_mtime_ns
    assert generate(recipe(), tmp_path, shard=(0, 2)) == 0
    assert (tmp_path / recipe().file).stat().st_mtime_ns == before
    assert not parts(tmp_path).exists()


@pytest.mark.parametrize("spoil", ["cut", "flip", "sums", "gone", "empty"])
def test_a_damaged_batch_is_made_again(tmp_path: Path, spoil: str) -> None:
    generate(recipe(), tmp_path, shard=(0, 1))
    array, sums = (
        parts(tmp_path) / "000004-000008.values.npy",
        parts(tmp_path) / "000004-000008.json",
    )
    content = array.read_bytes()
    if spoil == "cut":
        array.write_bytes(content[:-40])
    elif spoil == "flip":
        array.write_bytes(content[:200] + bytes([content[200] ^ 1]) + content[201:])
    elif spoil == "sums":
        sums.write_text('{"values": ')
    elif spoil == "gone":
        array.unlink()
    else:
        sums.write_text("{}")
    calls: list[int] = []
    assert generate(recipe(counted(calls)), tmp_path) == 4
    assert calls == [4]
    np.testing.assert_array_equal(
        store.read(tmp_path / recipe().file).values, values(range(10))["values"]
    )


def test_a_second_process_with_the_same_shard_is_turned_away_and_others_are_not(
    tmp_path: Path,
) -> None:
    def nested(numbers: range) -> dict[str, Any]:
        for shard, what in (((0, 2), "shard 0/2 of"), (None, "h5")):
            with raises_input("path", str(tmp_path / recipe().file), what):
                generate(recipe(), tmp_path, shard=shard)
        if numbers.start == 0:
            assert generate(recipe(), tmp_path, shard=(1, 2)) == 4
        return values(numbers)

    assert generate(recipe(nested), tmp_path, shard=(0, 2)) == 6
    assert generate(recipe(), tmp_path) == 0


def test_shards_are_turned_away_by_the_whole(tmp_path: Path) -> None:
    def nested(numbers: range) -> dict[str, Any]:
        with raises_input("path", str(tmp_path / recipe().file)):
            generate(recipe(), tmp_path, shard=(0, 2))
        return values(numbers)

    assert generate(recipe(nested), tmp_path) == 10


@pytest.mark.parametrize("shard", [(2, 2), (-1, 2), (0, 0)])
def test_no_such_shard(tmp_path: Path, shard: tuple[int, int]) -> None:
    with raises_input("shard", f"{shard[0]}/{shard[1]}", "counted from 0"):
        generate(recipe(), tmp_path, shard=shard)
    with raises_input("workers", 0, "1 or more"):
        generate(recipe(), tmp_path, workers=0)
    assert list(tmp_path.iterdir()) == []


def test_arrays_of_any_layout_are_kept_as_they_are(tmp_path: Path) -> None:
    def make(numbers: range) -> dict[str, Any]:
        whole = (
            np.arange(12 * len(numbers), dtype=np.float64)
            .reshape(4, 1, 3, len(numbers))
            .transpose(3, 0, 1, 2)
        )
        return {"values": whole, "targets": whole[:, ::2]}

    batch = range(0, 3)
    assert BatchWriter(make, tmp_path)(batch) == 3
    assert is_finished(tmp_path, batch)
    assert not is_finished(tmp_path, range(0, 4))
    for name, array in join_shards(tmp_path, [batch]).items():
        np.testing.assert_array_equal(np.asarray(array), make(batch)[name])
    assert set(json.loads((tmp_path / "000000-000003.json").read_text())) == {"values", "targets"}


@given(samples=st.integers(1, 13), size=st.integers(1, 6), data=st.data())
def test_joined_batches_read_like_one_array(
    tmp_path_factory: pytest.TempPathFactory, samples: int, size: int, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    batches = [range(i, min(i + size, samples)) for i in range(0, samples, size)]
    for batch in batches:
        BatchWriter(values, folder)(batch)
    whole, array = values(range(samples))["values"], join_shards(folder, batches)["values"]
    assert (len(array), array.shape, array.ndim, array.dtype) == (
        samples,
        whole.shape,
        4,
        np.float32,
    )
    np.testing.assert_array_equal(np.stack(list(array)), whole)
    start, stop = sorted((data.draw(st.integers(0, samples)), data.draw(st.integers(0, samples))))
    np.testing.assert_array_equal(np.asarray(array[start:stop]), whole[start:stop])
    one = data.draw(st.integers(-samples, samples - 1))
    np.testing.assert_array_equal(array[one], whole[one])
