"""The description of a surrogate as plain values: the content of ``model.json``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from neurop import constraints as constraint_table
from neurop import problems
from neurop.constraints.constraint import Constraint
from neurop.errors import InputError
from neurop.fields.computed import REGISTRY as computed_table
from neurop.fields.condition_range import ConditionRange
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.plain_values import check_values
from neurop.problems import Problem
from neurop.registry import Registry, Spec

FORMAT = 5
"""Version of the card that is written; all earlier ones are read."""


@dataclass(frozen=True)
class Sampling:
    """Resolution and time step of the training data.

    Parameters
    ----------
    shape
        Points per axis.
    step, unit
        Time between frames and its unit; seconds if the data have dates. None for a map.
    """

    shape: tuple[int, ...]
    step: float | None = None
    unit: str = "1"


@dataclass(frozen=True)
class Card:
    """Description of a surrogate: model, problem, fields, grid, constraints and data.

    Parameters
    ----------
    model
        Registered name, and arguments of its constructor except channels and domain.
    problem
        Map or evolution.
    inputs, outputs
        Input and output fields, one per channel of a frame.
    grid
        Axes, boundaries and units.
    sampling
        Points per axis of the training data, and the time between their frames.
    conditions
        Parameters, static fields, forcings and the mask that the network takes too.
    constraints
        Constraints on the predictions, in the order in which they are applied.
    origin
        Source of the training data, their hash, licence and attribution.
    """

    model: Spec
    problem: Problem
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    grid: Grid
    sampling: Sampling
    conditions: tuple[ConditionRange, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    origin: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        train: FieldSet,
        model: Spec,
        problem: Problem,
        constraints: Sequence[Constraint] = (),
    ) -> Card:
        """Return the card of a model for a training set; see the class for the arguments.

        Raises
        ------
        InputError
            If the data cannot pose the problem, or a constraint has no registered name.
        """
        problem.check(train)
        for constraint in constraints:
            constraint_table.REGISTRY.name_of(type(constraint))
        step, unit = (
            (train.step, train.time_unit)
            if isinstance(problem, problems.Evolution)
            else (None, "1")
        )
        if isinstance(step, np.timedelta64):
            step, unit = step / np.timedelta64(1, "s"), "s"
        about: dict[str, Any] = {
            k: train.attributes[k]
            for k in ("license", "attribution", "held_out", "members", "time_origin")
            if k in train.attributes
        }
        return cls(
            model=model,
            problem=problem,
            inputs=problem.inputs(train),
            outputs=problem.outputs(train),
            grid=train.grid,
            sampling=Sampling(train.shape, None if step is None else float(step), unit),
            conditions=tuple(
                map(ConditionRange.of, (*train.conditions, *problem.conditions(train)))
            ),
            constraints=tuple(sorted(constraints, key=lambda c: c.rank)),
            origin={"source": train.source, "data_hash": train.digest(), **about},
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Points per axis of the training data."""
        return self.sampling.shape

    @property
    def history(self) -> int:
        """Number of input frames."""
        return self.problem.history

    @property
    def is_state(self) -> bool:
        """Whether the outputs are the next state of the inputs."""
        return isinstance(self.problem, problems.Evolution)

    @property
    def diagnostics(self) -> tuple[str, ...]:
        """Names of the fields that are predicted and not fed back."""
        return tuple(field.name for field in self.inputs if field.diagnostic)

    @property
    def in_channels(self) -> int:
        """Input channels of the network: fields times frames."""
        states = len(self.inputs) - len(self.diagnostics)
        return self.problem.history * states + self.given_channels

    @property
    def given_channels(self) -> int:
        """Channels of the conditions among them, the last ones."""
        return sum(len(known.channels) for known in self.conditions)

    @property
    def number_channels(self) -> tuple[int, ...]:
        """Indices of the input channels that are parameters: constant over the grid."""
        roles = [known.role for known in self.conditions for _ in known.channels]
        first = self.in_channels - len(roles)
        return tuple(first + i for i, role in enumerate(roles) if role == "parameter")

    @property
    def out_channels(self) -> int:
        """Output channels of the network."""
        return len(self.outputs)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "model": self.model.to_dict(),
            "problem": problems.REGISTRY.spec_of(self.problem).to_dict(),
            "inputs": [asdict(f) for f in self.inputs],
            "outputs": [asdict(f) for f in self.outputs],
            "geometry": self.grid.to_dict(),
            "sampling": asdict(self.sampling) | {"shape": list(self.sampling.shape)},
            "conditions": [asdict(known) for known in self.conditions],
            "constraints": [
                constraint_table.REGISTRY.spec_of(c).to_dict() for c in self.constraints
            ],
            "origin": self.origin,
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Card:
        """Return the card of plain values from :meth:`to_dict`, in this or an earlier format.

        Raises
        ------
        KeyError, InputError
            If something is missing, or of another type.
        """
        plain = MIGRATIONS.get(plain["format"], dict)(plain)
        for key in ("inputs", "outputs", "conditions", "constraints"):
            _check_kind(plain, key, list)
        for key in ("sampling", "geometry", "origin"):
            _check_kind(plain, key, dict)
        _check_kind(plain["geometry"], "axes", list)
        for where, kind, values in (
            *((key, Field, value) for key in ("inputs", "outputs") for value in plain[key]),
            *(("conditions", ConditionRange, value) for value in plain["conditions"]),
            *(("axes", Axis, value) for value in plain["geometry"]["axes"]),
            ("sampling", Sampling, plain["sampling"]),
        ):
            check_values(kind, values, where)
        inputs, outputs = (tuple(Field(**f) for f in plain[key]) for key in ("inputs", "outputs"))
        sampling = Sampling(**{**plain["sampling"], "shape": tuple(plain["sampling"]["shape"])})
        return cls(
            model=Spec.from_dict(plain["model"]),
            problem=_create(problems.REGISTRY, plain["problem"]),
            inputs=inputs,
            outputs=outputs,
            grid=Grid.from_dict(plain["geometry"]),
            sampling=sampling,
            conditions=tuple(map(_condition, plain["conditions"])),
            constraints=tuple(_create(constraint_table.REGISTRY, c) for c in plain["constraints"]),
            origin=plain["origin"],
        )


