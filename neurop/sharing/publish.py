"""Folders of surrogates to publish, and their upload to the Hugging Face hub."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from neurop.errors import InputError
from neurop.files import replacing
from neurop.model_folder import CARD, WEIGHTS
from neurop.sharing.facts import Facts
from neurop.sharing.hub import client, is_repository, reporting

README = "README.md"
REFERENCES = "CITATION.bib"
MOST_PICTURE = 10 * 2**20
"""Bytes of the largest picture that is published."""


def public_card(facts: Facts) -> dict[str, Any]:
    """Return ``model.json`` for others: with the scores, and without folders of this machine.

    The predictions are the same. Of the path of the training data the file name is left.
    """
    scores = [asdict(score) for score in facts.scores]
    return {**facts.plain, "origin": facts.public_origin, "scores": scores}


def write(
    facts: Facts, model: Path, folder: Path, readme: str, pictures: Mapping[str, Path]
) -> tuple[list[str], bool]:
    """Write the files of a published surrogate.

    Parameters
    ----------
    facts
        Facts of the surrogate.
    model
        Its model folder.
    folder
        Folder to write to; see :func:`check_folder`.
    readme
        Text of the model card. An existing one, which may have been edited, stays.
    pictures
        File name of each picture, and where it is.

    Returns
    -------
    tuple of list and bool
        Names of the files, and whether an existing model card that differs was kept.
    """
    check_folder(folder, model)
    with replacing(folder / WEIGHTS) as part:
        shutil.copyfile(model / WEIGHTS, part)
    texts = {
        CARD: json.dumps(public_card(facts), indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        REFERENCES: facts.bibtex(),
        README: readme,
    }
    there = folder / README
    kept = there.is_file() and there.read_text(encoding="utf-8") != readme
    if kept:
        del texts[README]
    for name, text in texts.items():
        with replacing(folder / name) as part:
            part.write_text(text, encoding="utf-8")
    for name, path in pictures.items():
        with replacing(folder / name) as part:
            shutil.copyfile(path, part)
    return [WEIGHTS, CARD, README, REFERENCES, *pictures], kept


def check_folder(folder: Path, model: Path) -> None:
    """Raise InputError unless a folder is new, empty, or one of an earlier publication."""
    if folder.exists() and not folder.is_dir():
        raise InputError.of("folder", str(folder), "is a file; give a folder")
    if folder.is_dir() and folder.resolve() == model.resolve():
        raise InputError.of("folder", str(folder), "is the model itself; give another folder")
    inside = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if inside and not {CARD, README} <= inside:
        raise InputError.of("folder", str(folder), "holds other files; give a new folder")


def check_upload(repo: str) -> None:
    """Raise InputError unless a repository can be named and an account is logged in.

    It needs no network: a token that the hub refuses is found at the upload.
    """
    if not is_repository(repo):
        raise InputError.of("repo", repo, "need OWNER/NAME")
    if client(repo, "repo").get_token() is None:
        remedy = "no account of the hub is logged in; hf auth login, or set HF_TOKEN"
        raise InputError.of("repo", repo, remedy)


def upload(folder: Path, names: Sequence[str], repo: str, private: bool = False) -> str:
    """Upload files of a folder in one commit; return the address of the repository.

    Parameters
    ----------
    folder, names
        Folder, and the files of it.
    repo
        ``OWNER/NAME``; made if it is missing.
    private
        Whether a repository that is made is private.

    Raises
    ------
    InputError
        If the hub refuses the name or the token.
    ExternalFailure
        If the hub cannot be reached or fails.
    """
    hub = client(repo, "repo")
    with reporting(hub, "repo", repo):
        api = hub.HfApi(library_name="neurop")
        made = api.create_repo(repo, private=private, exist_ok=True)
        message = "Upload a surrogate with neurop"
        api.upload_folder(
            repo_id=made.repo_id,
            folder_path=str(folder),
            allow_patterns=list(names),
            commit_message=message,
        )
    return str(made.url)
