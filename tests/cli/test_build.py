"""Objects are made from trusted packages alone, with the caller's arguments untouched."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from raising import raises_input

from neurop.cli._settings.build import build, trusting
from neurop.errors import InputError
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid

AXIS = {"_target_": "neurop.geometry.axis.Axis", "name": "x"}


def test_build_resolves_references_of_the_whole_configuration() -> None:
    cfg = OmegaConf.create({"length": 3.0, "axis": {**AXIS, "length": "${length}"}})
    assert build(cfg.axis) == Axis("x", length=3.0)


def test_nested_objects_are_made_first() -> None:
    assert build(
        {"_target_": "neurop.geometry.grid.Grid", "axes": [AXIS, {**AXIS, "name": "y"}]}
    ).axes == [Axis("x"), Axis("y")]


def test_given_arguments_pass_as_they_are() -> None:
    axes = (Axis("x"), Axis("y"))
    grid = build(
        OmegaConf.create({"_target_": "neurop.geometry.grid.Grid", "axes": "???"}), axes=axes
    )
    # Hydra's own instantiate would turn dataclasses into configuration.
    assert grid == Grid(axes)
    assert grid.axes is axes


def test_partial_awaits_arguments() -> None:
    assert build({**AXIS, "_partial_": True}, length=2.0)(boundary="open") == Axis(
        "x", "open", length=2.0
    )


def test_none_makes_none() -> None:
    assert build(None) is None


@pytest.mark.parametrize(
    ("node", "line"),
    [
        ({**AXIS, "name": "???"}, "axis.name: a value is needed; add axis.name=..."),
        ({**AXIS, "length": 0}, "length=0: axis x: give the extent of the domain, not 0"),
        (
            {**AXIS, "colour": 1},
            "axis: Axis.__init__() got an unexpected keyword argument 'colour'",
        ),
        ({"_target_": "neurop.nowhere.Thing"}, "axis._target_: no module 'neurop.nowhere'"),
        (
            {"_target_": "neurop.errors.InputErrors"},
            "axis._target_: no 'InputErrors' in neurop.errors; did you mean 'InputError'?",
        ),
        (
            {"_target_": "neurop.__version__"},
            "axis._target_: 'neurop.__version__' cannot be called",
        ),
    ],
)
def test_wrong_configuration_is_one_line(node: dict[str, Any], line: str) -> None:
    with pytest.raises(InputError) as error:
        build(OmegaConf.create({"axis": node}).axis)
    assert str(error.value) == line


def test_an_absent_package_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "board.py").write_text(
        "def log():\n    raise ModuleNotFoundError('Neither `tensorboard` nor `tensorboardX` is "
        "available.')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with (
        trusting(["board"]),
        raises_input("board.log", "tensorboard", "pip install"),
    ):
        build({"_target_": "board.log"})


def test_other_errors_of_a_constructor_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.py").write_text("def make():\n    return 1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with trusting(["broken"]), pytest.raises(ZeroDivisionError):
        build({"_target_": "broken.make"})
    with raises_input("_target_", "broken.make", "broken"):
        build({"_target_": "broken.make"})
