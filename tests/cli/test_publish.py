"""``neurop publish``: a folder of a run, and its upload."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_hub import TOKEN, serving

Command = Callable[..., int]


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """Return a copy of a run, with a picture."""
    copy = tmp_path / "run"
    shutil.copytree(trained, copy)
    (copy / "eval").mkdir()
    (copy / "eval" / "fields.png").write_bytes(b"\x89PNG")
    return copy


def test_a_folder(neurop: Command, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert neurop("publish", f"ckpt={run}", "license=mit") == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"wrote {run}/publish"
    made = {file.name: file.read_bytes() for file in (run / "publish").iterdir()}
    record = json.loads(made.pop("publish.json"))
    assert set(made) == {
        "README.md",
        "CITATION.bib",
        "model.json",
        "model.safetensors",
        "fields.png",
    }
    assert record["sha256"] == {n: hashlib.sha256(b).hexdigest() for n, b in made.items()}
    assert made["model.safetensors"] == (run / "model" / "model.safetensors").read_bytes()
    assert b"![Truth, prediction and error on test samples](fields.png)" in made["README.md"]
    test = json.loads((run / "train.json").read_text())["test/relative_l2"]
    scores = json.loads(made["model.json"])["scores"]
    assert [s["value"] for s in scores if s["name"] == "relative_l2"] == [test]


def test_an_upload(
    neurop: Command,
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("huggingface_hub")
    with serving(tmp_path / "cache") as hub:
        assert neurop("publish", f"ckpt={run}", "repo=ada/flow") == 2
        assert "HF_TOKEN" in capsys.readouterr().err
        assert not (run / "publish").exists()
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        assert neurop("publish", f"ckpt={run}", "repo=ada/flow") == 0
        assert "publish.json" not in hub.files["ada/flow"]
        assert 'neurop.load("hf://ada/flow")' in hub.files["ada/flow"]["README.md"].decode()
        capsys.readouterr()
        assert neurop("info", "ckpt=hf://ada/flow") == 0
        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert ["data", "navier_stokes"] in lines


@pytest.mark.parametrize(
    "setting",
    ["repo=flow", "license='a: b'", "datasets=[flow]", "private=3", "folder=run/model", "folder=."],
)
def test_wrong_settings(setting: str, neurop: Command, run: Path) -> None:
    before = sorted(run.rglob("*"))
    assert neurop("publish", f"ckpt={run}", setting) == 2
    assert sorted(run.rglob("*")) == before
