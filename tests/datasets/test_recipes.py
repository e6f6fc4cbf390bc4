"""A file that was generated earlier is found: names of files and parameters are literal."""

from typing import Any

import pytest
from raising import raises_input

import neurop.datasets
from neurop.generation.storage import Storage

FILES = [
    ("NavierStokes", {}, "navier_stokes-64-d4f50e9d.h5"),
    (
        "NavierStokes",
        {
            "viscosity": 1e-5,
            "forcing": {"kind": "kolmogorov", "wavenumber": 2, "strength": 1},
            "solver": {"points": 256, "precision": "float32"},
            "samples": 80,
            "storage": {"seed": 3, "held_out": 10},
        },
        "navier_stokes-64-90561536.h5",
    ),
    (
        "NavierStokes",
        {"forcing": {"kind": "none"}, "storage": {"mode": "online"}},
        "navier_stokes-64-356d793a.h5",
    ),
    ("Burgers", {}, "burgers-1024-abe99e3c.h5"),
    (
        "Burgers",
        {
            "samples": 1200,
            "resolution": 128,
            "steps": 100,
            "initial": "pino",
            "storage": {"seed": 2, "held_out": 200},
        },
        "burgers-128-d00b9ac7.h5",
    ),
    ("Darcy", {}, "darcy-85-d97f9aa6.h5"),
    (
        "Darcy",
        {
            "coefficient": {"kind": "lognormal", "sigma": 2},
            "faces": "arithmetic",
            "storage": {"seed": 1},
        },
        "darcy-85-81e9fde1.h5",
    ),
    ("KuramotoSivashinsky", {}, "kuramoto_sivashinsky-128-8d47ca85.h5"),
    ("Lorenz96", {}, "lorenz96-32-8c207512.h5"),
    ("ApeBench", {}, "apebench-160-fa03f6c4.h5"),
    ("ApeBench", {"scenario": "kdv", "release": "0.2.0"}, "apebench-160-a6dbc4e3.h5"),
    ("GrayScott", {}, "gray_scott-64-43596c10.h5"),
    ("DamBreak", {}, "dam_break-64-303c8d5a.h5"),
    ("FitzHughNagumo", {}, "fitzhugh_nagumo-64-f3be3325.h5"),
    ("KolmogorovFlow", {}, "kolmogorov_flow-64-dd3c8747.h5"),
    ("FilteredTurbulence", {}, "filtered_turbulence-32-c024bf54.h5"),
    ("ReactionDiffusion", {}, "reaction_diffusion-256-dacf249f.h5"),
    (
        "ReactionDiffusion",
        {"initial": "pdebench", "viscosity": 0.5, "rate": 1},
        "reaction_diffusion-256-7f7257aa.h5",
    ),
    ("Advection", {}, "advection-256-0adf864d.h5"),
    ("DiffusionSorption", {}, "diffusion_sorption-1024-07f896d6.h5"),
    ("ShallowWater", {}, "shallow_water-32x64-4a59a24d.h5"),
    (
        "ShallowWater",
        {
            "samples": 16,
            "flow": {"forcing": "bands", "topography": 500},
            "spin_up": 480,
            "steps": 256,
            "storage": {"held_out": 2, "seed": 1},
        },
        "shallow_water-32x64-c1e778d2.h5",
    ),
]
PARAMETERS = {
    "NavierStokes": {
        "viscosity": 1e-3,
        "amplitude": 0.262,
        "steps": 20,
        "interval": 1.0,
        "forcing": 0.1,
        "solver_version": 1,
    },
    "Burgers": {"viscosity": 0.01, "initial": "paper", "time": 1.0, "solver_version": 1},
    "Darcy": {
        "coefficient": "piecewise",
        "low": 3.0,
        "high": 12.0,
        "sigma": 1.0,
        "faces": "harmonic",
        "solver": 421,
        "tolerance": 1e-6,
        "solver_version": 1,
    },
    "KuramotoSivashinsky": {
        "length": 64.0,
        "steps": 100,
        "interval": 1.0,
        "warmup": 100.0,
        "solver_version": 1,
    },
    "ApeBench": {
        "scenario": "burgers",
        "steps": 200,
        "release": "0.1.0",
        "solver_version": 1,
    },
    "KolmogorovFlow": {
        "reynolds": 1000.0,
        "wavenumber": 4,
        "drag": 0.1,
        "spin_up": 40.0,
        "steps": 40,
        "interval": 0.2,
        "precision": "float64",
        "solver_version": 1,
    },
    "GrayScott": {
        "feed": 0.018,
        "kill": 0.051,
        "diffusion": [2e-5, 1e-5],
        "length": 0.5,
        "steps": 50,
        "interval": 20.0,
        "warmup": 200.0,
        "solver_version": 1,
    },
    "DamBreak": {
        "radius": [0.3, 0.7],
        "inner": 2.0,
        "outer": 1.0,
        "steps": 100,
        "interval": 0.01,
        "solver": 256,
        "solver_version": 1,
    },
    "FitzHughNagumo": {
        "modes": 128,
        "diffusion": [1e-3, 5e-3],
        "threshold": 5e-3,
        "steps": 50,
        "interval": 0.1,
        "solver_version": 1,
    },
    "ReactionDiffusion": {
        "viscosity": 0.01,
        "rate": 5.0,
        "correlation": 0.2,
        "time": 1.0,
        "solver_version": 1,
    },
    "Advection": {
        "speed": 0.4,
        "initial": "pdebench",
        "steps": 40,
        "time": 2.0,
        "solver_version": 1,
    },
    "DiffusionSorption": {
        "diffusion": 5e-4,
        "largest": 0.2,
        "steps": 100,
        "time": 500.0,
        "porosity": 0.29,
        "density": 2880.0,
        "coefficient": 3.5e-4,
        "exponent": 0.874,
        "solver_version": 1,
    },
    "ShallowWater": {
        "truncation": 31,
        "initial": "random",
        "mach": 0.2,
        "steps": 24,
        "interval": 1.0,
        "spin_up": 0.0,
        "grid": "legendre-gauss",
        "solver_version": 1,
    },
}


@pytest.mark.parametrize(("name", "given", "file"), FILES)
def test_the_file_is_that_of_earlier_versions(name: str, given: dict[str, Any], file: str) -> None:
    source = getattr(neurop.datasets, name)(**given)
    assert source.recipe(source.shape, source.stored).file == file


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_parameters_are_those_of_earlier_versions(name: str) -> None:
    assert getattr(neurop.datasets, name)().parameters() == PARAMETERS[name]


def test_storage_is_a_group_or_a_mapping() -> None:
    kind = neurop.datasets.Burgers
    assert [kind(storage=given).seed for given in (None, {"seed": 4}, Storage(seed=4))] == [0, 4, 4]
    with raises_input("sed", 4):
        kind(storage={"sed": 4})
    with raises_input("storage", 4):
        kind(storage=4)  # type: ignore[arg-type]
