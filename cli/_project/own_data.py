"""The settings of a project's data set, from a file of the user or from the sample."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from neurop.errors import InputError

_SAMPLE = """\
# Darcy flow, permeability to pressure; the small public set in the package, to try the project with
# your own file: neurop inspect FILE prints the settings that read it
_target_: neurop.datasets.DarcyPublic
train: 980   # [pairs] for training
val: 20      # [pairs] for validation
"""
_HEAD = """\
# {path}, as neurop inspect reads it; all settings of a file: neurop train data=file --help
defaults:
  - file
  - _self_

"""


@dataclass(frozen=True)
class OwnData:
    """The data set of a project.

    Parameters
    ----------
    name
        Name of the choice ``data=<name>``.
    yaml
        Text of ``conf/data/<name>.yaml``.
    axes
        Number of axes of the grid.
    sphere
        Whether the grid is a full sphere.
    evolves
        Whether the fields evolve in time, rather than being mapped to others.
    points
        Smallest number of points of an axis.
    open
        Settings that the file does not tell, marked ``???``.
    hint
        What else `inspect` says about the file.
    """

    name: str
    yaml: str
    axes: int = 2
    sphere: bool = False
    evolves: bool = False
    points: int = 16
    open: tuple[str, ...] = ()
    hint: str = ""

    @classmethod
    def sample(cls) -> OwnData:
        """Return the small set in the package."""
        return cls("sample", _SAMPLE)

    @classmethod
    def of(cls, file: Path, taken: list[str]) -> OwnData:
        """Return the data set of a file.

        Parameters
        ----------
        file
            Path of the file.
        taken
            Names of data sets that there are already.

        Raises
        ------
        InputError
            If there is no such file, or it cannot be read.
        """
        from neurop.formats.content import LEADING
        from neurop.formats.inspect import inspect

        if not file.exists():
            raise InputError.in_file(file, "no such file; correct the path")
        report = inspect(file.absolute())
        if not report.fields:
            raise InputError.in_file(file, "holds no arrays; give a file with fields")
        axes = [axis for axis in report.axes if axis.name not in LEADING]
        lines = report.yaml.splitlines()
        unknown = [re.split(r":", line)[0].strip() for line in lines if "???" in line]
        stem = re.sub(r"\W+", "_", file.stem).strip("_").lower() or "own"
        name = f"own_{stem}" if stem in taken or stem[0].isdigit() else stem
        return cls(
            name,
            _HEAD.format(path=file.name) + report.yaml + "\n",
            len(axes) or 2,  # of a file that names no axes any number is a guess
            "pole to pole" in [axis.boundary for axis in axes],
            not any(re.match(r"target: (?!null)", line) for line in lines),
            min([axis.points for axis in axes] or report.fields[0].shape),
            tuple(unknown),
            report.hint,
        )
