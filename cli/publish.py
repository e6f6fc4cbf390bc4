"""``neurop publish``: a trained surrogate as a folder for others, on the Hugging Face hub too."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from neurop.errors import InputError
from neurop.sharing.hub import is_repository
from neurop.sharing.model_card import LICENSES, model_card
from neurop.sharing.publish import MOST_PICTURE, check_folder, check_upload, upload, write

from ._citations import facts_of
from ._console import table, wrote
from ._output import write_json
from ._runs import Checkpoint, find
from ._say import say
from ._settings.check import check_types

SETTINGS = {
    "ckpt": str,
    **dict.fromkeys(("folder", "repo", "license"), str | None),
    "private": bool,
    "datasets": list[str],
}
PICTURES = {
    "rollout/rollout.png": "Truth, prediction and error of a rollout",
    "eval/fields.png": "Truth, prediction and error on test samples",
    "superres/superres.png": "Error on finer grids than that of the training",
}


def run(cfg: DictConfig) -> dict[str, Any]:
    """Write the folder of ``cfg.ckpt``; upload it if ``cfg.repo`` names a repository.

    Raises
    ------
    InputError
        If a setting cannot be used, or the hub refuses the name or the token.
    ExternalFailure
        If the hub cannot be reached.
    """
    check_types(cfg, SETTINGS)
    for name in cfg.datasets:
        if not is_repository(name):
            raise InputError.of("datasets", name, "need names OWNER/NAME of data sets on the hub")
    if cfg.license is not None and not re.fullmatch(r"[\w.+ -]{1,80}", cfg.license):
        remedy = f"need a name of one line; of the hub are {', '.join(LICENSES[:8])} and others"
        raise InputError.of("license", cfg.license, remedy)
    checkpoint = find(cfg.ckpt)
    folder = Path(cfg.folder) if cfg.folder is not None else checkpoint.results / "publish"
    check_folder(folder, checkpoint.model)
    if cfg.repo is not None:
        check_upload(cfg.repo)
    facts, notes = facts_of(checkpoint)
    pictures, missing = _pictures(checkpoint)
    title = cfg.repo or f"{facts.surrogate.name}-{Path(facts.data).stem}"
    named = {path.name: caption for path, caption in pictures.items()}
    readme = model_card(facts, title, cfg.license, list(cfg.datasets), named)
    places = {path.name: path for path in pictures}
    files, kept = write(facts, checkpoint.model, folder, readme, places)
    if kept:
        notes.append(f"kept {folder}/README.md as it is; delete it to have it written anew")
    if cfg.license is None:
        notes.append("no licence of the weights: others may not use them; add license=<name>")
    table(
        f"{facts.surrogate.name} on {facts.data}",
        ["file", "bytes"],
        [[name, (folder / name).stat().st_size] for name in files],
    )
    for note in [*notes, *missing]:
        say(f"note: {note}")
    address = None
    if cfg.repo is not None:
        address = upload(folder, files, cfg.repo, cfg.private)
        say(f"uploaded to {address}")
    record = {"model": facts.surrogate.name, "checkpoint": checkpoint.name, "data": facts.data}
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files}
    given = {"license": cfg.license, "repo": cfg.repo, "address": address}
    write_json(folder / "publish.json", record | given | {"sha256": hashes})
    wrote(folder)
    return {}


def _pictures(checkpoint: Checkpoint) -> tuple[dict[Path, str], list[str]]:
    """Return the pictures of a surrogate's results with their captions, and notes on others."""
    home = checkpoint.results
    there = {home / n: caption for n, caption in PICTURES.items() if (home / n).is_file()}
    large = [path for path in there if path.stat().st_size > MOST_PICTURE]
    notes = [f"{path} is left out: more than {MOST_PICTURE / 1e6:.0f} MB" for path in large]
    if not there:
        notes = [f"no picture; neurop eval ckpt={checkpoint.run or checkpoint.name} makes one"]
    return {path: caption for path, caption in there.items() if path not in large}, notes
