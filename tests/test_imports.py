"""The law of arrows: who may import whom, and what an import may do."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = sorted((ROOT / "neurop").rglob("*.py"))
LAYERS = ["spectral", "layers", "models"]


def imports(file: Path) -> Iterator[str]:
    """Yield the full name of everything that a file imports, also inside functions."""
    package = (
        ["neurop", *file.relative_to(ROOT / "neurop").parent.parts]
        if (ROOT / "neurop") in file.parents
        else ["neurop", file.parent.name]
    )
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = (
                ".".join([*package[: len(package) - node.level + 1], node.module or ""]).strip(".")
                if node.level
                else node.module or ""
            )
            yield from (f"{base}.{alias.name}" for alias in node.names)


def within(name: str, *packages: str) -> bool:
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


def offenders(files: list[Path], *packages: str) -> list[str]:
    return [
        f"{file.relative_to(ROOT)}: {name}"
        for file in files
        for name in imports(file)
        if within(name, *packages)
    ]


def test_imports_are_seen(tmp_path: Path) -> None:
    file = ROOT / "cli" / "_hydra.py"
    assert {
        "hydra",
        "neurop.errors.InputError",
        "neurop.cli._console.quiet",
        "torch.distributed",
    } <= set(imports(file))


def test_the_library_knows_nothing_of_its_users() -> None:
    files = [f for f in LIBRARY if f != ROOT / "neurop" / "__main__.py"]
    assert len(files) > 20
    assert (
        offenders(
            files, "neurop.cli", "neurop.datasets", "neurop.conf", "hydra", "omegaconf", "argparse"
        )
        == []
    )


def test_lightning_is_used_for_training_alone() -> None:
    assert (
        offenders(
            [f for f in LIBRARY if ROOT / "neurop" / "training" not in f.parents],
            "lightning",
            "pytorch_lightning",
        )
        == []
    )


def test_spectral_layers_models_point_one_way() -> None:
    for i, house in enumerate(LAYERS):
        files = [f for f in LIBRARY if ROOT / "neurop" / house in f.parents]
        above = [
            f"neurop.{name}"
            for name in (*LAYERS[i + 1 :], "training", "evaluation", "data", "plots", "surrogate")
        ]
        assert files
        assert offenders(files, *above) == []


def test_datasets_use_the_library_alone() -> None:
    assert (
        offenders(
            sorted((ROOT / "datasets").glob("*.py")),
            "neurop.cli",
            "neurop.conf",
            "hydra",
            "omegaconf",
            "lightning",
        )
        == []
    )


def test_hydra_is_used_in_one_file() -> None:
    files = [f for f in sorted((ROOT / "cli").glob("*.py")) if f.name != "_hydra.py"]
    assert offenders(files, "hydra") == []


@pytest.mark.parametrize("module", ["neurop", "neurop.errors", "neurop.cli"])
def test_a_light_import(module: str) -> None:
    heavy = "{'torch', 'lightning', 'hydra', 'numpy', 'xarray', 'matplotlib', 'h5py'}"
    code = f"import sys, {module}; print(*({heavy} & set(sys.modules)))"
    assert (
        subprocess.run(
            [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == ""
    )


def test_importing_the_library_changes_nothing_around_it() -> None:
    code = """
import os, random, sys, warnings
import matplotlib, numpy as np, torch
def state():
    torch_state = torch.get_rng_state().tolist(), torch.get_default_dtype(), torch.get_num_threads()
    seeds = random.getstate(), str(np.random.get_state())
    settings = dict(os.environ), warnings.filters[:], dict(matplotlib.rcParams), sys.path[:]
    return settings, seeds, torch_state
import h5py, rich.progress, scipy.fft, scipy.spatial, xarray
before = state()
import importlib, pathlib
import neurop
root = pathlib.Path(neurop.__file__).parent
files = [f for f in root.rglob('*.py') if f.name != '__main__.py' and f.parent.name != 'training']
parts = [['neurop', *f.relative_to(root).with_suffix('').parts] for f in files]
names = ['.'.join(one).removesuffix('.__init__') for one in parts]
for name in names:
    importlib.import_module(name)
changed = [i for i, (a, b) in enumerate(zip(before, state())) if a != b]
print(len(names) > 20, changed)
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("True []\n", "")
