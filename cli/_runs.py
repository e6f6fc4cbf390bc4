"""Run folders: find a trained surrogate, continue a run, remove empty folders."""

from __future__ import annotations

import atexit
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurop.errors import InputError, nearest

if TYPE_CHECKING:
    from ._settings.replay import Known

RESUMED = ("train", "refine")
"""Verbs that train, and whose runs can be continued."""
LAST = Path("checkpoints") / "last.ckpt"
INTERIM = Path("checkpoints") / "best"
# Settings that a resumed run may change: those of the machine, and of the length of the training.
# The content of the data is compared after they are read.
_FREE = {"trainer", "logger", "debug", "name", "trust", "resume", "hydra"}
_FREE_KEYS = {"loader.workers", "data.path", "data.storage.lazy", "data.storage.folder"}
_MISSING = object()
_KEPT = ExitStack()
atexit.register(_KEPT.close)


@dataclass(frozen=True)
class Checkpoint:
    """A trained surrogate on disk.

    Parameters
    ----------
    run
        Run folder; None for a model folder without a run.
    model
        Folder with ``model.json`` and ``model.safetensors``.
    origin
        Archive, or name on the hub, from which the model folder was made; None for a folder of the
        user.
    """

    run: Path | None
    model: Path
    origin: str | None = None

    @property
    def name(self) -> str:
        """What the user calls it: archive or name on the hub, else the model folder."""
        return self.origin or str(self.model)

    @property
    def results(self) -> Path:
        """Folder for the results of a verb: the run, or next to the model or the archive.

        For a repository on the hub, ``<owner>-<name>/`` in the working directory.
        """
        if self.origin is None:
            return self.run or self.model.parent
        if self.origin.startswith("hf://"):
            return Path(self.origin.removeprefix("hf://").split("@")[0].replace("/", "-"))
        path = Path(self.origin)
        return path.with_name(re.sub(r"\.(zip|tar|tar\.gz|tgz)$", "", path.name) + "-results")

    @property
    def unfinished(self) -> bool:
        """Whether the model is that of a run that goes on, or was interrupted."""
        return self.run is not None and self.model == self.run / INTERIM


def find(ckpt: str, root: Path = Path("runs"), setting: str = "ckpt") -> Checkpoint:
    """Return the surrogate that ``ckpt=`` names.

    It is a run folder, a ``model/`` folder, ``latest``, an archive, or ``hf://owner/name``.

    Parameters
    ----------
    ckpt
        Value of the setting.
    root
        Folder of the runs, for ``latest``.
    setting
        Name of the setting, for messages.

    Raises
    ------
    InputError
        If there is none.
    """
    if ckpt == "latest":
        models = sorted(_models(root), key=lambda m: (m / "model.json").stat().st_mtime_ns)
        if not models:
            raise InputError(
                f"{setting}=latest: no trained surrogate under {root}/; train one first: neurop "
                "train",
                setting,
                ckpt,
            )
        return Checkpoint(models[-1].parent, models[-1])
    path = Path(ckpt)
    if ckpt.startswith("hf://") or path.is_file():
        return _fetched(ckpt, setting)
    if (path / "model.json").is_file():
        is_run = path.name == "model" and (path.parent / "config.yaml").is_file()
        return Checkpoint(path.parent if is_run else None, path)
    for folder in (path / "model", path / INTERIM):
        if (folder / "model.json").is_file():
            return Checkpoint(path, folder)
    if path.is_dir():
        raise InputError(
            f"{setting}={ckpt}: no model/model.json in this folder; give the folder of a run with "
            "one epoch or more",
            setting,
            ckpt,
        )
    runs = [str(model.parent) for model in _models(root)]
    raise InputError(
        f"{setting}={ckpt}: no such folder"
        + (f"; {nearest(ckpt, runs)}" if runs else "; train one first: neurop train"),
        setting,
        ckpt,
    )


def _fetched(ckpt: str, setting: str) -> Checkpoint:
    """Return a surrogate of an archive or of the hub; what is unpacked lives until the end."""
    from neurop.sharing.open_model import open_model

    try:
        return Checkpoint(None, _KEPT.enter_context(open_model(ckpt)), ckpt)
    except InputError as error:
        what = str(error).removeprefix(f"{ckpt}: ").removeprefix(f"path={ckpt}: ")
        raise InputError.of(setting, ckpt, what) from error


def _models(root: Path) -> Iterator[Path]:
    for pattern in ("*/*/model", "sweeps/*/*/model"):
        yield from (m for m in root.glob(pattern) if (m / "model.json").is_file())


