"""What stays in its file is the same as what is in memory, however it is cut."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurop.fields import lazy
from neurop.fields.lazy import Lazy, blocks

WHOLE = np.random.default_rng(0).normal(size=(5, 7, 2, 3, 4)).astype(np.float32)


class Read:
    """Stands for a file; counts what is read."""

    def __init__(self) -> None:
        self.parts: list[tuple[int, int]] = []

    def __call__(self, samples: slice, frames: slice) -> Any:
        self.parts.append((samples.start, frames.start))
        return WHOLE[samples, frames]


def made(block: tuple[int, int] = (2, 3)) -> tuple[Lazy, Read]:
    read = Read()
    return Lazy(read, WHOLE.shape, block, "test"), read


part = st.one_of(
    st.slices(5).filter(lambda s: s.step != 0),
    st.integers(-5, 4),
)
rest = st.lists(
    st.one_of(st.integers(-2, 1), st.just(slice(None)), st.just(slice(None, None, -1))), max_size=2
)


@given(st.tuples(st.integers(1, 6), st.integers(1, 8)), part, st.one_of(st.none(), part), rest)
def test_every_key_gives_what_numpy_gives(
    block: tuple[int, int], samples: Any, frames: Any, others: list[Any]
) -> None:
    array, _ = made(block)
    key = (samples,) if frames is None else (samples, frames, *others)
    np.testing.assert_array_equal(np.asarray(array[key]), WHOLE[key])


end = st.one_of(st.none(), st.integers(-8, 8))
cut = st.builds(slice, end, end)


@given(cut, cut, cut, cut)
def test_views_of_views(a: slice, b: slice, c: slice, d: slice) -> None:
    array, read = made()
    view, expected = array[a, b], WHOLE[a, b]
    assert isinstance(view, Lazy)
    view, expected = view[c, d], expected[c, d]
    assert view.shape == expected.shape
    assert not read.parts
    np.testing.assert_array_equal(np.asarray(view), expected)


def test_a_list_of_samples_and_an_ellipsis() -> None:
    array, _ = made()
    np.testing.assert_array_equal(array[[0, 3]], WHOLE[[0, 3]])
    np.testing.assert_array_equal(array[..., 0], WHOLE[..., 0])
    np.testing.assert_array_equal(np.stack(list(array)), WHOLE)
    assert np.asarray(array, np.float64).dtype == np.float64
    with pytest.raises(IndexError):
        array[5]


def test_a_block_is_read_once_while_it_is_in_use() -> None:
    array, read = made()
    for start in range(5):
        _ = array[0, start : start + 2], array[1, start]
    assert sorted(read.parts) == [(0, 0), (0, 3)]
    _ = array[1:, 2:][0, 0]
    assert len(read.parts) == 2


def test_no_more_blocks_are_kept_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    array, read = made()
    monkeypatch.setattr(lazy, "CACHE", 2 * WHOLE[:2, :3].nbytes)
    for _ in range(2):
        for sample in (0, 2, 4):
            _ = array[sample, 0]
    assert len(read.parts) == 6
    assert len(array._cached) == 2


def test_another_process_reads_for_itself() -> None:
    array, _ = made()
    view = array[1:3, 2:]
    _ = view[0, 0]
    copy = pickle.loads(pickle.dumps(view))
    assert not copy._cached
    assert copy.key == view.key
    np.testing.assert_array_equal(np.asarray(copy), WHOLE[1:3, 2:])


def test_the_key_tells_parts_apart() -> None:
    array, _ = made()
    assert (
        len(
            {
                array.key,
                array[1:].key,
                array[:, 1:].key,
                Lazy(Read(), WHOLE.shape, (1, 1), "other").key,
            }
        )
        == 4
    )


@pytest.mark.parametrize("size", [1, 100, 10**6])
def test_blocks_cover_every_frame_once_in_order(size: int) -> None:
    array, read = made()
    for values in (WHOLE, array):
        found = list(blocks(values, size))
        assert [f for s, f, _ in found if s == 2] == sorted(f for s, f, _ in found if s == 2)
        together = [np.concatenate([b for s, _, b in found if s == sample]) for sample in range(5)]
        np.testing.assert_array_equal(np.stack(together), WHOLE)
    assert len(read.parts) == len(set(read.parts)) == 9
