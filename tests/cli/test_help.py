"""Help is there for every verb, at once and without the heavy packages."""

import subprocess
import sys
import time

import pytest

from neurop.cli._main import COMPUTING, READING


def neurop(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "neurop", *args], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("verb", COMPUTING)
def test_help_of_a_computing_verb(verb: str) -> None:
    done = neurop(verb, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].endswith(".")
    assert lines[2] == f"Usage: neurop {verb} [group=choice ...] [key.sub=value ...]"
    assert {"Choices", "Values", "Flags"} <= {line.strip() for line in lines}
    assert "${" not in lines[0]


@pytest.mark.parametrize("verb", READING)
def test_help_of_a_reading_verb(verb: str) -> None:
    done = neurop(verb, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: neurop {verb} ")


def test_help_of_train_shows_choices() -> None:
    lines = neurop("train", "--help").stdout.splitlines()
    assert "logger: csv, mlflow, tensorboard, wandb" in lines
    assert any(line.startswith("  max_epochs: ") for line in lines)


def test_help_of_a_model_has_its_settings_alone() -> None:
    """The data set recommends modes, which a U-Net does not have."""
    lines = neurop("train", "model=unet", "--help").stdout.splitlines()
    own = lines[lines.index("model:") + 1 : lines.index("data:")]
    assert [line.split(":")[0].strip() for line in own] == [
        "width",
        "levels",
        "depth",
        "conditioning",
    ]


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("trian",)])
def test_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    code = (
        "import sys; from neurop.cli import main; main(sys.argv[1:]); "
        "heavy = {'torch', 'hydra', 'omegaconf', 'lightning', 'numpy', 'xarray', 'h5py', 'rich'} "
        "& set(sys.modules); "
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *words], capture_output=True, text=True, check=False
    )
    print(f"neurop {' '.join(words)}: {time.perf_counter() - start:.3f} s")
    assert "imported" not in done.stderr
    assert done.returncode == 0


def test_config_is_printed_without_running() -> None:
    done = neurop("train", "--cfg", "job", "--package", "trainer", "trainer.max_epochs=3")
    assert (done.returncode, done.stderr) == (0, "")
    assert "max_epochs: 3" in done.stdout.splitlines()
