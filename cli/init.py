"""``neurop init DIR``: the folder of a new project, with the settings of its data."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from neurop.errors import InputError

from ._console import wrote
from ._project.own_data import OwnData
from ._project.texts import IGNORE, experiment, makefile, notebook, readme
from ._say import say
from ._words import read_words

USAGE = "Usage: neurop init DIR [data=FILE]"


def run(words: Sequence[str]) -> None:
    """Write the folder of a project; it is complete or not there.

    Raises
    ------
    InputError
        If the folder is not empty or cannot be made, or the file cannot be read.
    """
    given = read_words(words, "folder", ["folder", "data"])
    if "folder" not in given:
        raise InputError(f"it takes the name of a folder; {USAGE[0].lower()}{USAGE[1:]}", "folder")
    folder = Path(given["folder"])
    check_new(folder)
    data = OwnData.sample()
    if "data" in given:
        from .list import groups

        data = OwnData.of(Path(given["data"]), list(groups()["data"]))
    title = folder.absolute().name
    files = {
        f"conf/data/{data.name}.yaml": data.yaml,
        "conf/experiment/first.yaml": experiment(data),
        "Makefile": makefile(data),
        "README.md": readme(title, data),
        "notebook.ipynb": notebook(title, data),
        ".gitignore": IGNORE,
    }
    write_all(folder, files)
    for name in files:
        say(f"  {folder / name}")
    for setting in data.open:
        say(f"note: set {setting} in conf/data/{data.name}.yaml, which the file does not tell")
    if data.hint:
        say(f"note: {data.hint}")
    say(f"next: cd {folder} && make train")
    wrote(folder)


def check_new(folder: Path) -> None:
    """Raise InputError unless a folder is absent or empty."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InputError.of("folder", str(folder), "is no folder; give a new name")
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError.of("folder", str(folder), "is not empty; give a new folder")


def write_all(folder: Path, files: dict[str, str]) -> None:
    """Write files to a new folder, which appears when all are written.

    Raises
    ------
    InputError
        If the folder cannot be made.
    """
    try:
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.absolute().parent))
    except OSError as error:
        remedy = f"cannot be made ({error.strerror}); give a folder that can be written"
        raise InputError.of("folder", str(folder), remedy) from error
    try:
        made = scratch / "project"  # with the rights of the user's umask, unlike the scratch folder
        for name, text in files.items():
            path = made / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        os.replace(made, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
