"""An argument of the library is named by the setting that it came from."""

from __future__ import annotations

from typing import Any

import pytest
from omegaconf import OmegaConf

from neurop.cli._settings.keys import full_key, in_settings, leaves
from neurop.errors import InputError

SETTINGS: dict[str, Any] = {
    "seed": 0,
    "data": {
        "_target_": "neurop.datasets.Darcy",
        "samples": 40,
        "coefficient": {"kind": "piecewise", "low": 0.0},
        "storage": {"seed": -1, "mode": "onlin", "held_out": 20},
    },
    "model": {"_target_": "neurop.models.FNO", "modes": [40, 40], "width": 0, "bound": 1.0},
    "trainer": {"max_epochs": 3, "callbacks": [{"_target_": "lightning.Timer", "patience": 0}]},
    "augment": {
        "sensor_mask": {"_target_": "neurop.transforms.SensorMask", "share": 2},
        "coarse_to_fine": {"shape": [32, 8], "share": 0.8},
    },
    "constraint": {
        "max_deviation": {"most": -1.0},
        "positivity": {"fields": ["u", "p"], "bound": 0.0},
    },
    "callback": {"ema": {"decay": 2}, "spectral_bound": {"bound": 0.0, "order": None}},
    "logger": None,
}
CFG = OmegaConf.create(SETTINGS)


@pytest.mark.parametrize(
    ("key", "value", "setting"),
    [
        ("samples", 40, "data.samples"),
        ("low", 0.0, "data.coefficient.low"),
        ("mode", "onlin", "data.storage.mode"),
        ("width", 0, "model.width"),
        ("modes", (40, 40), "model.modes"),
        ("shape", (32, 8), "augment.coarse_to_fine.shape"),
        ("fields", ["u", "p"], "constraint.positivity.fields"),
        ("most", -1.0, "constraint.max_deviation.most"),
        ("decay", 2, "callback.ema.decay"),
        ("order", None, "callback.spectral_bound.order"),
    ],
)
def test_an_argument_of_one_group(key: str, value: Any, setting: str) -> None:
    assert full_key(key, value, CFG) == setting


@pytest.mark.parametrize(
    ("key", "value", "setting"),
    [
        # The value tells the groups apart, ...
        ("seed", 0, "seed"),
        ("seed", -1, "data.storage.seed"),
        ("share", 2, "augment.sensor_mask.share"),
        ("share", 0.8, "augment.coarse_to_fine.share"),
        ("bound", 1.0, "model.bound"),
        # ... unless two have it, or none.
        ("bound", 0.0, None),
        ("share", 7, None),
    ],
)
def test_an_argument_of_several_groups(key: str, value: Any, setting: str | None) -> None:
    assert full_key(key, value, CFG) == setting


@pytest.mark.parametrize(
    ("key", "value", "setting"),
    [
        # The library may have computed the value: one number became one per axis.
        ("modes", (99, 99), "model.modes"),
        ("held_out", 40, "data.storage.held_out"),
        # No setting of its own: unknown, a group, the entry of a list, what neurop does not pass.
        ("lr", 1.0, None),
        ("storage", 4, None),
        ("patience", 0, None),
        ("_target_", "neurop.models.FNO", None),
    ],
)
def test_an_argument_with_another_value_or_no_setting(
    key: str, value: Any, setting: str | None
) -> None:
    assert full_key(key, value, CFG) == setting


def test_references_to_other_settings_are_not_followed() -> None:
    cfg = OmegaConf.create({"a": {"n": 3}, "b": {"n": "${a.n}"}})
    assert full_key("n", 3, cfg) == "a.n"


def test_the_error_begins_with_the_setting() -> None:
    given = InputError.of("shape", (32, 8), "give 2 sizes up to [16, 16]")
    made = in_settings(given, CFG)
    assert isinstance(made, InputError)
    assert (made.key, made.value) == ("augment.coarse_to_fine.shape", (32, 8))
    assert str(made) == "augment.coarse_to_fine.shape=[32, 8]: give 2 sizes up to [16, 16]"
    assert made.__cause__ is given


@pytest.mark.parametrize(
    "error",
    [
        InputError.of("bound", 0.0, "two groups have it"),
        InputError.of("seed", 0, "the setting has the same name"),
        InputError("the file a.h5 has another width", "width", 0),
        InputError.in_file("a.h5", "no such file"),
        InputError("no key"),
        RuntimeError("width=0: another kind"),
    ],
)
def test_an_error_that_stays(error: Exception) -> None:
    assert in_settings(error, CFG) is error


def test_leaves_are_the_settings_without_the_classes() -> None:
    assert list(leaves(SETTINGS["augment"])) == [
        ("sensor_mask.share", 2),
        ("coarse_to_fine.shape", [32, 8]),
        ("coarse_to_fine.share", 0.8),
    ]
    assert list(leaves({"trainer": SETTINGS["trainer"]})) == [
        ("trainer.max_epochs", 3),
        ("trainer.callbacks", SETTINGS["trainer"]["callbacks"]),
    ]
