"""Generation: the file of a recipe, however often it was interrupted and whatever could not be
written.
"""

from __future__ import annotations

import errno
import hashlib
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from filelock import FileLock
from noise import recipe, values
from raising import raises_input

from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.generation import shards
from neurop.generation.generate import data_folder, generate, load_or_generate
from neurop.geometry.grid import Grid


@pytest.fixture(autouse=True)
def one_worker() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_file_holds_the_samples_in_order_and_what_made_them(tmp_path: Path) -> None:
    made = load_or_generate(recipe(), tmp_path)
    np.testing.assert_array_equal(made.values, values(range(10))["values"])
    assert (made.fields, made.step) == ((Field("u", "m s-1"),), 1.0)
    assert made.attributes["seed"] == 7
    assert made.attributes["solver_version"] == 1
    assert made.attributes["samples"] == 10
    assert made.attributes["hash"] == recipe().hash
    assert os.listdir(tmp_path) == [f"noise-8-{recipe().hash}.h5"]


def test_file_names_tell_resolution_and_parameters_apart() -> None:
    assert len(recipe().hash) == 8
    assert recipe(shape=(64, 64)).file.startswith("noise-64-")
    assert recipe(shape=(64, 128)).file.startswith("noise-64x128-")
    others = [
        recipe(parameters={"seed": 8, "solver_version": 1}),
        recipe(parameters={"seed": 7, "solver_version": 2}),
        recipe(samples=11),
    ]
    assert len({r.hash for r in [recipe(), *others]}) == 4
    assert recipe(batch=3).hash == recipe().hash


@pytest.mark.parametrize("threads", [1, 3])
def test_an_interrupted_run_continues_to_the_same_file(tmp_path: Path, threads: int) -> None:
    calls: list[range] = []

    def interrupted(numbers: range) -> dict[str, np.ndarray]:
        calls.append(numbers)
        if numbers.start == 8:
            raise KeyboardInterrupt
        return values(numbers)

    def counted(numbers: range) -> dict[str, np.ndarray]:
        calls.append(numbers)
        return values(numbers)

    torch.set_num_threads(threads)
    with pytest.raises(KeyboardInterrupt):
        load_or_generate(recipe(interrupted), tmp_path / "a")
    assert not (tmp_path / "a" / recipe().file).exists()
    assert torch.get_num_threads() == threads
    calls.clear()
    load_or_generate(recipe(counted), tmp_path / "a")
    assert calls == [range(8, 10)]
    load_or_generate(recipe(), tmp_path / "b")
    assert sha(tmp_path / "a" / recipe().file) == sha(tmp_path / "b" / recipe().file)
    assert os.listdir(tmp_path / "a") == [recipe().file]


def test_a_killed_process_leaves_its_finished_batches_and_no_lock(tmp_path: Path) -> None:
    script = (
        "import sys; from noise import *; "
        "from neurop.generation.generate import load_or_generate; "
        "load_or_generate(recipe(Make('killed')), sys.argv[1])"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], env=env, capture_output=True, text=True
    )
    assert done.returncode == -9, done.stderr
    parts = tmp_path / (recipe().file + ".parts")
    stored = ("000000-000004", "000004-000008")
    assert {f.name for f in parts.iterdir()} == {
        "gate",
        "lock",
        *(f"{k}.json" for k in stored),
        *(f"{k}.values.npy" for k in stored),
    }
    np.testing.assert_array_equal(
        load_or_generate(recipe(), tmp_path).values, values(range(10))["values"]
    )
    assert not parts.exists()


def test_a_finished_file_is_read_and_never_written(tmp_path: Path) -> None:
    def never(numbers: range) -> dict[str, np.ndarray]:
        raise AssertionError("generated again")

    first = load_or_generate(recipe(), tmp_path)
    file = tmp_path / recipe().file
    before = file.stat().st_mtime_ns, file.stat().st_ino
    assert load_or_generate(recipe(never), tmp_path).digest() == first.digest()
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == before


def test_a_second_process_is_turned_away(tmp_path: Path) -> None:
    def nested(numbers: range) -> dict[str, np.ndarray]:
        with raises_input("path", str(tmp_path / recipe().file), "another process"):
            load_or_generate(recipe(), tmp_path)
        return values(numbers)

    load_or_generate(recipe(nested), tmp_path)
    assert (tmp_path / recipe().file).exists()


