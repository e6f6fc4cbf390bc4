r"""Steady Darcy flow through a two-phase medium: the small public files of neuraloperator.

**Equation.**

.. math:: -\nabla\cdot(a(x)\,\nabla y(x)) = f \text{ in } (0, 1)^2, \qquad
   y = 0 \text{ on the boundary}, \qquad x \mapsto y.

**Fields.** in: permeability, the phase indicator 0 or 1 (the values of a are not in the files);
out: pressure. Both dimensionless.

**Grid.** (x, y), N points per side at j/N, with the near edges and without the far ones, so the
test set at 16 has every second point of that at 32. N = 16 for training, 16 and 32 for the test.

**Boundary.** dirichlet. In the files y at j = 0 is the interpolated solution, zero up to 0.3 % of
its norm.

**Time step.** none, a map.

**Parameters.** a constant f. Between the phases the Laplacian of y, which is -f/a, differs by a
factor of 18: -50.2 where the indicator is 0, -2.78 where it is 1 (measured on the 32 x 32 set).

**Size.** 1000 training pairs at 16 x 16, 50 test pairs at 16 x 16 and the same 50 at 32 x 32: 1.6
MB, part of the package.

**Cost.** none, nothing is generated.

**What is hard.** The coefficient jumps, so 16 points leave its interfaces under-resolved: an error
at 32 is an error of super-resolution. Test errors (relative L2) of neuraloperator 2.0.0 on these
files, at 16 / at 32: 0.0945 / 0.1183 with the recipe of its gallery, 0.0980 / 0.1465 with its Darcy
configuration.

**Source.** neuraloperator, MIT licence, https://github.com/neuraloperator/neuraloperator
(neuralop/data/datasets/data); the problem: Li et al., Fourier neural operator for parametric PDEs,
ICLR 2021, arXiv:2010.08895, section 5.2.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.formats.readers import torch_pt
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.source import Source

SAMPLES = Path(__file__).parent / "samples"
_RESOLUTIONS = (16, 32)
_PAIRS = 1000
_GRID = Grid((Axis("x", "dirichlet"), Axis("y", "dirichlet")))


class DarcyPublic(Source):
    """Pairs of permeability and pressure from the public files of neuraloperator.

    Parameters
    ----------
    train
        Number of training pairs, the first of the file.
    val
        Number of validation pairs, the last of the file; train + val is at most 1000.

    Raises
    ------
    InputError
        If a number is below 1, or their sum above 1000.

    Examples
    --------
    >>> {name: len(fields) for name, fields in DarcyPublic().splits().items()}
    {'train': 980, 'val': 20, 'test': 50}
    >>> DarcyPublic().at((32, 32)).shape
    (32, 32)
    """

    name = "darcy_public"

    def __init__(self, train: int = 980, val: int = 20) -> None:
        if train < 1 or val < 1 or train + val > _PAIRS:
            wrong = ("val", val) if val < 1 <= train else ("train", train)
            raise InputError.of(
                *wrong, f"use 1 or more, with train + val={train + val} at most {_PAIRS}"
            )
        self.train, self.val = train, val

    def splits(self) -> dict[str, FieldSet]:
        """Return ``train``, ``val`` and ``test``, all at 16 x 16."""
        pairs = _read("train", 16)
        return {
            "train": pairs.samples(slice(self.train)),
            "val": pairs.samples(slice(_PAIRS - self.val, None)),
            "test": _read("test", 16),
        }

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        """Return the test set at 16 x 16 or 32 x 32; raise InputError for another shape."""
        if tuple(shape) not in [(n, n) for n in _RESOLUTIONS]:
            raise InputError(
                f"darcy_public has no {' x '.join(map(str, shape))} test set; choose from "
                "resolutions 16, 32",
                "shape",
                tuple(shape),
            )
        return _read("test", shape[0])


def _read(split: str, resolution: int) -> FieldSet:
    file = SAMPLES / f"darcy_{split}_{resolution}.pt"
    fields = torch_pt.read(
        file,
        _GRID,
        Field("permeability", "1", "phase of the medium"),
        Field("pressure", "1", "pressure"),
    )
    # Only the name, because the path of the package is irrelevant to the data.
    return replace(fields, source=file.name, attributes={"license": "MIT"})
