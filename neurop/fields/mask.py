"""Domains that are a part of their grid: cells outside are filled, and count in no norm."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.lazy import Lazy, blocks

if TYPE_CHECKING:
    from neurop.fields.fieldset import FieldSet


def mask_missing(data: FieldSet, name: str = "mask") -> FieldSet:
    """Return a set whose cells without values are outside the domain.

    A mask joins the conditions, and the cells are filled by :func:`fill_outside`.

    Parameters
    ----------
    data
        Set whose missing values are NaN. A cell is outside where any field has none.
    name
        Name of the mask.

    Raises
    ------
    InputError
        If no value is missing, or a value is missing in some frames of a sample only.

    Examples
    --------
    >>> from neurop import FieldSet, Grid
    >>> states = np.ones((2, 3, 1, 4))
    >>> states[..., 3] = np.nan
    >>> data = mask_missing(FieldSet(states, (Field("sst", "K"),), Grid.periodic(1)))
    >>> data.inside.tolist(), bool(np.isfinite(data.values).all())
    ([[True, True, True, False]], True)
    """
    inside = np.ones((len(data), *data.shape), bool)
    for values, fields in data.arrays():
        inside &= _present(data, values, fields)
    if inside.all():
        raise InputError.of(
            "mask", "missing", f"{data.label} has no missing value; name a mask, or leave it out"
        )
    if (inside == inside[:1]).all():
        inside = inside[:1]
    mask = Condition(Field(name), "mask", inside[:, None, None].astype(np.float32))
    return fill_outside(replace(data, conditions=(*data.conditions, mask)))


def _present(
    data: FieldSet, values: NDArray[Any] | Lazy, fields: tuple[Field, ...]
) -> NDArray[np.bool_]:
    """Return the cells with values of all fields, ``(sample, *grid)``."""
    present = np.ones((len(data), *data.shape), bool)
    for sample, first, block in blocks(values):
        missing = np.isnan(block)
        if not first:
            pattern = missing[0]
            present[sample] = ~pattern.any(0)
        if (moved := missing != pattern).any():
            time, channel, *point = (int(i) for i in np.argwhere(moved)[0])
            raise InputError(
                f"{data.label}: field '{fields[channel].name}' of sample {sample} at point "
                f"{tuple(point)} is missing in some frames only (frame {first + time} differs from "
                "frame 0); fill it, or remove these frames",
                "mask",
                fields[channel].name,
            )
    return present


def fill_outside(data: FieldSet) -> FieldSet:
    """Return a set with constant values outside its mask; the set itself if it has none.

    The constant is the mean of the field over the domain in the first frame of the first sample. A
    surrogate does not see it: its input is 0 there, in normalised units.

    Raises
    ------
    InputError
        If the mask leaves no cell inside.
    """
    inside = data.inside
    if inside is None:
        return data
    if not inside.reshape(len(inside), -1).any(1).all():
        raise InputError("the mask leaves no cell inside the domain; is it inverted?", "mask", 0)
    return replace(
        data,
        values=_filled(data.values, inside),
        targets=None if data.targets is None else _filled(data.targets, inside),
        conditions=fill_conditions(data.conditions, inside),
    )


def fill_conditions(
    conditions: Sequence[Condition], inside: NDArray[np.bool_]
) -> tuple[Condition, ...]:
    """Return conditions whose fields are filled outside the domain, as by :func:`fill_outside`."""
    filled = []
    for one in conditions:
        if one.role != "mask" and max(one.values.shape[3:]) > 1:
            # A field of all samples is filled outside the union of their domains.
            shared = len(one.values) < len(inside)
            own = np.logical_or.reduce(inside, keepdims=True) if shared else inside
            one = replace(one, values=_filled(one.values, own))
        filled.append(one)
    return tuple(filled)


def blank(values: NDArray[Any], inside: NDArray[np.bool_] | None) -> NDArray[Any]:
    """Return fields with NaN outside the domain.

    Parameters
    ----------
    values
        Fields ``(sample, ..., *grid)``.
    inside
        Cells of the domain, ``(sample, *grid)`` or ``(1, *grid)``; None for all.
    """
    if inside is None:
        return values
    between = [1] * (values.ndim - inside.ndim)
    return np.where(inside.reshape(len(inside), *between, *inside.shape[1:]), values, np.nan)


def _filled(values: NDArray[Any] | Lazy, inside: NDArray[np.bool_]) -> NDArray[Any] | Lazy:
    frame = np.asarray(values[0, :1])[0]
    with np.errstate(all="ignore"):
        constant = np.nan_to_num(frame[:, inside[0]].mean(1, dtype=np.float64))
    read = _Filled(values, inside, constant.astype(np.float32))
    if not isinstance(values, Lazy):
        return read(slice(None), slice(None)).astype(values.dtype, copy=False)
    key = f"{values.key} outside {hashlib.sha256(np.packbits(inside).tobytes()).hexdigest()[:16]}"
    return Lazy(read, values.shape, values.block, key)


@dataclass(frozen=True)
class _Filled:
    """Reader of values ``(sample, time, channel, *grid)`` with a constant outside the domain."""

    values: NDArray[Any] | Lazy
    inside: NDArray[np.bool_]
    constant: NDArray[np.float32]

    def __call__(self, samples: slice, frames: slice) -> NDArray[Any]:
        part = np.asarray(self.values[samples, frames])
        inside = self.inside[samples] if len(self.inside) > 1 else self.inside
        constant = self.constant.reshape(-1, *[1] * (part.ndim - 3))
        return np.where(inside[:, None, None], part, constant)
