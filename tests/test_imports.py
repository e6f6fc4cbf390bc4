"""The law of arrows: who may import whom, and what an import may do."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = sorted((ROOT / "neurop").rglob("*.py"))
FLOORS = (
    ("errors", "cache", "machine"),
    ("files", "geometry", "spec", "plain_values", "extras", "memory", "printable", "tensor_memory"),
    ("registry", "spectral", "plots"),
    ("layers", "fields", "physics", "metrics"),
    ("models", "problems", "transforms", "constraints"),
    ("card", "source", "convert"),
    ("model_folder", "inference"),
    ("surrogate", "objectives"),
    ("evaluation", "formats", "exporting", "refinement", "sharing"),
    ("generation", "predictions", "loading"),
    ("training", "datasets", "doctor", "report"),
    ("bench",),
    ("cli",),
)
"""A room imports from lower floors alone, and never from its own."""


def nodes(file: Path, run: bool) -> Iterator[ast.AST]:
    """Yield the nodes of a file; with `run` those alone that an import of it executes."""

    def walk(node: ast.AST) -> Iterator[ast.AST]:
        yield node
        for child in ast.iter_child_nodes(node):
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            if not (types or (run and inside)):
                yield from walk(child)

    yield from walk(ast.parse(file.read_text()))


def imports(file: Path, run: bool = False) -> Iterator[str]:
    """Yield the full name of everything that a file imports, except for type checkers."""
    package = (
        ["neurop", *file.relative_to(ROOT / "neurop").parent.parts]
        if (ROOT / "neurop") in file.parents
        else ["neurop", *file.relative_to(ROOT).parent.parts]
    )
    for node in nodes(file, run):
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
        "neurop.cli._arguments.flags",
    } <= set(imports(file))
    # Also those inside of functions.
    assert "torch.distributed" in set(imports(ROOT / "cli" / "_process_group.py"))


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


def room(name: str) -> str:
    """Return the room of a full name."""
    return name.split(".")[1] if name.count(".") else ""


def test_a_room_imports_from_lower_floors_alone() -> None:
    floor = {name: i for i, names in enumerate(FLOORS) for name in names}
    wrong = []
    for file in [f for top in ("neurop", "cli", "datasets") for f in (ROOT / top).rglob("*.py")]:
        parts = file.relative_to(ROOT).with_suffix("").parts
        here = parts[1] if parts[0] == "neurop" else parts[0]
        if here in ("__init__", "__main__"):
            continue
        for name in imports(file):
            there = room(name)
            if name.startswith("neurop.") and there not in (here, "__version__"):
                assert there in floor, f"{file}: {name} is in no room; add it to FLOORS"
                if floor[there] >= floor[here]:
                    wrong.append(f"{file.relative_to(ROOT)} ({here}): {name}")
    assert wrong == []


def test_no_file_imports_itself_by_way_of_others() -> None:
    names = {}
    for file in LIBRARY:
        parts = list(file.relative_to(ROOT).with_suffix("").parts)
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    graph: dict[str, set[str]] = {}
    for name, file in names.items():
        found = set()
        for target in imports(file, run=True):
            while target and target not in names:
                target = target.rpartition(".")[0]
            found.add(target)
        # A package imports its parts, and a part its package, as Python does by itself.
        graph[name] = {t for t in found - {name, ""} if not name.startswith(f"{t}.")}
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            for other in sorted(graph[name]):
                visit(other, [*path, name])
            done.add(name)

    for name in graph:
        visit(name, [])


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
    files = [f for f in sorted((ROOT / "cli").rglob("*.py")) if f.name != "_hydra.py"]
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
files = [f for f in root.rglob('*.py') if f.name != '__main__.py' and 'training' not in f.parts]
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
