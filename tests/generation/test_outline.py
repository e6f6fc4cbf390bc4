"""The outline of a data set, for checks before it is generated, is that of the set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from neurop import datasets
from neurop.datasets import NavierStokes, SpaceTime

STORED = {"held_out": 1}
SETS: dict[str, dict[str, Any]] = {
    "ApeBench": {"resolution": 16, "steps": 3, "train_steps": 2},
    "Burgers": {"resolution": 16},
    "Burgers, frames": {"resolution": 16, "steps": 3, "time": 0.1},
    "Burgers, a range": {"resolution": 16, "viscosity": [0.05, 0.1]},
    "Darcy": {"resolution": 16, "solver": 61},
    "DarcyPeriodic": {"resolution": 9, "solver": 17},
    "KuramotoSivashinsky": {"resolution": 16, "steps": 3, "length": 10.0, "warmup": 1.0},
    "NavierStokes": {"resolution": 16, "steps": 2, "interval": 0.1, "viscosity": 0.01},
    "ShallowWater": {"resolution": 12, "truncation": 7, "steps": 1, "interval": 0.5},
    "ShallowWater, mountains": {
        "resolution": 12,
        "truncation": 7,
        "steps": 1,
        "interval": 0.5,
        "flow": {"topography": 500.0, "mountains": "drawn"},
    },
}


def described(data: Any) -> dict[str, Any]:
    """Return everything of a set but its values and its number of samples."""
    return {
        "fields": data.fields,
        "targets": data.target_fields,
        "grid": data.grid,
        "shape": data.values.shape[1:],
        "times": None if data.times is None else data.times.values.tolist(),
        "conditions": [(c.field, c.role, c.values.shape[1:]) for c in data.conditions],
        "map": data.has_targets,
    }


def numbers(data: Any) -> dict[str, float]:
    """Return the attributes that are numbers."""
    return {k: float(v) for k, v in data.attributes.items() if type(v) in (int, float)}


@pytest.mark.parametrize("name", SETS)
def test_the_outline_is_that_of_the_set(name: str, tmp_path: Path) -> None:
    kind = getattr(datasets, name.split(",")[0])
    source = kind(samples=3, storage=STORED | {"folder": str(tmp_path)}, **SETS[name])
    outline = source.outline()
    assert outline is not None
    assert source.generated
    assert not list(tmp_path.iterdir())
    made = source.splits()
    assert outline.keys() == made.keys()
    for split, data in made.items():
        assert described(outline[split]) == described(data)
        # Parameters that are one number for all samples are among these.
        assert numbers(outline[split]).items() <= numbers(data).items()
        assert numbers(outline[split])
    # Now it is there, and nothing has to be known before.
    assert source.outline() is None


def test_pairs_over_space_and_time(tmp_path: Path) -> None:
    storage = STORED | {"folder": str(tmp_path)}
    settings = SETS["NavierStokes"] | {"steps": 4}
    source = SpaceTime(NavierStokes(samples=3, storage=storage, **settings), given=2)
    outline = source.outline()
    assert outline is not None
    assert source.generated
    made = source.splits()
    assert described(outline["train"]) == described(made["train"])
    assert source.outline() is None
