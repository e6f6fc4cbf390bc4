"""The hub's protocol, spoken with a server on this machine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from fake_hub import TOKEN, Hub
from raising import raises_input

import neurop
from neurop.errors import ExternalFailure
from neurop.sharing import hub as hubs
from neurop.sharing.facts import Facts
from neurop.sharing.model_card import model_card
from neurop.sharing.publish import check_upload, upload, write

NAME = "hf://ada/waves"


@pytest.fixture
def filled(hub: Hub, model: Path) -> Hub:
    hub.files["ada/waves"] = {file.name: file.read_bytes() for file in model.iterdir()}
    hub.files["ada/waves"]["pytorch_model.bin"] = b"\x80\x04."
    return hub


@pytest.mark.parametrize("suffix", ["", "@v1", "@0123456789abcdef0123456789abcdef01234567"])
def test_a_surrogate_comes_back(suffix: str, filled: Hub, model: Path) -> None:
    x = torch.randn(2, 2, 9, 8)
    assert torch.equal(neurop.load(NAME + suffix)(x), neurop.load(model)(x))
    assert not any("pytorch_model" in line for line in filled.log)
    before = len([line for line in filled.log if line.startswith("GET")])
    neurop.load(NAME + suffix)
    assert len([line for line in filled.log if line.startswith("GET")]) == before == 2  # cached


def test_the_cache_serves_without_the_hub(filled: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    neurop.load(NAME)
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE
    nowhere = template.replace(constants.ENDPOINT, "http://127.0.0.1:1")
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", nowhere)
    assert neurop.load(NAME).name == "fno"
    with pytest.raises(ExternalFailure, match="hf://ada/other: the hub cannot be reached"):
        neurop.load("hf://ada/other")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("hf://ada/absent", "no such repository"),
        ("hf://ada/waves@v2", "no such revision"),
        ("hf://ada", "need"),
        ("hf://ada/waves@", "need"),
        ("hf://ada/waves/model", "need"),
        ("hf://../waves", "need"),
        ("hf://ada/..", "need"),
        ("hf://ada/waves@../x", "need"),
    ],
)
def test_what_is_wrong_is_said(text: str, what: str, filled: Hub) -> None:
    with raises_input("path", text, what):
        neurop.load(text)


def test_another_kind_of_repository(filled: Hub) -> None:
    del filled.files["ada/waves"]["model.json"]
    with raises_input("path", NAME, "no surrogate"):
        neurop.load(NAME)


def test_sizes_are_checked_before_a_file_is_fetched(filled: Hub) -> None:
    filled.sizes["model.safetensors"] = 2**50
    with raises_input("path", NAME, "at most"):
        neurop.load(NAME)
    assert not any(line.startswith("GET") and "safetensors" in line for line in filled.log)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with raises_input("path", NAME, "pip install"):
        neurop.load(NAME)
    with raises_input("repo", "ada/waves", "pip install"):
        check_upload("ada/waves")


def test_what_is_published_comes_back(
    hub: Hub, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with raises_input("repo", "ada/waves", "HF_TOKEN"):
        check_upload("ada/waves")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    check_upload("ada/waves")
    facts = Facts.of(model)
    (tmp_path / "private.txt").write_text("mine")
    files, _ = write(facts, model, tmp_path / "out", model_card(facts, "ada/waves"), {})
    (tmp_path / "out" / "notes.txt").write_text("mine")
    assert upload(tmp_path / "out", files, "ada/waves", private=True).endswith("/ada/waves")
    assert hub.private == {"ada/waves": True}
    assert set(hub.files["ada/waves"]) - {".gitattributes"} == set(files)
    x = torch.randn(2, 2, 9, 8)
    assert torch.equal(neurop.load(NAME)(x), neurop.load(model)(x))


def test_a_token_that_the_hub_refuses(
    hub: Hub, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with raises_input("repo", "ada/waves", "hf auth login"):
        upload(model, ["model.json"], "ada/waves")


@pytest.mark.parametrize("name", ["waves", "hf://ada/waves", "ada/waves@v1", "a/b/c", "ada/--x"])
def test_names_of_repositories(name: str) -> None:
    assert not hubs.is_repository(name)
    with raises_input("repo", name):
        check_upload(name)