def test_a_second_process_waits_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / recipe().file
    parts = path.with_name(path.name + ".parts")
    parts.mkdir()
    held = FileLock(parts / "lock")  # as another process has it
    held.acquire()

    def pause(seconds: float) -> None:
        assert not path.exists()
        held.release()

    monkeypatch.setattr("neurop.generation.generate.time.sleep", pause)
    assert len(load_or_generate(recipe(), tmp_path)) == 10
    assert "waiting for another process" in capsys.readouterr().err
    held = FileLock(parts / "lock-0-2")  # a shard, of which the whole set needs the batches
    parts.mkdir()
    path.unlink()
    held.acquire()
    with raises_input("path", str(path), "another process"):
        generate(recipe(), tmp_path)
    with raises_input("path", str(path), "another process"):
        generate(recipe(), tmp_path, shard=(0, 2))
    assert generate(recipe(), tmp_path, shard=(1, 2)) > 0
    held.release()


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.ENOSPC, "space"),
        (errno.EROFS, "NEUROP_DATA"),
    ],
)
@pytest.mark.parametrize("nth", range(6))
def test_a_batch_that_cannot_be_kept_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, remedy: str, nth: int
) -> None:
    done = []

    def full(source: Path, target: Path) -> None:
        done.append(target)
        if len(done) > nth:
            raise OSError(code, os.strerror(code))
        os.rename(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(shards.os, "replace", full)
        with pytest.raises(InputError) as error:
            load_or_generate(recipe(), tmp_path)
        assert error.value.key == "path"
        assert Path(error.value.value).is_relative_to(tmp_path)
        assert remedy in str(error.value)
        assert "\n" not in str(error.value)
    assert not list(tmp_path.rglob("*.tmp"))
    np.testing.assert_array_equal(
        load_or_generate(recipe(), tmp_path).values, values(range(10))["values"]
    )
    assert os.listdir(tmp_path) == [recipe().file]


def test_a_disk_that_takes_no_more_at_any_point_is_one_line_and_loses_nothing(
    tmp_path: Path, capsys: object
) -> None:
    # With capsys, what is printed takes no space of the disk.
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    failures, made = [], None
    for limit in range(0, 100_000, 97):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard[1]))
        try:
            made = load_or_generate(recipe(), tmp_path)
        except InputError as error:
            failures.append(str(error))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, hard)
        if made is not None:
            break
        assert not (tmp_path / recipe().file).exists()
    assert made is not None
    assert {
        line.split(" at ")[0].split(":")[0].replace(str(tmp_path), "") for line in failures
    } == {
        "cannot store a batch",
        f"/{recipe().file}",
    }
    assert all("free" in line and "\n" not in line for line in failures)
    np.testing.assert_array_equal(made.values, values(range(10))["values"])
    assert os.listdir(tmp_path) == [recipe().file]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / "file" / "data"
    with raises_input("path", str(folder / f"{recipe().file}.parts"), "NEUROP_DATA"):
        load_or_generate(recipe(), folder)


def test_an_error_of_the_solver_is_its_own(tmp_path: Path) -> None:
    def fails(numbers: range) -> dict[str, np.ndarray]:
        raise OSError("no such device")

    with pytest.raises(OSError, match="no such device"):
        load_or_generate(recipe(fails), tmp_path)


def test_maps_keep_their_targets(tmp_path: Path) -> None:
    def both(numbers: range) -> dict[str, np.ndarray]:
        first = values(numbers)["values"][:, :1]
        return {"values": first, "targets": 2 * first}

    def pair(arrays: dict[str, np.ndarray]) -> FieldSet:
        return FieldSet(
            arrays["values"], (Field("a"),), Grid.periodic(1), arrays["targets"], (Field("u"),)
        )

    made = load_or_generate(recipe(both, assemble=pair), tmp_path)
    assert made.has_targets
    assert made.targets is not None
    np.testing.assert_array_equal(made.targets, 2 * made.values)


def test_plain_progress_is_a_few_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load_or_generate(recipe(samples=100, batch=1), tmp_path)
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 5
    assert err.splitlines()[-1] == "generating noise at 8: 100 of 100"


def test_folder_is_given_or_from_the_environment_or_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", "/somewhere")
    assert (data_folder("here"), data_folder()) == (Path("here"), Path("/somewhere"))
    monkeypatch.delenv("NEUROP_DATA")
    assert data_folder() == Path("data")
