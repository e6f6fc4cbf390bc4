"""The command itself, in an empty folder, with generated data that all tests share."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from trust_table import TrustTable

# Navier-Stokes on a grid and a model small enough for a run of a second; ~recommended, since its
# settings are for the full size.
TINY = [
    "data=navier_stokes",
    "data.samples=42",
    "data.resolution=16",
    "data.steps=2",
    "~recommended",
    "model.modes=4",
    "model.width=4",
    "model.depth=1",
    "loader.batch_size=2",
    "trainer.max_epochs=2",
    "trainer.accelerator=cpu",
]

# A shell that starts the tests in the background has them ignore Ctrl-C, and what they start would
# ignore it too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--trust-table", type=Path, help="page to write the table of promises into")


def pytest_configure(config: pytest.Config) -> None:
    if (page := config.getoption("--trust-table")) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(TrustTable(page))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker in item.iter_markers("trust"):
            item.user_properties.append(("trust", list(marker.args)))
            item.user_properties += marker.kwargs.items()


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def trained(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny run; a test that changes it changes a copy."""
    from neurop.cli import main

    run = tmp_path_factory.mktemp("trained") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROP_DATA", str(store))
        patch.setattr("sys.argv", ["neurop"])
        assert main(["train", *TINY, "debug=default", f"hydra.run.dir={run}"]) == 0
    return run


@pytest.fixture
def neurop(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., int]]:
    """Return a function that runs ``neurop VERB ...`` in an empty folder and returns the exit
    status.
    """
    from neurop.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEUROP_DATA", str(store))
    monkeypatch.setattr("sys.argv", ["neurop"])
    for name in ("NEUROP_DEBUG", "HYDRA_FULL_ERROR"):
        monkeypatch.delenv(name, raising=False)
    # Lightning ignores Ctrl-C for the rest of the process once it has seen one.
    before = signal.getsignal(signal.SIGINT)
    yield lambda verb, *args: main([verb, *args])
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def train(neurop: Callable[..., int]) -> Callable[..., int]:
    """Return a function that runs ``neurop train`` with tiny settings, which its arguments may
    replace.
    """

    def run(*args: str) -> int:
        named = {a.split("=")[0] for a in args}
        return neurop("train", *(a for a in TINY if a.split("=")[0] not in named), *args)

    return run
