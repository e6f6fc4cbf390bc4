"""A model of a user's own package is saved by one process and loaded by another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import own_package
import pytest

SAVE = """
import sys
import numpy as np, torch
from neurop import Field, FieldSet, Grid, Surrogate, Times
{first}
waves = np.sin(2 * np.pi * (np.arange(16) - np.arange(5)[:, None]) / 16)[None, :, None]
train = FieldSet(waves, (Field("u", "m"),), Grid.periodic(1), times=Times(np.arange(5.0), "s"))
torch.manual_seed(0)
from neurop.registry import Spec
surrogate = Surrogate.of(train, Spec("mine", {{"gain": 2.0}})).eval()
surrogate.save(sys.argv[1])
print(surrogate(torch.ones(1, 1, 8)).tolist())
"""
LOAD = """
import sys
import torch, neurop
from neurop.errors import InputError
try:
    print(neurop.load(sys.argv[1]{trust})(torch.ones(1, 1, 8)).tolist())
except InputError as error:
    print(error)
print("mypkg.net" in sys.modules, file=sys.stderr)
"""


def run(code: str, folder: Path, *paths: Path) -> tuple[str, bool]:
    """Return what a fresh process prints, and whether it imported the user's module."""
    places = os.pathsep.join([*map(str, paths), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, str(folder)],
        env=os.environ | {"PYTHONPATH": places},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip() == "True"


@dataclass(frozen=True)
class Saved:
    """A saved surrogate, what it predicts, and where its package lies."""

    card: Path
    predicted: str
    site: Path


@pytest.fixture(scope="module")
def of_installed(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    folder = tmp_path_factory.mktemp("installed")
    site = own_package.installed(folder / "site")
    return Saved(folder / "model", run(SAVE.format(first=""), folder / "model", site)[0], site)


@pytest.fixture(scope="module")
def of_importable(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    folder = tmp_path_factory.mktemp("importable")
    site = own_package.importable(folder / "site")
    made = run(SAVE.format(first="import mypkg.net"), folder / "model", site)
    return Saved(folder / "model", made[0], site)


def test_an_installed_package_needs_no_word(of_installed: Saved) -> None:
    plain = json.loads((of_installed.card / "model.json").read_text())
    assert (plain["distribution"], plain["module"]) == ("mypkg-dist", "mypkg.net")
    assert plain["citation"] == "Me, 2026"
    assert plain["model"] == {"name": "mine", "arguments": {"gain": 2.0}}
    found = run(LOAD.format(trust=""), of_installed.card, of_installed.site)
    assert found == (of_installed.predicted, True)


def test_without_the_package_its_name_is_said(of_installed: Saved) -> None:
    line, _ = run(LOAD.format(trust=""), of_installed.card)
    assert line == (
        "the model 'mine' is of the package 'mypkg-dist'; install it or, if you trust it, "
        "add trust=[mypkg]"
    )


def test_a_card_imports_nothing_that_is_not_trusted(of_importable: Saved) -> None:
    line, imported = run(LOAD.format(trust=""), of_importable.card, of_importable.site)
    assert line.endswith(
        "of the package 'mypkg'; install it or, if you trust it, add trust=[mypkg]"
    )
    assert not imported


@pytest.mark.parametrize("trust", ["['mypkg']", "'mypkg.net'"])
def test_a_trusted_package_registers_its_model(of_importable: Saved, trust: str) -> None:
    # `mypkg` itself registers nothing; the card names the module inside it that does.
    found = run(LOAD.format(trust=f", trust={trust}"), of_importable.card, of_importable.site)
    assert found == (of_importable.predicted, True)


def test_the_command_line_trusts_too(of_importable: Saved) -> None:
    code = """
import sys
from neurop.cli._settings.build import trusting
from neurop.surrogate import Surrogate
with trusting(["mypkg"]):
    print(Surrogate.load(sys.argv[1]).name)
print(True, file=sys.stderr)
"""
    assert run(code, of_importable.card, of_importable.site) == ("mine", True)


def test_a_package_that_claims_a_name_of_the_library(tmp_path: Path) -> None:
    site = own_package.installed(tmp_path, name="FNO")
    card = Path(__file__).parent / "cards" / "format_1" / "fno"
    line, imported = run(LOAD.format(trust=""), card, site)
    assert line == "model 'fno' is claimed by mypkg-dist and neurop; uninstall one of them"
    assert not imported
