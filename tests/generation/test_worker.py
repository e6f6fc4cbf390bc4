"""Batches made in processes: the same values, and one line when one of them comes to an end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from noise import Make, recipe, values

from neurop.errors import ExternalFailure, InputError
from neurop.formats import store
from neurop.generation import pool
from neurop.generation.generate import generate
from neurop.generation.worker import Worker


def digest(folder: Path) -> str:
    return store.read(folder / recipe().file).digest()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("expected")
    generate(recipe(), folder, workers=1)
    return digest(folder)


def test_processes_make_the_same_file(tmp_path: Path, expected: str) -> None:
    (tmp_path / "pids").mkdir()
    assert generate(recipe(Make(folder=tmp_path / "pids", seconds=0.2)), tmp_path, workers=2) == 10
    pids = {int(file.name) for file in (tmp_path / "pids").iterdir()}
    assert os.getpid() not in pids
    assert 1 <= len(pids) <= 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert digest(tmp_path) == expected


def test_one_worker_is_this_process(tmp_path: Path, expected: str) -> None:
    (tmp_path / "pids").mkdir()
    generate(recipe(Make(folder=tmp_path / "pids")), tmp_path, workers=1)
    assert [file.name for file in (tmp_path / "pids").iterdir()] == [str(os.getpid())]
    assert digest(tmp_path) == expected


def test_little_work_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "Worker", None)
    arguments = [range(i, i + 1) for i in range(5)]
    assert list(pool.run_all(len, arguments, None, cores=4)) == [1] * 5


def test_much_work_starts_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "START", 0.0)
    assert sorted(pool.run_all(len, [range(3), range(2), range(1)], None, cores=2)) == [1, 2, 3]


def test_what_cannot_be_handed_over_is_made_in_threads(tmp_path: Path, expected: str) -> None:
    pids = []
    generate(
        recipe(lambda numbers: pids.append(os.getpid()) or values(numbers)), tmp_path, workers=2
    )
    assert set(pids) == {os.getpid()}
    assert digest(tmp_path) == expected


def test_a_process_that_ends_is_one_line_and_what_is_finished_stays(
    tmp_path: Path, expected: str
) -> None:
    with pytest.raises(ExternalFailure, match="SIGKILL") as error:
        generate(recipe(Make("killed", at=8)), tmp_path, workers=2)
    assert "\n" not in str(error.value)
    assert not (tmp_path / recipe().file).exists()
    kept = {
        file.name.split(".")[0] for file in (tmp_path / f"{recipe().file}.parts").glob("*.json")
    }
    assert kept <= {"000000-000004", "000004-000008"}
    calls: list[int] = []
    generate(
        recipe(lambda numbers: calls.append(numbers.start) or values(numbers)), tmp_path, workers=1
    )
    assert {f"{start:06d}-{min(start + 4, 10):06d}" for start in calls} == {
        "000000-000004",
        "000004-000008",
        "000008-000010",
    } - kept
    assert digest(tmp_path) == expected


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    one = Worker(Make.fail)
    yield one
    one.close()
    one.close()


@pytest.mark.parametrize(
    ("how", "kind", "message"),
    [
        ("input", InputError, "viscosity=-1: use a number above 0"),
        ("system", OSError, "no such device"),
        ("awkward", RuntimeError, "overflow at t=3"),
        (
            "memory",
            ExternalFailure,
            "with fewer workers if memory is short",
        ),
    ],
)
def test_an_error_in_a_process_is_its_own(
    worker: Worker, how: str, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as error:
        worker(Make(how))
    assert type(error.value) is kind
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    if isinstance(error.value, InputError):
        assert (error.value.key, error.value.value) == ("viscosity", -1)
    if how in ("input", "system"):
        assert "noise.py" in error.value.__notes__[0]


def test_what_a_solver_prints_is_no_answer(worker: Worker) -> None:
    assert worker(Make("talks")) is None
    assert worker(Make("")) is None


def test_the_size_of_what_is_sent_does_not_matter(worker: Worker) -> None:
    long = Make("input", folder=Path("x" * 300_000))
    with pytest.raises(InputError):
        worker(long)


def test_a_script_is_not_run_again_by_its_processes(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from noise import recipe, Make\n"
        "from neurop.generation.generate import generate\n"
        "with open('runs', 'a') as file:\n"
        "    file.write('run ')\n"
        "class Own(Make):\n"
        "    pass\n"
        "generate(recipe(Make(folder=Path('.'))), 'a', workers=2)\n"
        "generate(recipe(Own()), 'b', workers=2)\n"
    )
    path = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs").read_text() == "run "
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


def test_files_of_the_working_folder_are_no_modules(tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("open('taken', 'w')\n")
    code = "from neurop.generation.worker import Worker; w = Worker(abs); print(w(-2)); w.close()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "2\n"
    assert not (tmp_path / "taken").exists()