def check_empty(folder: Path, words: Sequence[str]) -> None:
    """Raise InputError if a folder holds a run that the words of the command do not continue."""
    if (folder / LAST).is_file() and not any(word.startswith("resume=") for word in words):
        shown = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
        raise InputError(
            f"{shown}: holds a run already; continue it by resume={quoted(str(shown))}, or give "
            "another folder by hydra.run.dir=",
            "hydra.run.dir",
            str(folder),
        )


def resumed(args: list[str], known: Callable[[list[str]], Known]) -> list[str]:
    """Replace ``resume=RUN`` by the overrides and the folder of that run; keep other arguments.

    Parameters
    ----------
    args
        Arguments of ``neurop train`` or ``neurop refine``.
    known
        Function from these arguments to the settings and classes known without the run folder.

    Raises
    ------
    InputError
        If there is nothing to continue, if the arguments change what a resumed run must keep, or if
        the run folder has other overrides than plain values of known keys.
    """
    named = [a.removeprefix("resume=") for a in args if a.startswith("resume=")]
    if not named:
        return args
    if {"-m", "--multirun"} & set(args):
        raise InputError("resume= continues one run; leave out -m", "resume", named[-1])
    folder = Path(named[-1].strip("'\""))
    if not folder.is_dir():
        raise InputError(
            f"resume={folder}: no such folder; give the folder of a run, "
            "runs/<data>-<model>/<date-time>",
            "resume",
            str(folder),
        )
    for needed in ("overrides.yaml", LAST):
        if not (folder / needed).is_file():
            raise InputError(
                f"resume={folder}: no {needed} in this folder, so there is nothing to continue",
                "resume",
                str(folder),
            )
    # Imported here: only resuming needs Hydra and OmegaConf in this module.
    from ._settings.replay import check
    from ._settings.saved import read_yaml

    words = read_yaml(folder / "overrides.yaml")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise InputError(
            f"resume={folder}: its overrides.yaml is no list of overrides", "resume", str(folder)
        )
    before = {_key(word): word for word in words}
    after = [a for a in args if not a.startswith("resume=")]
    here = known(after)
    made_by = "refine" if "ckpt" in before else "train"
    if made_by != here.verb:
        raise InputError(
            f"resume={folder}: a run of neurop {made_by}; continue it by neurop {made_by} "
            f"resume={folder}",
            "resume",
            str(folder),
        )
    saved = read_yaml(folder / "config.yaml") if (folder / "config.yaml").is_file() else {}
    for arg in (a for a in after if "=" in a or a.startswith("~")):
        _keeps(arg, before, saved, here, folder)
    replaced = {_key(a) for a in after if "=" in a}
    kept = [o for key, o in before.items() if key not in replaced]
    check(kept, here, str(folder))
    place = [] if "hydra.run.dir" in replaced else [f"hydra.run.dir={quoted(str(folder))}"]
    return [*kept, f"resume={quoted(str(folder))}", *place, *after]


def _keeps(arg: str, before: dict[str, str], saved: Any, known: Known, folder: Path) -> None:
    """Raise InputError if an argument changes a setting that a resumed run keeps."""
    key = _key(arg)
    if key.split(".")[0] in _FREE or key in _FREE_KEYS or arg.startswith("-"):
        return
    if key in known.groups:
        same = arg == before.get(key) or _value(arg) == _value(before.get(key, "=null"))
        was = f"has {before[key]}" if key in before else f"was made without {key}="
    else:
        for part in key.split("."):
            saved = saved.get(part, _MISSING) if isinstance(saved, dict) else _MISSING
        given = known.parse(arg)
        same = given is not None and not given.is_delete() and given.value() == saved
        was = f"was made without {key}=" if saved is _MISSING else f"has {key}={_shown(saved)}"
    if not same:
        raise InputError(
            f"a resumed run keeps its {key.split('.')[0]}: {folder} {was}, not {arg}; start a new "
            "run for it" + f", with init={folder} from these weights" * (known.verb == "train"),
            key,
            arg,
        )


def _shown(value: Any) -> str:
    """Return a saved value as it is typed."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def _key(override: str) -> str:
    return override.split("=", 1)[0].lstrip("+~")


def _value(override: str) -> str:
    return override.split("=", 1)[-1].strip("'\"")


def quoted(text: str) -> str:
    r"""Return text as one quoted value of Hydra's grammar, unless it needs no quotes.

    Examples
    --------
    >>> quoted("runs/a-b/20260101"), quoted("my runs/it's")
    ('runs/a-b/20260101', "'my runs/it\\'s'")
    """
    if re.fullmatch(r"[\w./+-]*", text):
        return text
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", text)
    return f"'{escaped}'"


def prune(folder: Path) -> None:
    """Remove an empty folder, then its empty parents inside the working directory."""
    folder, here = folder.resolve(), Path.cwd()
    # What cannot be removed stays: the root of a file system, a folder of another user.
    with suppress(OSError):
        while folder != here and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent
            if here not in folder.parents:
                return
