"""Loading of saved surrogates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neurop.errors import InputError
from neurop.registry import trust_packages
from neurop.sharing.open_model import open_model
from neurop.surrogate import Surrogate


def load(path: str | Path, trust: Sequence[str] = ()) -> Surrogate:
    """Return a saved surrogate, on the CPU.

    Nothing is unpickled, and only ``model.json`` and ``model.safetensors`` are read; see
    :meth:`neurop.Surrogate.load`.

    Parameters
    ----------
    path
        Run folder; folder with ``model.json`` and ``model.safetensors``; ``.zip``, ``.tar`` or
        ``.tar.gz`` archive of one; or ``hf://owner/name[@revision]``, a repository on the Hugging
        Face hub.
    trust
        Packages to import first because they register models of their own. Models that a package
        declares as entry points ``neurop.models`` are found without it.

    Raises
    ------
    InputError
        If a file is missing, damaged or not safe to read, or a package or the model is not
        installed.
    ExternalFailure
        If the hub cannot be reached.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from neurop import Field, FieldSet, Grid
    >>> data = FieldSet(np.random.randn(2, 3, 1, 8), (Field("u"),), Grid.periodic(1))
    >>> folder = tempfile.mkdtemp()
    >>> Surrogate.of(data, "fno").save(folder)
    >>> load(folder).name
    'fno'
    """
    if not isinstance(path, str | Path):
        raise InputError.of("path", path, "give a folder, an archive or hf://owner/name")
    trust_packages(trust)
    with open_model(path) as folder:
        return Surrogate.load(folder)
