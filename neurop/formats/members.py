"""Members of ensembles as samples: the axes ``sample`` and ``member`` become one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.formats.content import Array


def with_samples(array: Array, samples: int, members: int) -> Array:
    """Return an array whose members are samples, those of one sample next to each other.

    Parameters
    ----------
    array
        Array with an axis ``member``, ``sample``, both or none.
    samples, members
        Samples, and members of each; an array without one of the axes is the same along it.

    Examples
    --------
    >>> from neurop.formats.content import in_memory
    >>> both = in_memory("u", ("x", "member", "sample"), np.arange(12.0).reshape(1, 2, 6))
    >>> made = with_samples(both, 6, 2)
    >>> made.axes, made.shape, made.values()[:5, 0].tolist()
    (('sample', 'x'), (12, 1), [0.0, 6.0, 1.0, 7.0, 2.0])
    """
    own = {"sample", "member"} & set(array.axes)
    if not own or (own == {"sample"} and members == 1):
        return array
    if own == {"member"} and samples == 1:
        return replace(array, axes=tuple("sample" if a == "member" else a for a in array.axes))
    rest = tuple(axis for axis in array.axes if axis not in ("sample", "member"))
    sizes = array.sizes()
    chunks = dict(zip(array.axes, array.chunks or (), strict=False))
    return replace(
        array,
        axes=("sample", *rest),
        shape=(samples * members, *(sizes[axis] for axis in rest)),
        fetch=_Flattened(array, rest, members),
        chunks=(chunks.get("sample", 1) * members, *(chunks[a] for a in rest)) if chunks else None,
    )


@dataclass(frozen=True)
class _Flattened:
    """Reader of slices of ``(sample * members, *rest)``."""

    array: Array
    rest: tuple[str, ...]
    members: int

    def __call__(self, where: tuple[slice, ...]) -> NDArray[Any]:
        count, (along, *others) = self.members, where
        first, last = along.start // count, -(-along.stop // count)
        sizes = self.array.sizes()
        of = {"sample": slice(first, last), "member": slice(0, sizes.get("member", 1))}
        of |= dict(zip(self.rest, others, strict=True))
        found = np.asarray(self.array.fetch(tuple(of[axis] for axis in self.array.axes)))
        order = ["sample", "member", *self.rest]
        found = found.transpose([self.array.axes.index(a) for a in order if a in self.array.axes])
        found = np.expand_dims(found, [i for i, a in enumerate(order) if a not in self.array.axes])
        shape = (last - first, count, *found.shape[2:])
        flat = np.broadcast_to(found, shape).reshape(-1, *found.shape[2:])
        return flat[along.start - first * count : along.stop - first * count]