def _check_kind(plain: dict[str, Any], key: str, kind: type) -> None:
    if not isinstance(plain[key], kind):
        remedy = "need a list" if kind is list else "need a mapping from names to values"
        raise InputError(f"{key}={plain[key]!r:.80}: {remedy}", key, plain[key])


def _create(registry: Registry, plain: Any) -> Any:
    spec = Spec.of(plain)
    check_values(registry.get(spec.name), spec.arguments, registry.kind)
    return registry.create(spec)


def _condition(plain: dict[str, Any]) -> ConditionRange:
    made = ConditionRange(**plain)
    if plain.get("computed") is None:
        return made
    _create(computed_table, plain["computed"])
    return replace(made, computed=Spec.of(plain["computed"]))


def _from_1(plain: dict[str, Any]) -> dict[str, Any]:
    """Return a card of format 1 in the current words."""
    evolution = {
        "name": "evolution",
        "arguments": {"history": plain["history"], "increments": plain["increments"]},
    }
    held: list[tuple[str, dict[str, Any]]] = []
    if plain["band"] is not None:
        held.append(("band_limit", {"band": plain["band"]}))
    if plain.get("limit") is not None:
        held.append(("max_deviation", {"most": plain["limit"]}))
    if plain.get("conserve"):
        held.append(("means", {"fields": plain["conserve"]}))
    return {
        "model": {"name": plain["model"], "arguments": plain["arguments"]},
        "problem": {"name": "map", "arguments": {}} if plain["is_map"] else evolution,
        "inputs": plain["inputs"],
        "outputs": plain["outputs"],
        "geometry": plain["grid"],
        "sampling": {
            "shape": plain["train_shape"],
            "step": plain["step"],
            "unit": plain["step_unit"],
        },
        "conditions": [],
        "constraints": [{"name": name, "arguments": arguments} for name, arguments in held],
        "origin": plain["origin"],
    }


def _from_2(plain: dict[str, Any]) -> dict[str, Any]:
    """Return a card of format 2 in the current words."""
    return _from_3({**plain, "conditions": []})


def _from_3(plain: dict[str, Any]) -> dict[str, Any]:
    """Return a card of format 3 in the current words: no condition was computed."""
    given = [{**known, "computed": None} for known in plain["conditions"]]
    return _from_4({**plain, "conditions": given})


def _from_4(plain: dict[str, Any]) -> dict[str, Any]:
    """Return a card of format 4 in the current words: parameters were input channels alone."""
    model = Spec.of(plain["model"])
    if model.name not in ("fno", "unet", "cnextunet"):
        return plain
    arguments = {"conditioning": "channels", **model.arguments}
    return {**plain, "model": {"name": model.name, "arguments": arguments}}


MIGRATIONS = {1: _from_1, 2: _from_2, 3: _from_3, 4: _from_4}
"""Format number to a function that converts a card to the current format."""
