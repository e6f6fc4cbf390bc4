"""Divide the samples or frames of files into training, validation and test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.fields.lazy import Lazy

Period = tuple[Any, Any]


def by_share(
    data: FieldSet, held_out: float, seed: int | None = None, parts: Sequence[str] = ("val", "test")
) -> dict[str, FieldSet]:
    """Return ``train`` and the held-out parts: the last samples, or frames of few trajectories.

    Members of one sample stay together.

    Parameters
    ----------
    data
        Set to divide.
    held_out
        Share of each part that is held out.
    seed
        Seed of a random order of the samples; None for the order of the file.
    parts
        Names of the held-out parts, in their order.

    Raises
    ------
    InputError
        If too few samples are left to train on, or frames would be put in a random order.

    Examples
    --------
    >>> from neurop.fields.field import Field
    >>> from neurop.geometry.grid import Grid
    >>> u = FieldSet(np.zeros((20, 2, 1, 8)), (Field("u"),), Grid.periodic(1))
    >>> made = by_share(u, 0.1)
    >>> len(made["train"]), made["test"].attributes["held_out"]
    (16, 'val: samples 16-17; test: samples 18-19')
    """
    members = int(data.attributes.get("members", 1))
    groups = len(data) // members
    ragged = data.times is not None and data.times.lengths is not None
    by_sample = groups > 2 or data.has_targets or ragged  # else by frames of one trajectory
    count = groups if by_sample else data.values.shape[1]
    each = max(round(held_out * count), 1 if by_sample else 2)
    if count <= len(parts) * each:
        kind = "sample" if by_sample else "frame"
        what = f"{count} {kind}{'s' if count != 1 else ''}"
        raise InputError(
            f"{data.source}: {what} leave none to train on, with {each} each for "
            f"{' and '.join({'val': 'validation'}.get(p, p) for p in parts)}",
            "path",
            data.source,
        )
    order = np.arange(count)
    if seed is not None:
        if not by_sample:
            raise InputError.of(
                "shuffle", seed, "needs samples, not frames of one trajectory; use periods"
            )
        order = np.random.default_rng(seed).permutation(count)
        rows = (order[:, None] * members + np.arange(members)).ravel()
        data = reordered(data, rows)
    ends = [count - each * (len(parts) - i) for i in range(len(parts) + 1)]
    said = "; ".join(
        f"{name}: {'samples' if by_sample else 'frames'} {_ranges(order[a:b])}"
        + f" of {members} members" * (by_sample and members > 1)
        for name, a, b in zip(parts, ends, ends[1:])
    )
    data = noted(data, said)
    by, unit = (data.samples, members) if by_sample else (data.frames, 1)
    cuts = {
        "train": slice(0, ends[0]),
        **{n: slice(a, b) for n, a, b in zip(parts, ends, ends[1:])},
    }
    return {name: by(slice(cut.start * unit, cut.stop * unit)) for name, cut in cuts.items()}


def by_period(
    data: FieldSet, periods: Mapping[str, Period], parts: Sequence[str] = ("val", "test")
) -> dict[str, FieldSet]:
    """Return the frames of named periods as ``train``, ``val`` and ``test``.

    Parameters
    ----------
    data
        Set to divide.
    periods
        First and last time of each period, inclusive: dates such as ``2016`` or ``2016-05-01``, or
        numbers in the unit of the times. Without ``train`` it is all before the first of the
        others, without ``val`` the last tenth of ``train``.
    parts
        Names of the held-out parts that are returned.

    Raises
    ------
    InputError
        If the set has no times, a period has too few frames, or two overlap.
    """
    if data.times is None:
        raise InputError.of("periods", dict(periods), f"{data.source} has no times; use held_out")
    times = data.times.values
    cuts = {name: _frames(times, name, period, data) for name, period in periods.items()}
    if "train" not in cuts:
        cuts["train"] = slice(0, min(cut.start for cut in cuts.values()))
    if "val" not in cuts:
        last, length = cuts["train"].stop, cuts["train"].stop - cuts["train"].start
        cuts["val"] = slice(last - max(2, length // 10), last)
        cuts["train"] = slice(cuts["train"].start, cuts["val"].start)
    ordered = sorted(cuts.items(), key=lambda item: item[1].start)
    for (one, a), (two, b) in pairwise(ordered):
        if a.stop > b.start:
            raise InputError.of(
                "periods", dict(periods), f"{one} and {two} overlap; separate them in time"
            )
    for name, cut in cuts.items():
        if cut.stop - cut.start < 2:
            what = f"{max(cut.stop - cut.start, 0)} frames in {name}, need 2 or more; "
            covers = f"the file covers {_shown(times[0])} to {_shown(times[-1])}"
            raise InputError.of("periods", dict(periods), what + covers)
    said = "; ".join(
        f"{name}: {_shown(times[cut.start])} to {_shown(times[cut.stop - 1])}"
        for name, cut in ordered
        if name != "train"
    )
    data = noted(data, said)
    return {name: data.frames(cuts[name]) for name in ("train", *parts)}


def noted(data: FieldSet, said: str) -> FieldSet:
    """Return a set whose attribute ``held_out`` says what is held out."""
    return replace(data, attributes=data.attributes | {"held_out": said})


def _frames(times: NDArray[Any], name: str, period: Period, data: FieldSet) -> slice:
    dated = times.dtype.kind == "M"
    # Times such as 3 x 0.1 are no decimals.
    slack = 0.0 if dated or len(times) < 2 else 1e-3 * float(np.abs(np.diff(times)).min())
    try:
        first, last = period
        bounds = (
            [np.datetime64(str(first)), np.datetime64(str(last)) + 1]
            if dated
            else [float(first) - slack, np.nextafter(float(last), np.inf) + slack]
        )
        start, stop = (int(i) for i in np.searchsorted(times, np.array(bounds).astype(times.dtype)))
    except (TypeError, ValueError) as error:
        remedy = f"{name} is no pair of {'dates' if dated else 'numbers'}"
        raise InputError.of("periods", period, f"{remedy} in the times of {data.source}") from error
    return slice(start, stop)


def reordered(data: FieldSet, rows: NDArray[np.intp]) -> FieldSet:
    """Return a set with its samples in another order."""
    times = data.times
    if times is not None and times.lengths is not None:
        times = replace(times, lengths=tuple(times.lengths[row] for row in rows))
    return replace(
        data,
        times=times,
        values=_taken(data.values, rows),
        targets=None if data.targets is None else _taken(data.targets, rows),
        conditions=tuple(
            c if len(c.values) == 1 else replace(c, values=_taken(c.values, rows))
            for c in data.conditions
        ),
    )


def _taken(values: NDArray[Any] | Lazy, rows: NDArray[np.intp]) -> NDArray[Any] | Lazy:
    if not isinstance(values, Lazy):
        taken: NDArray[Any] = values[rows]
        return taken
    key = f"{values.key} {rows.tolist()}"
    return Lazy(_Rows(values, rows), values.shape, (1, values.block[1]), key)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Reader of chosen samples."""

    values: Lazy
    rows: NDArray[np.intp]

    def __call__(self, samples: slice, frames: slice) -> NDArray[Any]:
        rows = self.rows[samples].tolist()
        return np.concatenate([np.asarray(self.values[i : i + 1, frames]) for i in rows])


def _ranges(numbers: NDArray[np.intp]) -> str:
    """Return sorted numbers as text, with ranges: ``3-5, 9``."""
    runs: list[list[int]] = []
    for n in sorted(numbers.tolist()):
        if runs and n == runs[-1][1] + 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def _shown(time: Any) -> str:
    return f"{time:.16}" if isinstance(time, np.datetime64) else f"{time:g}"
