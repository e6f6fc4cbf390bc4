"""Sets of fields on one grid: the type that readers return and training takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.checks import check_set
from neurop.fields.condition import Condition, channels_at, domain_of
from neurop.fields.field import Field
from neurop.fields.lazy import Lazy, blocks
from neurop.fields.times import Times
from neurop.geometry.grid import Grid

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class FieldSet:
    """Fields on one grid: an evolution (states in time) or a map (inputs to targets).

    Parameters
    ----------
    values
        Array ``(sample, time, channel, *grid)``: the states of an evolution, or the inputs of a map
        (one time). A NumPy array, or a :class:`neurop.fields.lazy.Lazy` one that is read from its
        file on demand.
    fields
        Field of each channel of `values`.
    grid
        Grid of the trailing axes.
    targets, target_fields
        Targets ``(sample, 1, channel, *grid)`` of a map, and their fields.
    times
        Times of the frames.
    conditions
        What goes in and is not predicted: parameters, static fields, forcings and a mask.
    source
        Origin of the values (file or generator), for messages and records.
    attributes
        Parameters that describe the set (viscosity, seed, ...), plain values.

    Raises
    ------
    InputError
        If the arrays do not fit the grid, the fields or the times.

    Examples
    --------
    >>> states = np.zeros((10, 5, 1, 64, 64))  # 10 trajectories of 5 frames
    >>> data = FieldSet(states, (Field("vorticity", "s-1"),), Grid.periodic(2))
    >>> len(data), data.shape, data.frames(slice(2)).values.shape
    (10, (64, 64), (10, 2, 1, 64, 64))
    """

    values: NDArray[Any] | Lazy
    fields: tuple[Field, ...]
    grid: Grid
    targets: NDArray[Any] | Lazy | None = None
    target_fields: tuple[Field, ...] = ()
    times: Times | None = None
    conditions: tuple[Condition, ...] = ()
    source: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_set(self)

    @property
    def label(self) -> str:
        """Name of the set in messages."""
        return self.source or "the data"

    @property
    def has_targets(self) -> bool:
        """Whether the set is a map from input fields to target fields."""
        return self.targets is not None

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of points per grid axis."""
        return tuple(self.values.shape[3:])

    @property
    def outputs(self) -> tuple[Field, ...]:
        """Fields that a surrogate predicts."""
        return self.target_fields if self.has_targets else self.fields

    @property
    def time_unit(self) -> str:
        """Unit of the times; ``1`` without times."""
        return "1" if self.times is None else self.times.unit

    @property
    def step(self) -> Any:
        """Time between frames (number, or ``timedelta64``), or None."""
        return None if self.times is None else self.times.step

    @property
    def inside(self) -> NDArray[np.bool_] | None:
        """Cells of the domain, ``(sample, *grid)`` or ``(1, *grid)``; None without a mask."""
        return domain_of(self.conditions, self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all values."""
        held = [values for values, _ in self.arrays()]
        return sum(a.nbytes for a in (*held, *(c.values for c in self.conditions)))

    @property
    def is_lazy(self) -> bool:
        """Whether the values are read from their file on demand."""
        return isinstance(self.values, Lazy)

    def loaded(self) -> FieldSet:
        """Return the set with all values in memory."""
        return replace(
            self,
            values=np.asarray(self.values),
            targets=None if self.targets is None else np.asarray(self.targets),
            conditions=tuple(c.loaded() for c in self.conditions),
        )

    def __len__(self) -> int:
        """Return the number of samples."""
        return int(self.values.shape[0])

    @property
    def diagnostics(self) -> tuple[str, ...]:
        """Names of the fields of an evolution that are predicted and do not go in."""
        return tuple(field.name for field in self.fields if field.diagnostic)

    def length(self, sample: int) -> int:
        """Return the number of frames of a sample; values after them are not read."""
        known = None if self.times is None else self.times.lengths
        return int(self.values.shape[1]) if known is None else known[sample]

    def samples(self, which: slice) -> FieldSet:
        """Return the set restricted to a slice of samples."""
        return replace(
            self,
            values=self.values[which],
            targets=None if self.targets is None else self.targets[which],
            conditions=tuple(c.samples(which) for c in self.conditions),
            times=None if self.times is None else self.times.samples(which),
        )

    def frames(self, which: slice) -> FieldSet:
        """Return the set restricted to a slice of its time axis."""
        return replace(
            self,
            values=self.values[:, which],
            times=None if self.times is None else self.times[which],
            conditions=tuple(c.frames(which) for c in self.conditions),
        )

    def given(self, sample: int, last: int, steps: int = 1) -> NDArray[np.float32] | None:
        """Return the conditions of some steps, ``(steps, channel, *grid)``; None without any.

        See :func:`neurop.fields.condition.channels_at`.
        """
        if not self.conditions:
            return None
        return channels_at(self.conditions, sample, last, steps, self.shape)

    def initial(self, history: int = 1) -> xr.Dataset:
        """Return the first `history` frames of every sample as a dataset, to start a rollout."""
        return self.frames(slice(history)).to_xarray()

    def check_finite(self) -> FieldSet:
        """Return the set itself; raise InputError for the first value that is not finite.

        Lazy values are checked in the pass that computes their statistics.
        """
        known = ((c.values, (c.field,)) for c in self.conditions)
        for values, fields in (*self.arrays(), *known):
            for sample, first, block in () if isinstance(values, Lazy) else blocks(values):
                self.check_block(sample, first, block, fields)
        return self

    def check_block(
        self, sample: int, first: int, block: NDArray[Any], fields: tuple[Field, ...]
    ) -> None:
        """Raise InputError for the first value of a block that is not finite.

        Parameters
        ----------
        sample, first
            Index of the sample and of its first frame in the block.
        block
            Frames ``(time, channel, *grid)``.
        fields
            Field of each channel.
        """
        if not np.isfinite(block).all():
            time, channel, *point = (int(i) for i in np.argwhere(~np.isfinite(block))[0])
            value = block[time, channel][tuple(point)]
            # Of a file of double precision, it may be a number that float32 does not have.
            large = " (float32 ends at 3.4e38: use another unit)" * bool(np.isinf(value))
            raise InputError(
                f"{self.label}: field '{fields[channel].name}' of sample {sample}, frame "
                f"{first + time} is {value} at point {tuple(point)}{large}; fill or remove it, or "
                "leave such cells out: mask=missing",
                "field",
                fields[channel].name,
            )

    def digest(self) -> str:
        """Return the first 16 hex digits of the SHA-256 of all values, as little-endian float64.

        For lazy values it is cached with their statistics.
        """
        from neurop.fields.statistics import summary

        return summary(self).digest

    def arrays(self) -> Iterator[tuple[NDArray[Any] | Lazy, tuple[Field, ...]]]:
        """Yield the arrays that hold fields, and the field of each channel."""
        yield self.values, self.fields
        if self.targets is not None:
            yield self.targets, self.target_fields

    def to_xarray(self) -> xr.Dataset:
        """Return the values as one labelled variable per field, with coordinates and units."""
        # Imported here, with pandas: a saved surrogate loads without.
        import xarray as xr

        from neurop.fields.mask import blank

        coords: dict[str, Any] = {
            axis.name: (axis.name, axis.coordinates(n), {"units": axis.unit})
            for axis, n in zip(self.grid.axes, self.shape, strict=True)
        }
        if self.times is not None:
            coords["time"] = (
                "time",
                self.times.values,
                {} if self.times.dated else {"units": self.times.unit},
            )
        dims = ("sample", "time", *self.grid.names)
        pairs = [
            (f, dims, v[:, :, c])
            for array, fields in self.arrays()
            for v in (blank(np.asarray(array), self.inside),)
            for c, f in enumerate(fields)
        ]
        for one in self.conditions:
            values = np.asarray(one.values)[:, :, 0]
            varying = tuple(d for d, n in zip(dims, values.shape, strict=True) if n > 1)
            pairs.append((one.field, varying, values.squeeze()))
        variables = {
            f.name: (along, values, {**f.units, "long_name": f.long_name or f.name})
            for f, along, values in pairs
        }
        return xr.Dataset(
            variables, coords, {"Conventions": "CF-1.11", "source": self.source, **self.attributes}
        )
