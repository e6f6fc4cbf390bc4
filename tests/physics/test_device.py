import pytest
import torch
from raising import raises_input

from neurop.physics.device import compute_device


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DEVICE", "cpu")
    assert compute_device() == torch.device("cpu")


@pytest.mark.parametrize("there", [True, False])
def test_else_a_cuda_device_if_there_is_one(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.delenv("NEUROP_DEVICE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert compute_device().type == ("cuda" if there else "cpu")


@pytest.mark.parametrize("word", ["gpu0", "cuda:99"])
def test_a_device_that_is_none_is_one_line(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("NEUROP_DEVICE", word)
    with raises_input("NEUROP_DEVICE", word, "use cpu"):
        compute_device()
