r"""Your own fields: a file in a format that is known, or any arrays with the names of their axes.

**Equation.** yours.

**Fields.** `input`, and `target` for a map from fields to fields; without a target the input is the
state of an evolution in time.

**Grid.** every axis but ``sample``, ``time``, ``channel`` and ``level``; regular points. Latitude
and longitude round the globe make a sphere.

**Boundary.** per axis ``periodic``, ``dirichlet``, ``neumann`` or ``open``.

**Time step.** that of the file, or `step`.

**Parameters.** those in the file.

**Size.** any: what takes more than a quarter of the memory stays in the file and is read in its
chunks.

**Cost.** none, nothing is generated.

**What is hard.** the file must tell or you must know: `neurop inspect FILE` prints what it could
tell, and the settings that would read it. Read are the files of FNO and PINO (MATLAB),
neuraloperator, PDEBench, The Well, makani, FourCastNet, ERA5 (NetCDF of today and of before 2024,
cfgrib), WeatherBench 1 and 2 (NetCDF, Zarr), and any HDF5, NetCDF, Zarr, ``.mat``, ``.npz`` or
``.npy`` file of arrays.

**Source.** yours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.formats.assemble import ReadOptions, assemble
from neurop.formats.concatenate import concatenate
from neurop.formats.content import LEADING
from neurop.formats.detect import file_content
from neurop.formats.paths import find_files
from neurop.generation.storage import grouped
from neurop.source import Source


@dataclass(frozen=True)
class Domain:
    """Extent and points of the grid, where the file does not say.

    Parameters
    ----------
    length
        Extent of the domain in your unit: one for all axes, or one per axis by name; by default
        what the file says, else 1.
    layout
        Place of the points: ``left`` (j/n), ``ends`` (both ends in) or ``cells`` (centres); by
        default the file's, else left.
    """

    length: float | Mapping[str, float] | None = None
    layout: str | Mapping[str, str] | None = None


class File(Source):
    """The data set of one file, or of several with the same fields.

    Parameters
    ----------
    path
        The file, a list of files, or a pattern such as ``data/*.h5``. Several files that hold dated
        frames are one record in time; others hold more samples.
    input
        Name of the array that goes in, or of several on one grid; by default those of the format's
        own learning task.
    target
        Name of the array to predict from it, or several; null for an evolution in time, or for the
        format's own task.
    axes
        Name of each axis of the arrays, in the file's order, where the file does not name them.
        ``sample``, ``time``, ``channel`` and ``level`` have a meaning, the others are the grid's.
    boundary
        Boundary of the grid's axes (:class:`neurop.geometry.grid.Axis`): one for all, or one per
        axis by name; by default what the file says.
    domain
        Extent and points of the grid: a :class:`Domain` or a mapping of its parameters.
    step
        Time between frames; by default that of the file, else 1.
    held_out
        Share of the samples for validation, and again for the test: the last ones, or of a single
        trajectory its last frames.
    lazy
        Leave the values in the file; by default if they would take more than a quarter of the
        memory.

    Raises
    ------
    InputError
        If the file does not say what is needed, or a share leaves nothing.

    Examples
    --------
    >>> from neurop.datasets.darcy_public import SAMPLES
    >>> {name: len(part) for name, part in File(str(SAMPLES / "darcy_test_16.pt")).splits().items()}
    {'train': 40, 'val': 5, 'test': 5}
    """

    name = "file"

    def __init__(
        self,
        path: str | Sequence[str],
        input: str | Sequence[str] | None = None,
        target: str | Sequence[str] | None = None,
        axes: Sequence[str] | None = None,
        boundary: str | Mapping[str, str] | None = None,
        domain: Domain | Mapping[str, Any] | None = None,
        step: float | None = None,
        held_out: float = 0.1,
        lazy: bool | None = None,
    ) -> None:
        self.path, self.held_out, self.lazy = path, held_out, lazy
        extent = grouped(Domain, domain, "domain")
        names = tuple(axes or ())
        if names and (not set(names) - set(LEADING) or len(set(names)) < len(names)):
            raise InputError(
                f"data.axes=[{', '.join(names)}]; name each axis once, the grid's beside sample, "
                "time and channel"
            )
        if not input and target:
            raise InputError(
                f"data.target={target} without data.input; name the array that it is predicted from"
            )
        if not 0 < held_out < 0.5:
            raise InputError(f"data.held_out={held_out}; give a share above 0 and below 0.5")
        if step is not None and not step > 0:
            raise InputError(f"data.step={step}; give the time between frames, above 0")
        self.choice = ReadOptions(
            _names(input), _names(target), names, boundary, extent.length, extent.layout, step
        )

    def splits(self) -> dict[str, FieldSet]:
        """Return ``train``, ``val`` and ``test``, in this order in the file."""
        whole = self._all
        apart = len(whole) > 2 or whole.has_targets  # samples, or the frames of one trajectory
        count = len(whole) if apart else whole.values.shape[1]
        held = max(round(self.held_out * count), 1 if apart else 2)
        if count <= 2 * held:
            what = f"{count} {'sample' if apart else 'frame'}{'s' if count != 1 else ''}"
            raise InputError(
                f"{whole.source}: {what} leave none to train on, with {held} each for validation "
                "and test"
            )
        parts = {
            "train": slice(0, count - 2 * held),
            "val": slice(count - 2 * held, count - held),
            "test": slice(count - held, None),
        }
        by = whole.samples if apart else whole.frames
        return {name: by(part) for name, part in parts.items()}

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        """Return the test set; there is one resolution, the file's."""
        if tuple(shape) != self._all.shape:
            there, asked = (" x ".join(map(str, s)) for s in (self._all.shape, shape))
            raise InputError(f"{self._all.source} has one resolution, {there}, not {asked}")
        return self.splits()["test"]

    @cached_property
    def _all(self) -> FieldSet:
        return concatenate(
            [
                assemble(file_content(path), self.choice, lazy=True)
                for path in find_files(self.path)
            ],
            self.lazy,
        )


def _names(given: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if given is None else (given,) if isinstance(given, str) else tuple(given)
