"""One pass finds what NumPy finds with all values at hand, and is not made twice."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raising import raises_input
from small import evolution, mapping

from neurop.fields import statistics
from neurop.fields.fieldset import FieldSet
from neurop.fields.lazy import Lazy, blocks
from neurop.fields.statistics import Moments, summary
from neurop.formats import store


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NEUROP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(statistics, "_found", {})
    return tmp_path / "cache" / "statistics"


def stored(folder: Path, fields: FieldSet) -> FieldSet:
    store.write(folder / "set.h5", fields, {})
    return store.read(folder / "set.h5", lazy=True)


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=6).filter(any),
    st.booleans(),
    st.floats(-1e6, 1e6),
)
def test_parts_of_any_length_give_the_moments_of_the_whole(
    lengths: list[int], pointwise: bool, offset: float
) -> None:
    rng = np.random.default_rng(0)
    parts = [rng.normal(offset, 1.0, size=(n, 2, 3)) for n in lengths]
    moments = Moments(pointwise)
    for part in parts:
        moments.update(part)
    whole = np.concatenate(parts)
    mean = whole.mean(0 if pointwise else (0, 2))
    np.testing.assert_allclose(moments.mean, mean, rtol=1e-12)
    left = whole - (mean if pointwise else mean[:, None])
    np.testing.assert_allclose(
        moments.variance(), np.square(left).mean((0, 2)), rtol=1e-6, atol=1e-12 * offset**2
    )


@pytest.mark.parametrize("pointwise", [False, True])
def test_in_a_file_and_in_memory_alike(
    tmp_path: Path, pointwise: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for fields in (evolution((6, 5), samples=3, frames=7), mapping((6, 5))):
        lazy = stored(tmp_path, fields)
        assert isinstance(lazy.values, Lazy)
        # Blocks of two frames, so that changes cross their borders.
        lazy.values.block = (1, 2)
        monkeypatch.setattr(statistics, "blocks", partial(blocks, size=1))
        one, two = summary(lazy, pointwise), summary(lazy.loaded(), pointwise)
        assert one.digest == two.digest == lazy.loaded().digest()
        for name in ("values", "targets") if fields.has_targets else ("values", "increments"):
            a, b = getattr(one, name), getattr(two, name)
            assert a.count == b.count
            np.testing.assert_allclose(a.mean, b.mean, rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(a.scatter, b.scatter, rtol=1e-10)
    values = evolution((6, 5), samples=3, frames=7).values
    np.testing.assert_allclose(
        summary(evolution((6, 5), samples=3, frames=7)).increments.mean,
        np.diff(values, axis=1).mean((0, 1, 3, 4)),
        atol=1e-12,
    )


def test_kept_until_the_file_changes(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lazy = stored(tmp_path, evolution())
    first = summary(lazy)
    assert len(list(cache.glob("*.npz"))) == 1
    monkeypatch.setattr(statistics, "_found", {})

    def never(*_: object) -> None:
        raise AssertionError("the values were read again")

    with monkeypatch.context() as patch:
        patch.setattr(statistics, "_pass", never)
        again = summary(store.read(tmp_path / "set.h5", lazy=True))
    assert again.digest == first.digest
    np.testing.assert_array_equal(again.increments.mean, first.increments.mean)
    other = stored(tmp_path, evolution(seed=5))
    assert summary(other).digest == other.loaded().digest() != first.digest
    assert summary(lazy.frames(slice(1, 3))).digest != first.digest


def test_a_damaged_cache_is_made_again(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lazy = stored(tmp_path, evolution())
    first = summary(lazy)
    (kept,) = cache.glob("*.npz")
    kept.write_bytes(kept.read_bytes()[:100])
    monkeypatch.setattr(statistics, "_found", {})
    assert summary(lazy).digest == first.digest
    with np.load(kept) as content:
        assert str(content["digest"]) == first.digest


def test_a_value_that_is_no_number_is_named(tmp_path: Path) -> None:
    fields = evolution((9, 8), samples=2, frames=4)
    holed = np.array(fields.values, np.float32)
    holed[1, 2, 1, 3, 4] = np.inf
    lazy = replace(
        stored(tmp_path, fields),
        values=Lazy(lambda s, f: holed[s, f], holed.shape, (1, 3), "holed"),
    )
    with raises_input("field", "p", r"sample 1, frame 2 is inf at point \(3, 4\)"):
        summary(lazy)


def test_a_read_only_cache_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NEUROP_CACHE", str(tmp_path / "file"))
    lazy = stored(tmp_path, evolution())
    assert summary(lazy).digest == lazy.loaded().digest()
