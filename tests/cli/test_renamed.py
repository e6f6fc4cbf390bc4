"""Settings under the names of earlier versions: what a message says, and how a saved run is
read.
"""

from typing import Any

import pytest
from omegaconf import OmegaConf

from neurop.cli._errors import _no_setting
from neurop.cli._settings.build import build
from neurop.cli._settings.check import mistakes
from neurop.cli._settings.renamed import current

WATER = {"_target_": "neurop.datasets.ShallowWater"}
FLOW = {"_target_": "neurop.datasets.NavierStokes"}


@pytest.mark.parametrize(
    ("node", "line"),
    [
        (
            FLOW | {"seed": 1},
            "data.seed: neurop.datasets.NavierStokes takes no 'seed'; it is data.storage.seed",
        ),
        (
            FLOW | {"forcing": "none"},
            "data.forcing: expected a mapping of kind, strength, wavenumber, got 'none'; write "
            "data.forcing.kind=none",
        ),
        (
            FLOW | {"solver": 256},
            "data.solver: expected a mapping of points, precision, got 256; write "
            "data.solver.points=256",
        ),
        (
            WATER | {"forcing": "bands"},
            "data.forcing: neurop.datasets.ShallowWater takes no 'forcing'; it is "
            "data.flow.forcing",
        ),
        (
            FLOW | {"storage": {"held_out": "x"}},
            "data.storage.held_out: expected int, got 'x'",
        ),
        (
            FLOW | {"storage": {"sed": 1}},
            "data.storage: there is no 'sed' in it; did you mean 'seed'?",
        ),
        (
            FLOW | {"storage": {"mode": "live"}},
            "data.storage.mode: expected 'stored' or 'online', got 'live'",
        ),
    ],
)
def test_a_group_is_held_to_its_dataclass(node: dict[str, Any], line: str) -> None:
    assert list(mistakes(OmegaConf.create({"data": node}))) == [line]


def test_groups_that_fit_pass() -> None:
    node = FLOW | {"storage": {"seed": 1}, "forcing": {"strength": 1}, "solver": None}
    assert list(mistakes(OmegaConf.create({"data": node}))) == []


def test_a_setting_that_is_not_there_names_the_one_that_is() -> None:
    keys = ["data.storage.seed", "data.flow.forcing", "seed"]
    assert (
        _no_setting("data.seed", lambda: (keys, {}))
        == "no setting 'data.seed'; write data.storage.seed"
    )
    assert (
        _no_setting("data.forcing", lambda: (keys, {}))
        == "no setting 'data.forcing'; write data.flow.forcing"
    )


def test_a_group_of_null_is_its_defaults() -> None:
    node = OmegaConf.create(FLOW | {"forcing": None, "storage": None})
    assert build(current(node)).forcing == "diagonal"


def test_a_saved_run_of_an_earlier_version_is_read() -> None:
    old = {"_target_": "neurop.datasets.SpaceTime", "steps": 3} | {
        "source": FLOW
        | {"samples": 60, "forcing": "kolmogorov", "strength": 0.2, "wavenumber": 3, "solver": 256}
        | {
            "precision": "float32",
            "seed": 4,
            "history": 2,
            "folder": None,
            "mode": "stored",
            "held_out": 9,
        }
    }
    source = build(current(OmegaConf.create(old))).source
    assert (source.seed, source.held_out, source.mode, source.folder) == (4, 9, "stored", None)
    assert (source.forcing, source.strength, source.wavenumber) == ("kolmogorov", 0.2, 3)
    assert (source.solver, source.precision) == (256, "float32")
    today = OmegaConf.create(
        FLOW | {"forcing": {"kind": "none"}, "storage": {"seed": 1}, "solver": {"points": 64}}
    )
    assert current(today) == today
    absent = OmegaConf.create(FLOW | {"solver": None})
    assert build(current(absent)).solver is None
    file = {
        "_target_": "neurop.datasets.File",
        "path": "a.npy",
        "length": {"x": 2.0},
        "layout": "ends",
    }
    choice = build(current(OmegaConf.create(file))).options
    assert (choice.length, choice.layout) == ({"x": 2.0}, "ends")
