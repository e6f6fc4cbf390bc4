import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neurop.datasets
from neurop.source import Source


def test_import_loads_no_data_set():
    code = (
        "import sys, neurop.datasets; heavy = ('torch', 'xarray', 'neurop.datasets.era5'); "
        "print([m for m in heavy if m in sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


def test_every_exported_name_is_a_source():
    for name in neurop.datasets.__all__:
        source = getattr(neurop.datasets, name)
        assert source.__name__ == name
        assert issubclass(source, Source)
        assert name in dir(neurop.datasets)


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'Burgrs'"):
        _ = neurop.datasets.Burgrs


def as_floats(value: Any) -> Any:
    return (
        {key: as_floats(item) for key, item in value.items()}
        if isinstance(value, dict)
        else float(value)
    )


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("Burgers", {"viscosity": 1, "time": 2}),
        ("Advection", {"speed": 1, "time": 4}),
        ("DiffusionSorption", {"diffusion": 1, "largest": 1, "sorption": {"exponent": 1}}),
        ("Darcy", {"coefficient": {"low": 3, "high": 12}}),
        ("KuramotoSivashinsky", {"length": 64, "interval": 1, "warmup": 100}),
        (
            "NavierStokes",
            {"viscosity": 1, "amplitude": 1, "interval": 1, "forcing": {"strength": 1}},
        ),
        ("Lorenz96", {"forcing": 20, "interval": 1, "scales": {"coupling": 1, "speed": 4}}),
        ("GrayScott", {"length": 1, "interval": 20, "warmup": 100}),
        ("DamBreak", {"inner": 3, "outer": 2, "interval": 1}),
        ("FitzHughNagumo", {"threshold": 1, "interval": 1}),
        ("KolmogorovFlow", {"flow": {"reynolds": 1000, "drag": 1, "spin_up": 4}, "interval": 1}),
        ("FilteredTurbulence", {"flow": {"reynolds": 500, "drag": 1}, "interval": 1}),
        ("ReactionDiffusion", {"viscosity": 1, "rate": 5, "correlation": 1, "time": 2}),
        ("ShallowWater", {"flow": {"mach": 1, "topography": 2000}, "interval": 1, "spin_up": 2}),
    ],
)
def test_a_whole_number_is_the_same_parameter(name: str, whole: dict[str, Any]) -> None:
    kind = getattr(neurop.datasets, name)
    one, other = (kind(**given) for given in (whole, as_floats(whole)))
    assert one.recipe(one.shape, 50).file == other.recipe(other.shape, 50).file


def test_a_gpu_solves_more_at_once_into_the_same_file(monkeypatch: pytest.MonkeyPatch) -> None:
    source = neurop.datasets.Burgers(samples=100)
    of_core = source.recipe((64,), 100)
    monkeypatch.setattr("neurop.generation.dataset.compute_device", lambda: torch.device("cuda"))
    of_gpu = source.recipe((64,), 100)
    assert (of_gpu.batch, of_gpu.file) == (16 * of_core.batch, of_core.file)


def test_the_test_set_alone_is_that_of_the_whole(tmp_path: Path) -> None:
    source = neurop.datasets.KuramotoSivashinsky(
        samples=9, resolution=32, steps=2, storage={"held_out": 2, "folder": str(tmp_path)}
    )
    alone = source.test()
    (made,) = tmp_path.iterdir()
    assert len(alone) == 2
    assert source.at((32,)).digest() == alone.digest()
    assert list(tmp_path.iterdir()) == [made]
    np.testing.assert_allclose(source.splits()["test"].values, alone.values, rtol=1e-6)
    made.unlink()
    assert source.test().digest() == source.splits()["test"].digest()
    assert not made.exists()
