"""The specification of a model from its settings, networks inside of networks included."""

from __future__ import annotations

from omegaconf import OmegaConf
from raising import raises_input

from neurop.cli._settings.model_spec import model_spec
from neurop.registry import Spec

FNO = {"_target_": "neurop.models.FNO", "modes": [4, 6]}


def test_a_network_of_a_network() -> None:
    node = OmegaConf.create(
        {
            "width": 8,
            "model": {
                "_target_": "neurop.models.Patched",
                "network": {**FNO, "width": "${width}"},
                "halo": 0.1,
            },
        }
    )
    inner = Spec("fno", {"modes": [4, 6], "width": 8})
    assert model_spec(node.model) == Spec("patched", {"network": inner, "halo": 0.1})


def test_what_is_no_model_is_none_inside_either() -> None:
    axis = {"_target_": "neurop.geometry.axis.Axis", "name": "x"}
    with raises_input("model", "Axis"):
        model_spec({"_target_": "neurop.models.Patched", "network": axis})
    with raises_input("model._target_", "os.system"):
        model_spec({"_target_": "neurop.models.Patched", "network": {"_target_": "os.system"}})
