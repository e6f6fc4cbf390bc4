"""Loading of saved surrogates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neurop.errors import InputError
from neurop.registry import trust_packages
from neurop.surrogate import Surrogate


def load(path: str | Path, trust: Sequence[str] = ()) -> Surrogate:
    """Return the surrogate of a run folder or of its ``model/`` folder, on the CPU.

    Nothing is unpickled; see :meth:`neurop.Surrogate.load`.

    Parameters
    ----------
    path
        Run folder, or folder with ``model.json`` and ``model.safetensors``.
    trust
        Packages to import first because they register models of their own. Models that a package
        declares as entry points ``neurop.models`` are found without it.

    Raises
    ------
    InputError
        If a file is missing or damaged, or a package or the model is not installed.

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
        raise InputError.of("path", path, "give the folder of a run or of a surrogate")
    trust_packages(trust)
    folder = Path(path)
    inner = folder / "model"
    is_run = (inner / "model.json").is_file() and not (folder / "model.json").is_file()
    return Surrogate.load(inner if is_run else folder)
