"""A tiny saved surrogate, and a hub on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_hub import Hub, serving
from small import evolution, surrogate


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "saved" / "model"
    surrogate(evolution()).save(folder)
    return folder


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    pytest.importorskip("huggingface_hub")
    with serving(tmp_path / "cache") as made:
        yield made
