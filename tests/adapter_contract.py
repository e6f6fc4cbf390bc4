"""What every file format must hold: a test inherits :class:`AdapterContract` and names its files
and what they read as.
"""

from __future__ import annotations

import multiprocessing
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from formats.truth import Truth
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from raising import raises_input

from neurop.datasets import File
from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.formats.detect import file_content
from neurop.formats.inspect import inspect

Builder = Callable[[Path], Truth]


@cache
def built(builder: Builder) -> tuple[Path, Truth]:
    """Return a file that tests share and never change. Its name says nothing."""
    path = Path(tempfile.mkdtemp(dir=FOLDERS[-1])) / "file.bin"
    return path, builder(path)


FOLDERS: list[Path] = []


def whole(path: Path, truth: Truth, lazy: bool | None = None) -> FieldSet:
    """Return all that ``data=file`` would split."""
    return File(str(path), storage={"lazy": lazy}, **truth.settings)._all


def values(fields: FieldSet) -> list[np.ndarray]:
    return [np.asarray(fields.values), np.asarray(fields.targets)]


def outcome(path: Path, truth: Truth) -> FieldSet | str:
    """Return what is read, or the one line that says why it cannot be; any other exception is a
    failure.
    """
    try:
        inspect(path)
        return whole(path, truth)
    except InputError as error:
        text = str(error)
        assert str(path) in text
        assert "\n" not in text
        return text


def damaged(path: Path, folder: Path, change: Callable[[bytes], bytes], which: int = 0) -> Path:
    """Return a copy of a file, or of one file of a store, with other bytes."""
    other = Path(tempfile.mkdtemp(dir=folder)) / path.name
    if path.is_dir():
        shutil.copytree(path, other)
        files = sorted(p for p in other.rglob("*") if p.is_file() and p.stat().st_size)
        part = files[which % len(files)]
        part.write_bytes(change(part.read_bytes()))
    else:
        other.write_bytes(change(path.read_bytes()))
    return other


def flipped(data: bytes, flips: list[tuple[int, int]]) -> bytes:
    changed = bytearray(data)
    for at, bits in flips:
        changed[at % len(changed)] ^= bits
    return bytes(changed)


