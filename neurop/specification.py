"""What a surrogate is, takes and makes, as plain values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurop.errors import InputError, nearest
from neurop.fields.fieldset import Field, FieldSet
from neurop.geometry.grid import Grid

_PLAIN = (
    "model",
    "arguments",
    "is_map",
    "history",
    "step",
    "step_unit",
    "increments",
    "band",
    "origin",
)


@dataclass(frozen=True)
class Specification:
    """What a surrogate is, takes and makes: all of ``model.json``.

    Parameters
    ----------
    model, arguments
        Registered name, and arguments of its constructor beside channels and domain: plain values.
    inputs, outputs
        The fields, one per channel.
    grid
        Axes, boundaries and units.
    train_shape
        Points per axis of the training data.
    is_map
        Whether it maps fields to other fields, rather than a state to the next.
    history
        Frames that go in.
    step, step_unit
        Time between frames; seconds where the data are dated. None for a map.
    increments
        Whether the network predicts the change of the last frame.
    band
        Points per axis of a grid: what is made holds the modes that such a grid resolves, and no
        others.
    conserve
        Names of fields whose mean over the domain is that of the last frame.
    limit
        Largest root mean square of a field's departure from its training mean, in training
        deviations.
    origin
        Where the training data came from, their hash, licence and attribution.
    """

    model: str
    arguments: dict[str, Any]
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    grid: Grid
    train_shape: tuple[int, ...]
    is_map: bool
    history: int = 1
    step: float | None = None
    step_unit: str = "1"
    increments: bool = False
    band: tuple[int, ...] | None = None
    conserve: tuple[str, ...] = ()
    limit: float | None = None
    origin: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        train: FieldSet,
        model: str,
        arguments: dict[str, Any] | None = None,
        history: int = 1,
        increments: bool = True,
        band: Sequence[int] | None = None,
        conserve: Sequence[str] = (),
        limit: float | None = None,
    ) -> Specification:
        """Return the specification that a training set implies; see the class for the arguments.

        Raises
        ------
        InputError
            If the band is none of the grid, a conserved field none of the evolution, or the limit
            not above 0.
        """
        if band is not None and (len(band) != len(train.shape) or min(band) < 2):
            raise InputError(
                f"training.band={list(band)}; give {len(train.shape)} sizes of at least 2, or null"
            )
        names = [f.name for f in train.fields]
        for name in conserve:
            if name not in names:
                raise InputError(f"training.conserve: no field '{name}'; {nearest(name, names)}")
        if conserve and train.is_map:
            raise InputError(
                f"training.conserve={list(conserve)} is for an evolution, which goes from step to "
                "step; set it to null"
            )
        if limit is not None and (not 0 < limit < math.inf or train.is_map):
            raise InputError(
                f"training.limit={limit} is for an evolution, a number above 0 such as 2; or null"
            )
        step, unit = (train.step, train.time_unit) if not train.is_map else (None, "1")
        if isinstance(step, np.timedelta64):
            step, unit = step / np.timedelta64(1, "s"), "s"
        rights: dict[str, Any] = {
            name: train.attributes[name]
            for name in ("license", "attribution")
            if name in train.attributes
        }
        return cls(
            model=model,
            arguments=dict(arguments or {}),
            inputs=train.fields,
            outputs=train.outputs,
            grid=train.grid,
            train_shape=train.shape,
            is_map=train.is_map,
            history=1 if train.is_map else history,
            step=None if step is None else float(step),
            step_unit=unit,
            increments=increments and not train.is_map,
            band=None if band is None else tuple(band),
            conserve=tuple(conserve),
            limit=limit,
            origin={"source": train.source, "data_hash": train.digest(), **rights},
        )

    @property
    def in_channels(self) -> int:
        """Channels that the network takes."""
        return self.history * len(self.inputs)

    @property
    def out_channels(self) -> int:
        """Channels that the network makes."""
        return len(self.outputs)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        fields = {
            "inputs": [vars(f) for f in self.inputs],
            "outputs": [vars(f) for f in self.outputs],
        }
        plain = {name: getattr(self, name) for name in (*_PLAIN, "conserve", "limit")}
        return {
            **plain,
            **fields,
            "grid": self.grid.to_dict(),
            "train_shape": list(self.train_shape),
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Specification:
        """Return the specification that :meth:`to_dict` described; KeyError or TypeError if
        something is missing.
        """
        inputs, outputs = (tuple(Field(**f) for f in plain[name]) for name in ("inputs", "outputs"))
        values = {name: plain[name] for name in _PLAIN}
        values["band"] = None if plain["band"] is None else tuple(plain["band"])
        # Cards that are older than these options have none of them.
        values |= {"conserve": tuple(plain.get("conserve", ())), "limit": plain.get("limit")}
        return cls(
            inputs=inputs,
            outputs=outputs,
            grid=Grid.from_dict(plain["grid"]),
            train_shape=tuple(plain["train_shape"]),
            **values,
        )
