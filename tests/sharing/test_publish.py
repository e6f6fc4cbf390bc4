"""A published folder: the hub reads its card, and it says nothing of the machine."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
import yaml
from raising import raises_input
from small import evolution, mapping, surrogate

import neurop
from neurop import Field
from neurop.fields.condition import Condition
from neurop.sharing.facts import Facts
from neurop.sharing.model_card import metadata, model_card
from neurop.sharing.publish import check_folder, public_card, write
from neurop.sharing.scores import Score, scores_of

SCORES = (
    Score("relative_l2", 0.25, "1", "waves", "test"),
    Score("rmse/u", 0.125, "m s-1", "waves", "test"),
    Score("relative_l2", 0.5, "1", "waves", "val"),
)


def header(text: str) -> dict[str, object]:
    _, head, body = text.split("---\n", 2)
    assert body.startswith("\n# ")
    found = yaml.safe_load(head)
    assert isinstance(found, dict)
    return found


def test_the_header_is_read_by_the_client_of_the_hub(model: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    text = model_card(Facts.of(model, SCORES), "ada/waves", "MIT", ["ada/data"])
    read = hub.ModelCard(text, ignore_metadata_errors=False).data
    assert (read.license, read.library_name, read.datasets) == ("mit", "neurop", ["ada/data"])
    assert {"neural-operator", "fno", "waves"} <= set(read.tags)
    found = [
        (r.dataset_name, r.dataset_split, r.metric_type, r.metric_value) for r in read.eval_results
    ]
    assert found == [(s.data, s.split, s.name, s.value) for s in SCORES]
    assert read.eval_results[1].metric_name == "RMSE of u (m s-1)"


def test_licences_that_the_hub_does_not_know(model: Path) -> None:
    made = metadata(Facts.of(model), "waves", "House rules 1.0")
    assert (made["license"], made["license_name"]) == ("other", "House rules 1.0")
    assert "license" not in metadata(Facts.of(model), "waves")


def test_the_card_holds_fields_grid_and_citation(tmp_path: Path) -> None:
    surrogate(mapping()).save(tmp_path / "model")
    text = model_card(Facts.of(tmp_path / "model"), "pairs")
    assert "maps `a` to `u`, `p`" in text
    assert "| a | input | m |" in text
    assert "| x | 9 | 0 to 1 | 1 | periodic | left |" in text
    assert "surrogate.predict(fields)" in text
    assert "@inproceedings{li2021fno," in text


def test_no_folder_of_this_machine(tmp_path: Path) -> None:
    surrogate(evolution(source="/home/ada/secret/waves.h5")).save(tmp_path / "model")
    facts = Facts.of(tmp_path / "model")
    files, _ = write(facts, tmp_path / "model", tmp_path / "out", model_card(facts, "w"), {})
    for name in files:
        assert b"secret" not in (tmp_path / "out" / name).read_bytes()
    assert (
        json.loads((tmp_path / "out" / "model.json").read_text())["origin"]["source"] == "waves.h5"
    )


def test_predictions_and_scores_come_back(model: Path, tmp_path: Path) -> None:
    facts = Facts.of(model, SCORES)
    write(facts, model, tmp_path / "out", "text", {})
    x = torch.randn(1, 2, 9, 8)
    assert torch.equal(neurop.load(tmp_path / "out")(x), neurop.load(model)(x))
    assert Facts.of(tmp_path / "out").scores == SCORES
    assert Facts.of(tmp_path / "out").data == facts.data


@pytest.mark.parametrize("scores", [3, [3], [{"name": "a"}], [{"name": "a", "value": "high"}]])
def test_scores_that_are_none(scores: object, model: Path) -> None:
    plain = json.loads((model / "model.json").read_text()) | {"scores": scores}
    (model / "model.json").write_text(json.dumps(plain))
    with pytest.raises(neurop.InputError, match="scores"):
        Facts.of(model)


def test_an_edited_card_stays(model: Path, tmp_path: Path) -> None:
    facts, out = Facts.of(model), tmp_path / "out"
    assert write(facts, model, out, "first", {})[1] is False
    assert write(facts, model, out, "first", {})[1] is False
    (out / "README.md").write_text("edited")
    assert write(facts, model, out, "first", {})[1] is True
    assert (out / "README.md").read_text() == "edited"


def test_folders_that_are_not_written_to(model: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    (tmp_path / "file").touch()
    for folder in (model, tmp_path / "full", tmp_path / "file"):
        with raises_input("folder", str(folder)):
            check_folder(folder, model)
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["thesis.tex"]


def test_conditions_have_their_range(tmp_path: Path) -> None:
    import numpy as np

    values = np.array([1e-4, 5e-4, 1e-3]).reshape(3, 1, 1, 1, 1)
    viscosity = Condition(Field("viscosity", "m2 s-1"), "parameter", values)
    surrogate(evolution(conditions=(viscosity,))).save(tmp_path)
    facts = Facts.of(tmp_path)
    assert ["viscosity", "parameter", "m2 s-1", "", "0.0001 to 0.001"] in facts.fields()
    assert "Outside the range in training of `viscosity`" in model_card(facts, "w")


def test_scores_of_a_run(model: Path) -> None:
    run = model.parent
    outputs = neurop.load(run).card.outputs
    (run / "train.json").write_text(
        json.dumps({"data": "waves", "test/relative_l2": 0.5, "test/rmse/u": 0.1, "seed": 0})
    )
    (run / "eval").mkdir()
    record = {"data": "waves", "split": "test", "relative_l2": 0.25, "rmse": {"p": 30.0}}
    (run / "eval" / "eval.json").write_text(json.dumps(record))
    found, notes = scores_of(run, outputs)
    assert notes == []
    assert [(s.name, s.value, s.unit) for s in found] == [
        ("relative_l2", 0.25, "1"),
        ("rmse/u", 0.1, "m s-1"),
        ("rmse/p", 30.0, "Pa"),
    ]
    old = (model / "model.safetensors").stat().st_mtime - 3600
    os.utime(run / "eval" / "eval.json", (old, old))
    found, notes = scores_of(run, outputs)
    assert found[0].value == 0.5
    assert "eval.json" in notes[0]
    (run / "train.json").write_text("{")
    with raises_input("path", str(run / "train.json")):
        scores_of(run, outputs)


def test_the_public_card_keeps_everything_else(model: Path) -> None:
    plain = json.loads((model / "model.json").read_text())
    made = public_card(Facts.of(model))
    assert {k: v for k, v in made.items() if k not in ("origin", "scores")} == {
        k: v for k, v in plain.items() if k != "origin"
    }