class AdapterContract:
    """Tests of any format; `cases` come from the subclass."""

    cases: ClassVar[dict[str, Builder]]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "builder" in metafunc.fixturenames:
            metafunc.parametrize("builder", self.cases.values(), ids=self.cases)

    @pytest.fixture(autouse=True)
    def folder(
        self, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
    ) -> Path:
        if not FOLDERS:
            FOLDERS.append(tmp_path_factory.mktemp("formats"))
        monkeypatch.setenv("NEUROP_CACHE", str(FOLDERS[0] / "cache"))
        return FOLDERS[0]

    @pytest.fixture(scope="class")
    @classmethod
    def spawned(cls) -> Iterator[ProcessPoolExecutor]:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            yield pool

    @pytest.mark.parametrize("suffix", ["bin", "nc", "pt"])
    def test_format_is_detected_from_content_and_reads_as_the_truth(
        self, builder: Builder, suffix: str, tmp_path: Path
    ) -> None:
        path, truth = built(builder)
        named = tmp_path / f"file.{suffix}"
        named.symlink_to(path)
        assert file_content(named).format == truth.format
        fields = whole(named, truth)
        assert tuple(f.name for f in fields.fields) == truth.fields
        assert tuple(f.name for f in fields.target_fields) == truth.target_fields
        if truth.units:
            assert tuple(f.unit for f in fields.fields) == truth.units
        for found, expected in ((fields.values, truth.values), (fields.targets, truth.targets)):
            if expected is None:
                assert found is None
                continue
            assert found.dtype == np.float32
            assert found.shape == expected.shape
            np.testing.assert_allclose(
                found,
                expected.astype(np.float32),
                rtol=0,
                atol=truth.tolerance * np.abs(expected).max(),
            )
        assert fields.grid == truth.grid
        if truth.times is None:
            assert fields.times is None
        else:
            dated = truth.times.dtype.kind == "M"
            np.testing.assert_allclose(
                fields.times.values.astype("i8") if dated else fields.times.values,
                truth.times.astype("i8") if dated else truth.times,
                rtol=1e-6,
                atol=1e-9,
            )
            assert dated == (fields.times.values.dtype.kind == "M")
        assert {key: fields.attributes.get(key) for key in truth.attributes} == truth.attributes
        assert fields.source == str(named)

    def test_any_part_is_that_of_the_whole(
        self, builder: Builder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path, truth = built(builder)
        loaded = whole(path, truth, False)
        monkeypatch.setattr("neurop.formats.stack.BLOCK", 1)  # as small as the chunks of the file
        lazy = whole(path, truth, True)
        assert (lazy.is_lazy, loaded.is_lazy) == (True, False)
        samples, frames = loaded.values.shape[:2]
        for s in range(samples):
            for f in range(frames):
                np.testing.assert_array_equal(lazy.values[s, f], loaded.values[s, f])
                np.testing.assert_array_equal(
                    lazy.values[s:, f : f + 2], loaded.values[s:, f : f + 2]
                )
        np.testing.assert_array_equal(lazy.values[::-1, ::2, 0], loaded.values[::-1, ::2, 0])
        if loaded.targets is not None:
            np.testing.assert_array_equal(lazy.targets[1:], loaded.targets[1:])
        assert lazy.digest() == loaded.digest()

    def test_other_processes_read_the_same(
        self, builder: Builder, spawned: ProcessPoolExecutor
    ) -> None:
        path, truth = built(builder)
        lazy = whole(path, truth, True)
        packed = pickle.dumps(lazy)
        # The file is open here already.
        here = values(lazy)
        for other in (
            values(pickle.loads(packed)),
            spawned.submit(values, lazy).result(),
            _in_a_fork(lazy),
        ):
            for found, expected in zip(other, here, strict=True):
                np.testing.assert_array_equal(found, expected)

    def test_inspect_gives_the_settings_that_read_it(self, builder: Builder) -> None:
        path, truth = built(builder)
        report = inspect(path)
        assert report.format == truth.format
        assert (
            sum(np.prod(field.shape, dtype=int) for field in report.fields)
            >= truth.values.size // 2
        )
        plain: Any = OmegaConf.to_container(OmegaConf.create(report.yaml))
        assert plain.pop("_target_") == "neurop.datasets.File"
        if truth.settings:
            # Metadata that the file lacks are marked, and named in the hint.
            assert "???" in report.yaml
            assert report.hint
            plain |= truth.settings
        fields, again = whole(path, truth), File(**plain)._all
        assert again.digest() == fields.digest()
        assert (again.grid, again.step, again.fields) == (fields.grid, fields.step, fields.fields)

    def test_a_wrong_name_is_answered_with_the_nearest(self, builder: Builder) -> None:
        path, truth = built(builder)
        name = file_content(path).names()[0]
        axes = {"axes": truth.settings["axes"]} if "axes" in truth.settings else {}
        with raises_input("input", f"{name}_", "did you mean '") as error:
            File(str(path), f"{name}_", **axes).splits()
        assert str(path) in str(error.value)

    @pytest.mark.trust(
        "A damaged file is one line, never a traceback or a wrong number",
        "data files of every format, cut off",
        trials=6,
    )
    @settings(
        max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(share=st.floats(0, 0.999), which=st.integers(0, 99))
    def test_cut_off_anywhere_it_is_one_line_or_right(
        self, builder: Builder, folder: Path, share: float, which: int
    ) -> None:
        path, truth = built(builder)
        found = outcome(
            damaged(path, folder, lambda data: data[: int(share * len(data))], which), truth
        )
        # What was cut off may be padding.
        if not isinstance(found, str):
            assert np.isfinite(found.values).all()

    @pytest.mark.trust(
        "A damaged file is one line, never a traceback or a wrong number",
        "data files of every format, bits flipped",
        trials=8,
    )
    @settings(
        max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(
        flips=st.lists(
            st.tuples(st.integers(0, 2**12), st.integers(1, 255)), min_size=1, max_size=8
        ),
        which=st.integers(0, 99),
    )
    def test_with_bits_flipped_it_is_one_line_or_fields(
        self, builder: Builder, folder: Path, flips: list[tuple[int, int]], which: int
    ) -> None:
        path, truth = built(builder)
        found = outcome(damaged(path, folder, lambda data: flipped(data, flips), which), truth)
        if not isinstance(found, str):
            assert found.values.ndim == 3 + found.grid.dimensions
            assert np.isfinite(found.values).all()


def _in_a_fork(lazy: FieldSet) -> list[np.ndarray]:
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(False)
    process = context.Process(target=lambda: send.send(values(lazy)))
    process.start()
    found: list[np.ndarray] = receive.recv()
    process.join()
    return found
