"""The card: plain values there and back, in every format."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from raising import raises_input
from small import ARGUMENTS, FIELDS, evolution, mapping

from neurop.card import FORMAT, MIGRATIONS, Card, Sampling
from neurop.constraints.band_limit import BandLimit
from neurop.constraints.max_deviation import MaxDeviation
from neurop.constraints.means import Means
from neurop.constraints.positivity import Positivity
from neurop.errors import InputError
from neurop.fields.times import Times
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.problems import Evolution, Map
from neurop.registry import Spec

SPEC = Spec("fno", ARGUMENTS)
ENDS = Grid((Axis("x", "neumann", -1.0, 3.0, "km", "ends"), Axis("y", "open", layout="cells")))
DATED = evolution(
    times=Times(np.datetime64("2026-02-01", "ns") + np.arange(6) * np.timedelta64(6, "h"))
)
CARDS = {
    "evolution": Card.of(evolution(), SPEC, Evolution(2, 3, increments=False)),
    "map": Card.of(mapping(), SPEC, Map(), [Positivity(("p",), 0.5)]),
    "sphere": Card.of(evolution((7, 12), grid=Grid.latlon()), SPEC, Evolution()),
    "ends": Card.of(evolution(grid=ENDS), SPEC, Evolution()),
    "dated": Card.of(DATED, SPEC, Evolution()),
    "held": Card.of(
        evolution(), SPEC, Evolution(), [Means(("p",)), MaxDeviation(2.0), BandLimit((5, 6))]
    ),
    "nested": Card.of(evolution(), Spec("fno", {"inner": Spec("tfno", {"rank": 2})}), Evolution()),
}


def read(card: Card) -> Card:
    """Return what is left of a card after a file."""
    return Card.from_dict(json.loads(json.dumps({"format": FORMAT, **card.to_dict()})))


@pytest.mark.parametrize("kind", CARDS)
def test_a_card_returns_from_json(kind: str) -> None:
    assert read(CARDS[kind]) == CARDS[kind]


def test_channels_follow_fields_and_history() -> None:
    evolves, maps = CARDS["evolution"], CARDS["map"]
    assert (evolves.in_channels, evolves.out_channels, evolves.history) == (4, 2, 2)
    assert (maps.in_channels, maps.out_channels, maps.history) == (1, 2, 1)
    assert (evolves.is_state, maps.is_state) == (True, False)


def test_steps_are_in_seconds_where_the_data_are_dated_and_absent_of_a_map() -> None:
    assert CARDS["evolution"].sampling == Sampling((9, 8), 0.5, "s")
    assert CARDS["dated"].sampling == Sampling((9, 8), 21600.0, "s")
    assert CARDS["map"].sampling == Sampling((9, 8), None, "1")


def test_constraints_stand_in_the_order_of_their_ranks() -> None:
    assert [type(c) for c in CARDS["held"].constraints] == [BandLimit, MaxDeviation, Means]


def test_data_that_cannot_pose_the_problem_have_no_card() -> None:
    with raises_input("problem", "evolution"):
        Card.of(mapping(), SPEC, Evolution())


def first_format(**changes: Any) -> dict[str, Any]:
    """Return a card as format 1 wrote it."""
    fields = [{"name": f.name, "unit": f.unit, "long_name": f.long_name} for f in FIELDS]
    return {
        "format": 1,
        "model": "fno",
        "arguments": dict(ARGUMENTS),
        "inputs": fields,
        "outputs": fields,
        "grid": Grid.periodic(2).to_dict(),
        "is_map": False,
        "history": 2,
        "increments": False,
        "train_shape": [9, 8],
        "step": 0.5,
        "step_unit": "s",
        "band": None,
        "origin": {"source": "waves"},
    } | changes


@pytest.mark.parametrize(
    ("changes", "constraints"),
    [
        ({}, ()),
        ({"band": [5, 6]}, (BandLimit((5, 6)),)),
        ({"limit": 2.5}, (MaxDeviation(2.5),)),
        ({"limit": None, "conserve": []}, ()),
        (
            {"conserve": ["p"], "limit": 3.0, "band": [5, 6]},
            (BandLimit((5, 6)), MaxDeviation(3.0), Means(("p",))),
        ),
    ],
)
def test_format_1_is_read(changes: dict[str, Any], constraints: tuple[Any, ...]) -> None:
    expected = Card(
        model=SPEC,
        problem=Evolution(2, 1, increments=False),
        inputs=FIELDS,
        outputs=FIELDS,
        grid=Grid.periodic(2),
        sampling=Sampling((9, 8), 0.5, "s"),
        constraints=constraints,
        origin={"source": "waves"},
    )
    assert Card.from_dict(first_format(**changes)) == expected
    assert read(Card.from_dict(first_format(**changes))) == expected


def test_a_map_of_format_1_is_read() -> None:
    card = Card.from_dict(first_format(is_map=True, history=1, step=None, step_unit="1"))
    assert card.problem == Map()
    assert card.sampling == Sampling((9, 8))


def test_every_earlier_format_has_a_migration() -> None:
    assert sorted(MIGRATIONS) == list(range(1, FORMAT))


@pytest.mark.parametrize(
    ("key", "value", "kind", "name"),
    [
        ("constraints", [{"name": "mass", "arguments": {}}], "constraint", "mass"),
        ("problem", {"name": "inverse", "arguments": {}}, "problem", "inverse"),
    ],
)
def test_what_is_not_known_is_named(key: str, value: Any, kind: str, name: str) -> None:
    plain = {"format": FORMAT, **CARDS["held"].to_dict(), key: value}
    with pytest.raises(InputError) as error:
        Card.from_dict(plain)
    assert (error.value.key, error.value.value) == (kind, name)


@pytest.mark.parametrize("key", CARDS["held"].to_dict())
def test_a_part_that_is_missing_is_named(key: str) -> None:
    plain = {"format": FORMAT, **CARDS["held"].to_dict()}
    del plain[key]
    with pytest.raises(KeyError, match=key):
        Card.from_dict(plain)
