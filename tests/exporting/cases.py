"""Small surrogates of every model, on every kind of grid, and of all that a card can hold."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from small import evolution, mapping

from neurop.constraints.band_limit import BandLimit
from neurop.constraints.max_deviation import MaxDeviation
from neurop.constraints.means import Means
from neurop.constraints.positivity import Positivity
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.problems import Evolution
from neurop.registry import Spec
from neurop.surrogate import Surrogate

WALLS = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "neumann", layout="cells")))
TIMES = Grid((Axis("t", "open", layout="chebyshev"), Axis("x")))
SPHERE = Grid.latlon()
SMALL = {"modes": 3, "width": 6, "depth": 2}
LEVELS = {"width": 8, "levels": 2, "depth": 1}


@dataclass(frozen=True)
class Small:
    """A surrogate of a model on a grid; `open_grid` says whether one graph takes any grid."""

    model: str
    grid: Grid
    shape: tuple[int, ...]
    open_grid: bool
    arguments: dict[str, Any] = field(default_factory=lambda: SMALL)

    def surrogate(self) -> Surrogate:
        return made(evolution(self.shape, grid=self.grid), Spec(self.model, self.arguments))


def made(data: FieldSet, spec: Spec, **more: Any) -> Surrogate:
    torch.manual_seed(0)
    return Surrogate.of(data, spec, **more).eval()


LINE, PLANE, BOX = (Grid.periodic(d) for d in (1, 2, 3))
CASES = {
    "fno-1d": Small("fno", LINE, (16,), True),
    "fno-2d": Small("fno", PLANE, (9, 12), True),
    "fno-3d": Small("fno", BOX, (6, 7, 8), True),
    "fno-walls": Small("fno", WALLS, (9, 8), True),
    "fno-sphere": Small("fno", SPHERE, (9, 16), True),
    "fno-chebyshev": Small("fno", TIMES, (9, 8), True),
    "fno-gauss": Small("fno", Grid.latlon(gauss=True), (8, 16), False),
    "afno": Small("afno", PLANE, (9, 12), False, SMALL | {"blocks": 2}),
    "afno-walls": Small("afno", WALLS, (9, 8), False, SMALL | {"blocks": 2}),
    "gfno": Small("gfno", PLANE, (12, 12), True, SMALL | {"group": "p4m", "depth": 1}),
    "tfno": Small("tfno", PLANE, (9, 12), True),
    "tfno-cp": Small("tfno", PLANE, (9, 12), True, SMALL | {"factorization": "cp"}),
    "tfno-tt": Small("tfno", PLANE, (9, 12), True, SMALL | {"factorization": "tt", "joint": True}),
    "ffno": Small("ffno", PLANE, (9, 12), True),
    "ffno-walls": Small("ffno", WALLS, (9, 8), True),
    "ifno": Small("ifno", PLANE, (9, 12), True),
    "ifno-walls": Small("ifno", WALLS, (9, 8), True),
    "iufno": Small("iufno", PLANE, (9, 12), False, SMALL | {"channels": 4}),
    "mono": Small("mono", PLANE, (9, 12), True, {"expert": Spec("fno", SMALL), "experts": 2}),
    "patched": Small("patched", PLANE, (9, 12), False, {"network": Spec("fno", SMALL)}),
    "psi_fno": Small("psi_fno", PLANE, (9, 12), True, {"points": 5, "width": 6, "depth": 2}),
    "psi_fno-fine": Small("psi_fno", PLANE, (9, 12), False, SMALL | {"points": 15}),
    "t1": Small("t1", PLANE, (9, 12), True),
    "t1-walls": Small("t1", WALLS, (9, 8), True),
    "t1_plus": Small("t1_plus", PLANE, (9, 12), True, {"modes": 3, "width": 6, "channels": 8}),
    "sfno": Small("sfno", SPHERE, (9, 16), False, SMALL | {"modes": 6}),
    "sgno": Small("sgno", PLANE, (9, 12), True, SMALL | {"mask": 2.0}),
    "sgno-walls": Small("sgno", WALLS, (9, 8), True),
    "stable_fno": Small("stable_fno", PLANE, (9, 12), True),
    "stable_fno-dynamic": Small("stable_fno", PLANE, (9, 12), True, SMALL | {"filter": "dynamic"}),
    "stable_fno-sphere": Small("stable_fno", SPHERE, (9, 16), False),
    "unet": Small("unet", PLANE, (9, 12), False, LEVELS),
    "unet-sphere": Small("unet", SPHERE, (9, 16), False, LEVELS),
    "cnextunet": Small("cnextunet", PLANE, (9, 12), False, LEVELS),
    "cnextunet-walls": Small("cnextunet", WALLS, (9, 8), False, LEVELS),
    "local_fno": Small("local_fno", PLANE, (9, 12), False),
    "local_fno-sphere": Small("local_fno", SPHERE, (9, 16), False, SMALL | {"modes": 6}),
}


TINY = SMALL | {"depth": 1}


def with_everything() -> Surrogate:
    """Return an evolution with two input frames, a parameter, a forcing, a mask and constraints."""
    data = evolution((9, 12))
    inside = np.ones((1, 1, 1, 9, 12), np.float32)
    inside[..., :3, :4] = 0
    solar = np.random.default_rng(0).uniform(0, 1e3, (1, data.values.shape[1], 1, 9, 12))
    numbers = np.linspace(1e-3, 1e-2, len(data)).reshape(-1, 1, 1, 1, 1)
    conditions = (
        Condition(Field("nu", "m2 s-1"), "parameter", numbers),
        Condition(Field("solar", "W m-2"), "forcing", solar.astype(np.float32)),
        Condition(Field("sea"), "mask", inside),
    )
    constraints = [Means(("u",)), MaxDeviation(1.0), Positivity(("p",), 990.0), BandLimit((8, 9))]
    return made(
        replace(data, conditions=conditions),
        Spec("fno", TINY),
        problem=Evolution(history=2, increments=True),
        constraints=constraints,
    )


def of_a_map() -> Surrogate:
    """Return a surrogate of a map from one field to two."""
    return made(mapping((9, 12)), Spec("fno", TINY))
