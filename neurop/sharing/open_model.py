"""The folder of a surrogate, wherever it is: a folder, an archive, or the Hugging Face hub."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurop.errors import InputError
from neurop.model_folder import CARD
from neurop.sharing.archive import unpack
from neurop.sharing.hub import PREFIX, download


def is_remote(path: str | Path) -> bool:
    """Return whether a path names a surrogate that has to be fetched or unpacked first.

    Examples
    --------
    >>> is_remote("hf://ada/burgers-fno"), is_remote("runs")
    (True, False)
    """
    return str(path).startswith(PREFIX) or Path(path).is_file()


@contextmanager
def open_model(path: str | Path) -> Iterator[Path]:
    """Yield the folder with ``model.json`` and ``model.safetensors`` inside the block.

    Parameters
    ----------
    path
        Run folder, ``model/`` folder, archive of one of them, or ``hf://owner/name[@revision]``.

    Raises
    ------
    InputError
        If an archive or a repository holds no surrogate, or is not safe to read.
    ExternalFailure
        If the hub cannot be reached.
    """
    if str(path).startswith(PREFIX):
        yield download(str(path))
        return
    if not Path(path).is_file():
        folder, inner = Path(path), Path(path) / "model"
        is_run = (inner / CARD).is_file() and not (folder / CARD).is_file()
        yield inner if is_run else folder
        return
    # The weights are copied out of the file when a surrogate is loaded.
    with tempfile.TemporaryDirectory(prefix="neurop-", ignore_cleanup_errors=True) as scratch:
        unpack(Path(path), Path(scratch))
        try:
            yield Path(scratch)
        except InputError as error:
            text = str(error).replace(scratch, str(path))
            raise InputError(text, error.key, error.value) from error
