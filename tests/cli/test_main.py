"""The command's words, exit codes and silence."""

import os
import subprocess
import sys
from typing import Any

import pytest

from neurop import __version__
from neurop.cli import main
from neurop.cli._main import VERBS
from neurop.errors import InputError

from .conftest import Home


def raising(error: BaseException) -> Any:
    def run(cfg: Any) -> None:
        raise error

    return run


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert main([]) == 0
    assert capsys.readouterr().out == printed
    assert [line.split()[0] for line in printed.splitlines() if line.startswith("  ")] == list(
        VERBS
    )


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"neurop {__version__}\n"


@pytest.mark.parametrize(
    ("verb", "hint"),
    [("trian", "did you mean 'train'?"), ("xyz", f"choose from {', '.join(sorted(VERBS))}")],
)
def test_mistyped_verb(verb: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb]) == 2
    assert capsys.readouterr() == ("", f"neurop: no verb '{verb}'; {hint}\n")


def test_done(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    seen = []
    home.run = lambda cfg: seen.append((cfg.model.name, cfg.name, cfg.optimizer.lr))
    assert home.train("model.name=z", "data=second") == 0
    # The recommendation of the data set reaches the optimizer.
    assert seen == [("z", "second-tiny", 0.5)]
    assert capsys.readouterr() == ("", "")


def test_failed(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.run = raising(RuntimeError("the numbers blew up"))
    assert home.train() == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Traceback (most recent call last):")
    assert printed.err.endswith("RuntimeError: the numbers blew up\n")


def test_wrong_input_is_one_line(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.run = raising(InputError("modes=40 needs 80 points, got 64"))
    assert home.train() == 2
    assert capsys.readouterr() == ("", "neurop train: modes=40 needs 80 points, got 64\n")


def test_wrapped_input_error_is_one_line(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    from hydra.errors import InstantiationException

    def run(cfg: Any) -> None:
        try:
            raise InputError("modes=40 needs 80 points, got 64")
        except InputError as error:
            raise InstantiationException("Error in call to target") from error

    home.run = run
    assert home.train() == 2
    assert capsys.readouterr() == ("", "neurop train: modes=40 needs 80 points, got 64\n")


def test_debug_shows_the_traceback(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROP_DEBUG", "1")
    home.run = raising(InputError("too coarse"))
    assert home.train() == 2
    assert capsys.readouterr().err.splitlines()[0] == "Traceback (most recent call last):"


def test_interrupted(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.run = raising(KeyboardInterrupt())
    assert home.train() == 130
    assert capsys.readouterr() == ("", "neurop train: interrupted\n")


def test_interrupted_inside_lightning(home: Home) -> None:
    def run(cfg: Any) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            sys.exit(1)

    home.run = run
    assert home.train() == 130


def test_state_of_the_process_is_restored(home: Home) -> None:
    before = list(sys.argv), dict(os.environ)
    home.train()
    assert (list(sys.argv), dict(os.environ)) == before


def test_as_module() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "neurop", "--version"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"neurop {__version__}\n")


def test_completion(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, home: Home
) -> None:
    monkeypatch.setenv("COMP_LINE", "neurop tr")
    assert main(["-sc", "query=bash"]) == 0
    assert capfd.readouterr().out.split() == list(VERBS)
    for line, answer in (
        ("neurop train logger=", "logger=csv logger=mlflow logger=tensorboard logger=wandb"),
        ("neurop train trainer.max_ep", "trainer.max_epochs="),
    ):
        monkeypatch.setenv("COMP_LINE", line)
        monkeypatch.setenv("COMP_POINT", str(len(line)))
        assert main(["-sc", "query=bash"]) == 0
        assert capfd.readouterr().out.split() == answer.split()
