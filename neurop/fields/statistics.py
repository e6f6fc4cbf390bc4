"""Statistics of a set of fields, computed in one float64 pass and cached for lazy values."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.cache import cache_folder
from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.fields.lazy import Lazy, blocks

_VERSION = 2


class Moments:
    r"""Mean and scatter of frames ``(time, channel, *grid)``, updated part by part.

    The moments of a part are merged into those of the previous parts by :math:`M \leftarrow M + M'
    + \delta^2\, n n' / (n + n')` with the difference :math:`\delta` of the means (Chan, Golub and
    LeVeque, 1983).

    Parameters
    ----------
    pointwise
        Whether the mean is computed at each point, instead of one mean per field.

    Examples
    --------
    >>> moments = Moments()
    >>> for part in (np.zeros((2, 1, 4)), np.ones((2, 1, 4))):
    ...     moments.update(part)
    >>> moments.mean.ravel(), moments.variance()
    (array([0.5]), array([0.25]))
    """

    def __init__(self, pointwise: bool = False) -> None:
        self.pointwise, self.count = pointwise, 0
        self.mean, self.scatter = np.zeros(()), np.zeros(())
        self.inside: NDArray[np.bool_] | None = None

    def update(self, part: NDArray[Any], inside: NDArray[np.bool_] | None = None) -> None:
        """Add frames to the moments.

        Parameters
        ----------
        part
            Frames ``(time, channel, *grid)``.
        inside
            Cells ``(*grid)`` that count; all by default.

        Raises
        ------
        InputError
            For means at each point, if the cells differ between parts.
        """
        x = np.asarray(part, np.float64)
        if not x.size:
            return
        if inside is not None and self.pointwise:
            if self.inside is not None and not np.array_equal(self.inside, inside):
                remedy = "the samples have different masks; take means per field"
                raise InputError.of("pointwise", True, remedy)
            self.inside = inside
        elif inside is not None:
            x = x[:, :, inside]
        axes = (0,) if self.pointwise else (0, *range(2, x.ndim))
        new, m = x.size // x.mean(axes).size, x.mean(axes)
        scatter = np.square(x - np.expand_dims(m, axes)).sum(axes)
        delta = m - self.mean
        self.scatter = self.scatter + scatter + delta**2 * self.count * new / (self.count + new)
        self.mean = self.mean + delta * new / (self.count + new)
        self.count += new

    def variance(self) -> NDArray[np.float64]:
        """Return the variance per channel of the residual about the mean."""
        scatter = self.scatter if self.inside is None else self.scatter[:, self.inside]
        found: NDArray[np.float64] = scatter.reshape(len(scatter), -1).mean(1) / self.count
        return found


@dataclass
class Summary:
    """Digest and moments of a set, as returned by :func:`summary`."""

    digest: str
    values: Moments
    increments: Moments
    targets: Moments


_found: dict[str, Summary] = {}


def summary(fields: FieldSet, pointwise: bool = False) -> Summary:
    """Return digest and moments of the values, of their increments in time, and of the targets.

    Every value is read once. For lazy values the result is cached under the file's path, size and
    modification time.

    Parameters
    ----------
    fields
        Set of fields.
    pointwise
        Whether the mean of the values is computed at each point, instead of one mean per field.

    Raises
    ------
    InputError
        If a lazy value is not finite; the message names it.
    """
    if not isinstance(fields.values, Lazy):
        return _pass(fields, pointwise)
    arrays = [fields.values, fields.targets, *(c.values for c in fields.conditions)]
    keys = [array.key for array in arrays if isinstance(array, Lazy)]
    key = hashlib.sha256(f"{_VERSION} {pointwise} {keys}".encode()).hexdigest()[:32]
    if key not in _found:
        path = cache_folder() / "statistics" / f"{key}.npz"
        _found[key] = _read(path, pointwise) or _pass(fields, pointwise)
        _write(path, _found[key])
    return _found[key]


def counted(
    fields: FieldSet, values: NDArray[Any] | Lazy
) -> Iterator[tuple[int, int, NDArray[Any], NDArray[np.bool_] | None]]:
    """Yield sample, first frame, block of frames, and the cells of it that count; None for all.

    Parameters
    ----------
    fields
        Set, whose samples may end before others, and whose domain may be a part of the grid.
    values
        Its values or targets.
    """
    domain = fields.inside
    for sample, first, block in blocks(values):
        block = block[: max(fields.length(sample) - first, 0)]
        if len(block):
            yield (
                sample,
                first,
                block,
                None if domain is None else domain[sample if len(domain) > 1 else 0],
            )


def _pass(fields: FieldSet, pointwise: bool) -> Summary:
    sha, made = hashlib.sha256(), Summary("", Moments(pointwise), Moments(), Moments())
    last = np.empty(0)
    for sample, first, block, inside in counted(fields, fields.values):
        if fields.is_lazy:  # values in memory were checked when they were read
            fields.check_block(sample, first, block, fields.fields)
        sha.update(np.ascontiguousarray(block, dtype="<f8").data)
        made.values.update(block, inside)
        if not fields.has_targets:
            x = np.asarray(block, np.float64)
            change = np.diff(np.concatenate([last, x]) if first else x, axis=0)
            made.increments.update(change, inside)
            last = x[-1:]
    targets = () if fields.targets is None else counted(fields, fields.targets)
    for sample, first, block, inside in targets:
        if fields.is_lazy:
            fields.check_block(sample, first, block, fields.target_fields)
        sha.update(np.ascontiguousarray(block, dtype="<f8").data)
        made.targets.update(block, inside)
    for one in fields.conditions:
        for sample, first, block in blocks(one.values):
            if fields.is_lazy:
                fields.check_block(sample, first, block, (one.field,))
            sha.update(np.ascontiguousarray(block, dtype="<f8").data)
    made.digest = sha.hexdigest()[:16]
    return made


def _read(path: Path, pointwise: bool) -> Summary | None:
    made = Summary("", Moments(pointwise), Moments(), Moments())
    try:
        with np.load(path, allow_pickle=False) as stored:
            for name in ("values", "increments", "targets"):
                moments: Moments = getattr(made, name)
                moments.count = int(stored[f"{name}_count"])
                moments.mean, moments.scatter = stored[f"{name}_mean"], stored[f"{name}_scatter"]
                moments.inside = stored.get(f"{name}_inside")
            made.digest = str(stored["digest"])
    except Exception:  # an unreadable cache is ignored
        return None
    return made


def _write(path: Path, found: Summary) -> None:
    arrays: dict[str, Any] = {"digest": np.array(found.digest)}
    for name in ("values", "increments", "targets"):
        moments = getattr(found, name)
        arrays |= {
            f"{name}_count": moments.count,
            f"{name}_mean": moments.mean,
            f"{name}_scatter": moments.scatter,
        }
        if moments.inside is not None:
            arrays[f"{name}_inside"] = moments.inside
    partial = path.with_name(f".{uuid.uuid4().hex}.npz")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(partial, **arrays)
        os.replace(partial, path)
    with suppress(OSError):
        partial.unlink()
