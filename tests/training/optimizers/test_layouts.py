"""Every weight of every model is a matrix, or one of the kinds that are none."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import REGISTRY, create
from neurop.models.operator import Operator
from neurop.registry import Spec
from neurop.training.optimizers.layouts import ends, layouts
from neurop.training.optimizers.matrix import Matrix

SMALL = {"modes": 4, "width": 8, "depth": 1}
MODELS: list[tuple[str, dict[str, Any]]] = [
    ("afno", {"width": 8}),
    ("cnextunet", {"width": 4, "depth": 1}),
    ("ffno", SMALL),
    ("fno", SMALL),
    ("gfno", SMALL),
    ("ifno", SMALL),
    ("iufno", SMALL),
    ("local_fno", SMALL),
    ("mono", {"expert": Spec("fno", SMALL)}),
    ("patched", {"network": Spec("fno", SMALL)}),
    ("psi_fno", SMALL),
    ("sfno", SMALL),
    ("sgno", SMALL),
    ("stable_fno", SMALL),
    ("stable_fno", SMALL | {"filter": "dense"}),
    ("stable_fno", SMALL | {"filter": "dynamic"}),
    ("t1", SMALL),
    ("t1_plus", {"width": 8}),
    ("tfno", SMALL),
    ("tfno", SMALL | {"factorization": "tt"}),
    ("tfno", SMALL | {"factorization": "cp"}),
    ("unet", {"width": 4, "depth": 1}),
]
# Ends of the names of weights of several axes that are no matrices.
OTHERS = {
    "cnextunet": {"conv.conv.weight"},  # one kernel per channel
    "afno": {"mixing.biases", "head.weight"},
    "gfno": {"lift.kernel", "spectral.weight.kernel", "project.contract.kernel"},
    "sgno": {"weight.rate"},
    "stable_fno": {"weight.gain", "weight.phase"},
    "t1": {"bias"},
    "t1_plus": {"bias"},
}


def network(name: str, arguments: dict[str, Any]) -> Operator:
    return create(
        Spec(name, arguments), 2, 3, Grid.latlon() if name == "sfno" else Grid.periodic(2)
    )


@pytest.mark.parametrize(("name", "arguments"), MODELS)
def test_weights_of_models(name: str, arguments: dict[str, Any]) -> None:
    net = network(name, arguments)
    found = layouts(net)
    others = {
        key for key, weight in net.named_parameters() if weight.ndim > 1 and weight not in found
    }
    if arguments.get("factorization") == "cp":
        assert {key.split(".factors.")[0] for key in others} == {"blocks.0.spectral.weight"}
    else:
        expected = OTHERS.get(name, set()) if "filter" not in arguments else others
        assert {key for key in others if not key.endswith(tuple(expected))} == set()
        assert all(any(key.endswith(end) for key in others) for end in expected)
    assert {id(weight) for weight in found} <= {id(weight) for weight in net.parameters()}
    for weight, matrix in found.items():
        number, parts, rows, columns = matrix.sizes(weight.shape)
        assert number * parts * rows * columns == weight.numel()
        assert parts in (1, 2)


def test_every_model_is_tried() -> None:
    wrappers = {"boosted", "converted", "denoised", "thermalized"}
    assert {name for name, _ in MODELS} | wrappers == set(REGISTRY.table)


def test_the_matrix_of_a_mode_maps_inputs_to_outputs() -> None:
    net = network("fno", {"modes": 4, "width": 8, "depth": 1})
    weight = net.get_parameter("blocks.0.spectral.weight")
    assert layouts(net)[weight] == Matrix((-3,), (-1,), -2)


def test_along_chebyshev_points_the_matrices_are_real() -> None:
    grid = Grid((Axis("t", "open", layout="chebyshev"),))
    net = create(Spec("fno", {"modes": 4, "width": 8, "depth": 1}), 1, 1, grid)
    weight = net.get_parameter("blocks.0.spectral.weight")
    assert layouts(net)[weight].sizes(weight.shape) == (4, 1, 8, 8)


@pytest.mark.parametrize(
    ("name", "first_and_last"),
    [
        ("fno", ("lift", "project")),
        ("local_fno", ("net.lift", "net.project")),
        ("unet", ("enter", "leave")),
        ("t1_plus", ("lift", "head")),
        ("afno", ("embed", "head")),
    ],
)
def test_first_and_last_layers(name: str, first_and_last: tuple[str, ...]) -> None:
    net = network(name, {"width": 8})
    assert ends(net) == {
        weight
        for key, weight in net.named_parameters()
        if key.startswith(tuple(f"{part}." for part in first_and_last))
    }


def test_numbers_of_a_sample_are_embedded() -> None:
    net = create(Spec("fno", {"modes": 4, "width": 8, "depth": 1}), 2, 1, Grid.periodic(2), (1,))
    assert net.get_parameter("films.0.contract.weight") in ends(net)
    assert nn.Parameter() not in ends(net)
