"""Values are held to the annotations of what they are given to."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from omegaconf import OmegaConf

from neurop.cli._settings.build import trusting
from neurop.cli._settings.check import fits, left_out, mistakes
from neurop.plain_values import describe_type

FIT = [
    (3, int, True),
    (True, int, False),
    (3.0, int, False),
    ("3", int, False),
    (3, float, True),
    (None, float, False),
    (None, float | None, True),
    (1, bool, False),
    ("a", Literal["a", "b"], True),
    ("c", Literal["a", "b"], False),
    ([1, 2], tuple[int, ...], True),
    ([], tuple[int, ...], True),
    ([1, "a"], tuple[int, ...], False),
    ([1, 2], tuple[int, int], True),
    ([1, 2, 3], tuple[int, int], False),
    (16, tuple[int, ...], False),
    (16, int | tuple[int, ...], True),
    ([[1, 2], [3]], list[list[int]], True),
    ([[1, 2], ["a"]], list[list[int]], False),
    ("abc", Sequence[str], False),
    ({"a": 1}, dict[str, int], True),
    ({"a": "b"}, dict[str, int], False),
    ({"a": 1}, int, False),
    ("runs", Path, True),
    (3, Path, False),
    ("???", int, True),
    ({"_target_": "x"}, int, True),
    ("anything", Any, True),
    ("fast", float | OmegaConf, False),
    (0.1, float | OmegaConf, True),
    ("x", OmegaConf | None, True),
]


@pytest.mark.parametrize(("value", "hint", "expected"), FIT)
def test_fits(value: Any, hint: Any, expected: bool) -> None:
    assert fits(value, hint) is expected


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (int, "int"),
        (float | None, "float or null"),
        (tuple[int, ...], "a list of int"),
        (tuple[int, float], "a list of 2 (int, float)"),
        (dict[str, int], "a mapping"),
        (Literal["a", None], "'a' or null"),
        (float | OmegaConf, "float"),
    ],
)
def test_describe(hint: Any, words: str) -> None:
    assert describe_type(hint) == words


def lines(text: str) -> list[str]:
    return list(mistakes(OmegaConf.create(text)))


def test_nested_targets_and_lists() -> None:
    axis = "_target_: neurop.geometry.axis.Axis, name: x"
    assert lines(
        f"grid: {{_target_: neurop.geometry.grid.Grid, axes: [{{{axis}}}, {{{axis}, length: "
        "far}]}"
    ) == ["grid.axes[1].length: expected float, got 'far'"]


def test_annotations_that_cannot_be_read_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "veiled.py").write_text(
        "from __future__ import annotations\n\ndef f(a: Unknown, *, b: int) -> None: ...\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with trusting("veiled"):
        assert lines("x: {_target_: veiled.f, a: 1, b: 2}") == []
        assert lines("x: {_target_: veiled.f, c: 1}") == [
            "x.c: veiled.f takes no 'c'; choose from a, b"
        ]


def test_open_ended_targets_take_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wide.py").write_text("def f(a: int, **more: int) -> None: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    with trusting("wide.*"):
        assert lines("{_target_: wide.f, b: 1}") == []
        assert lines("{_target_: wide.f, a: q}") == ["a: expected int, got 'q'"]


def test_untrusted_packages_are_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "strange.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert lines("x: {_target_: strange.f}") == [
        "x._target_: 'strange.f' is not of neurop, torch.optim, lightning; add trust=[strange] if "
        "you trust that package"
    ]
    assert "strange" not in sys.modules


def test_a_trusted_name_that_leads_elsewhere() -> None:
    (line,) = lines("x: {_target_: neurop.cli._hydra.os.getcwd}")
    assert line.startswith(
        "x._target_: 'neurop.cli._hydra.os.getcwd' leads to 'posix.getcwd', which is not of neurop"
    )


def test_the_real_trainer_is_checked() -> None:
    assert (
        lines(
            "trainer: {_target_: lightning.Trainer, max_epochs: 3, gradient_clip_val: 1, "
            "precision: 32-true, limit_val_batches: 0.5}"
        )
        == []
    )
    assert lines("trainer: {_target_: lightning.Trainer, devises: 2}")[0].endswith(
        "lightning.Trainer takes no 'devises'; did you mean 'devices'?"
    )


def test_what_is_recommended_for_another_model_is_left_out() -> None:
    cfg = OmegaConf.create(
        {"model": {"_target_": "neurop.models.FNO", "width": 4, "rank": 0.1, "levels": 2}}
    )
    left_out(cfg, ["+model.levels=2", "model.width=4"])
    assert dict(cfg.model) == {"_target_": "neurop.models.FNO", "width": 4, "levels": 2}
    assert list(mistakes(cfg)) == [
        "model.levels: neurop.models.FNO takes no 'levels'; "
        + str(next(mistakes(cfg))).split("; ", 1)[1]
    ]
    left_out(nothing := OmegaConf.create({"data": {"a": 1}}), [])
    assert nothing == {"data": {"a": 1}}
