"""What a run folder says is data: it never decides what is called."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf
from raising import raises_input

from neurop.cli._runs import Checkpoint
from neurop.cli._settings.build import trusting
from neurop.cli._settings.saved import read_yaml, saved_data, source_for
from neurop.errors import InputError

BURGERS = {"_target_": "neurop.datasets.Burgers", "samples": 9, "seed": 0, "held_out": 2}
ASKED = OmegaConf.create({"data": None})


def stranger(folder: Path, data: Any, **more: Any) -> Checkpoint:
    (folder / "config.yaml").write_text(yaml.safe_dump({"data": data, **more}))
    return Checkpoint(folder, folder / "model")


def asked(**settings: Any) -> Any:
    kind = settings.pop("_target_", BURGERS["_target_"])
    storage = {"seed": 0, "held_out": 20, **settings}
    return OmegaConf.create({"data": {"_target_": kind, "samples": 50, "storage": storage}})


def test_the_data_of_a_run_are_those_of_its_evaluation(tmp_path: Path) -> None:
    run = stranger(tmp_path, BURGERS, trust=["os"])
    assert source_for(ASKED, run).held_out == 2
    assert source_for(asked(_target_="neurop.datasets.Darcy"), run).held_out == 20
    with raises_input("data", None, "does not say"):
        source_for(ASKED, Checkpoint(None, tmp_path / "model"))
    with raises_input("data", None, "names no data"):
        source_for(ASKED, stranger(tmp_path, None))


def test_a_data_set_may_name_another(tmp_path: Path) -> None:
    data = {"_target_": "neurop.datasets.SpaceTime", "steps": 3, "source": BURGERS}
    stranger(tmp_path, data)
    assert saved_data(tmp_path / "config.yaml") == data


@pytest.mark.parametrize(("held_out", "seed"), [(2, 0), (1, 0), (20, 1)])
def test_samples_that_are_new_are_a_test(held_out: int, seed: int, tmp_path: Path) -> None:
    run = stranger(tmp_path, BURGERS)
    assert source_for(asked(held_out=held_out, seed=seed), run).held_out == held_out


@pytest.mark.parametrize(("held_out", "last"), [(3, 2), (20, 19)])
def test_samples_that_were_trained_with_are_no_test(
    held_out: int, last: int, tmp_path: Path
) -> None:
    run = stranger(tmp_path, BURGERS)
    with raises_input("data.storage.held_out", held_out, f"samples 2 to {last} of"):
        source_for(asked(held_out=held_out), run)


def of_file(path: str, **storage: Any) -> dict[str, Any]:
    axes = {"axes": ["sample", "time", "x"], "boundary": "periodic"}
    return {"_target_": "neurop.datasets.File", "path": path, **axes, "storage": storage}


PERIODS = {"val": [2015, 2015], "test": [2016, 2017]}


@pytest.mark.parametrize(
    ("key", "then", "now"),
    [
        ("shuffle", None, 1),
        ("shuffle", 1, 2),
        ("shuffle", 1, None),
        ("periods", PERIODS, PERIODS | {"test": [2013, 2014]}),
        ("periods", None, PERIODS),
    ],
)
@pytest.mark.parametrize("typed", ["u.npy", "{}/u.npy"])
def test_a_file_that_is_divided_otherwise_is_no_test(
    typed: str, key: str, then: Any, now: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = stranger(tmp_path, of_file(str(tmp_path / "u.npy"), **{key: then}))
    given = of_file(typed.format(tmp_path), **{key: now})
    with raises_input(f"data.storage.{key}", now, "trained with some of these samples"):
        source_for(OmegaConf.create({"data": given}), run)
    again, other = given | {"storage": {key: then}}, given | {"path": "other.npy"}
    for data in (again, other):
        assert source_for(OmegaConf.create({"data": data}), run).name == "file"


def over_time(held_out: int, seed: int = 0) -> Any:
    data = {"_target_": "neurop.datasets.SpaceTime", "steps": 3, "given": 2}
    return OmegaConf.create({"data": data | {"source": asked(held_out=held_out, seed=seed).data}})


def test_samples_of_a_set_within_another_that_were_trained_with_are_no_test(tmp_path: Path) -> None:
    run = stranger(tmp_path, OmegaConf.to_container(over_time(2).data))
    key = "data.source.storage.held_out"
    with raises_input(key, 3, r"samples 2 to 2 of data\.source\.storage\.seed=0"):
        source_for(over_time(3), run)
    for held_out, seed in ((2, 0), (1, 0), (3, 1)):
        assert source_for(over_time(held_out, seed), run).source.held_out == held_out


def hostile(mark: Path) -> dict[str, Any]:
    """Data that write to `mark` where they are built, by name of the way."""
    touch = ["touch", str(mark)]
    worker = {"_target_": "neurop.bench.worker.Worker", "command": touch}
    write = {"_target_": "neurop.cli._output.write_text", "path": str(mark), "text": "owned"}
    run = "neurop.spectral.native._run"
    return {
        "system": {"_target_": "os.system", "command": " ".join(touch)},
        "worker": worker,
        "native": {"_target_": run, "command": touch},
        "native, positional": {"_target_": run, "_args_": [touch]},
        "write": write,
        "pickle": {
            "_target_": "lightning.fabric.utilities.cloud_io._load",
            "path_or_url": str(mark),
            "weights_only": False,
        },
        "command": {
            "_target_": "neurop.cli.main",
            "argv": ["generate", "data=burgers", "data.samples=1", f"data.folder={mark}"],
        },
        "through a module": {"_target_": "neurop.bench.worker.subprocess.Popen", "args": touch},
        "through a data set": {
            "_target_": "neurop.datasets.file.importlib.import_module",
            "name": "this",
        },
        "module of a data set": {"_target_": "neurop.datasets.import_module", "name": "this"},
        "nested": BURGERS | {"folder": worker},
        "nested in a list": BURGERS | {"folder": [write]},
        "nested in a mapping": BURGERS | {"folder": {"a": write}},
        "nested in the source": {
            "_target_": "neurop.datasets.SpaceTime",
            "source": BURGERS | {"folder": write},
        },
        "positional": BURGERS | {"_args_": [worker]},
        "partial": BURGERS | {"_partial_": True},
        "environment": BURGERS | {"folder": "${oc.env:HOME}"},
        "no target": {"command": touch},
        "a list": [worker],
        "a word": "burgers",
        "no word": {"_target_": worker},
    }


@pytest.mark.trust(
    "Opening what a stranger wrote runs no code",
    "targets planted in the settings of a run",
)
@pytest.mark.parametrize("way", hostile(Path()))
def test_a_stranger_runs_nothing(way: str, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    run = stranger(tmp_path, hostile(mark)[way], trust=["os", "posix", "neurop.bench"])
    with pytest.raises(InputError) as error:
        source_for(ASKED, run)
    assert str(error.value.key).split(".")[0] == "data"
    assert not mark.exists()
    # ... and the remedy works.
    assert source_for(asked(seed=1), run).held_out == 20


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    with raises_input("data._target_", "os.getcwd"):
        source_for(ASKED, stranger(tmp_path, {"_target_": "os.getcwd"}))
    run = stranger(tmp_path, BURGERS | {"samples": "many"})
    with raises_input("path", str(tmp_path / "config.yaml"), r"data\.samples"):
        source_for(ASKED, run)


def test_a_class_of_a_package_that_the_command_trusts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ours_data.py").write_text(
        "from neurop.source import Source\n"
        "class Waves(Source):\n"
        "    name = 'waves'\n"
        "    def __init__(self, samples: int) -> None:\n        self.n = samples\n"
        "    def splits(self): return {}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    run = stranger(tmp_path, {"_target_": "ours_data.Waves", "samples": 3}, trust=["ours_data"])
    with raises_input("data._target_", "ours_data.Waves", r"trust=\[ours_data\]"):
        source_for(ASKED, run)
    assert "ours_data" not in sys.modules
    with trusting(["ours_data"]):
        assert source_for(ASKED, run).n == 3


def references(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "content",
    [
        references(10).encode(),
        b"[" * 900_000,
        b"[" * 1_000,
        b"- " * 50_000,
        b"data: {",
        b"\xff\xfe\x00",
        b"data: !!python/object/apply:os.getcwd []",
        b"#" * 1_100_000,
    ],
    ids=["references", "brackets", "deep", "deep list", "cut", "binary", "python", "large"],
)
def test_a_file_that_is_no_settings(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read_yaml(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)
