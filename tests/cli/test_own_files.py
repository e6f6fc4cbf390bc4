"""A folder of settings from elsewhere neither runs code nor fills the memory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from raising import raises_input

from neurop.cli._settings.own_files import check_own_files, expanded
from neurop.errors import InputError

TOUCH = "{_target_: subprocess.Popen, args: [touch, mark]}"
EVIL = {
    "callback": ("experiment/theirs", f"# @package _global_\nhydra: {{callbacks: {{x: {TOUCH}}}}}"),
    "environment": ("experiment/theirs", "# @package _global_\nhydra: {job: {env_set: {CXX: x}}}"),
    "launcher": ("hydra/launcher/theirs", "_target_: subprocess.Popen\nargs: [touch, mark]"),
    "package": ("experiment/theirs", f"# @package hydra.callbacks\nx: {TOUCH}"),
    "package below": ("experiment/theirs", f"# @package _global_.hydra.callbacks\nx: {TOUCH}"),
    "defaults": ("experiment/theirs", "defaults:\n  - /model@hydra.callbacks.x: theirs\n"),
    "folders": ("experiment/theirs", "# @package _global_\nhydra: {searchpath: [file:///x]}"),
}


def laughs(levels: int) -> str:
    lines = ["a0: &a0 [1,1,1,1,1,1,1,1,1]"]
    for i in range(1, levels):
        lines.append(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]")
    return "\n".join(lines)


def write(folder: Path, name: str, text: str) -> None:
    path = folder / "own" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.trust(
    "Opening what a stranger wrote runs no code", "a downloaded folder of settings that runs code"
)
@pytest.mark.parametrize("way", EVIL)
@pytest.mark.parametrize("flag", ["--config-dir=own", "hydra.searchpath=[file://own]"])
def test_settings_of_hydra(way: str, flag: str, home: Any) -> None:
    name, text = EVIL[way]
    write(home.folder, name, text)
    before = set(home.folder.rglob("*"))
    assert home.train(flag, f"{name.replace('/theirs', '=theirs')}") == 2
    assert set(home.folder.rglob("*")) == before
    path = Path("own") / f"{name}.yaml"
    with raises_input("path", str(path), "when Hydra starts; give it on the command line"):
        check_own_files([flag])


@pytest.mark.trust(
    "Opening what a stranger wrote runs no code",
    "a downloaded file of settings that trusts a package",
)
@pytest.mark.parametrize("trust", ["[os]", "os", "[os.*]", "['${model.name}']"])
def test_a_file_trusts_no_package(
    trust: str, home: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"# @package _global_\ntrust: {trust}\n"
    write(home.folder, "experiment/theirs", text)
    seen: list[Any] = []
    home.run = seen.append
    assert home.train("experiment=theirs") == 2
    assert "only the command line trusts packages; add" in capsys.readouterr().err
    assert seen == []


@pytest.mark.trust(
    "What a file promises is compared with a bound before it is read",
    "settings of a kilobyte that expand to gigabytes",
)
@pytest.mark.parametrize("text", [laughs(9), "a: " + "[" * 60 + "]" * 60])
def test_files_that_fill_the_memory(text: str, home: Any, tmp_path: Path) -> None:
    write(home.folder, "experiment/theirs", text)
    assert home.train("experiment=theirs") == 2
    with raises_input("path", "a.yaml", "more than 100000 values|deeper than 50"):
        list(expanded(text, Path("a.yaml")))


def test_references_that_fit(home: Callable[..., Any]) -> None:
    text = "a: &a {x: 1}\nb: *a\n" + "\n".join(f"c{i}: {{<<: *a, y: {i}}}" for i in range(100))
    assert len(list(expanded(text, Path("a.yaml")))) > 500


def test_what_the_user_may_set(home: Any) -> None:
    """Folders of runs, and settings of a launcher."""
    write(home.folder, "experiment/mine", "# @package _global_\nhydra: {run: {dir: runs/a/mine}}")
    write(home.folder, "hydra/launcher/mine", "timeout_min: 60")
    assert home.train("experiment=mine") == 0


def test_a_file_that_cannot_be_read(home: Any) -> None:
    (home.folder / "own" / "model" / "mine.yaml").write_bytes(b"a: \xff")
    with pytest.raises(InputError, match=r"mine.yaml: cannot be read .*; correct or remove it"):
        check_own_files(["--config-dir", "own"])
