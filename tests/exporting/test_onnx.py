"""ONNX: onnxruntime computes what the surrogate does, at sizes that the graph was not made with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from exporting.cases import CASES, TINY, Small, made, with_everything
from small import evolution

from neurop.exporting import onnx
from neurop.exporting.compare import TOLERANCE, _relative
from neurop.exporting.description import describe
from neurop.exporting.examples import examples
from neurop.exporting.open_grid import fixed_because, least_shape
from neurop.exporting.program import axis_names, trace
from neurop.registry import Spec
from neurop.surrogate import Surrogate

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")


def check(surrogate: Surrogate, folder: Path) -> dict[str, str]:
    """Compare onnxruntime with the surrogate; return what the file says of itself."""
    path, shape = folder / "model.onnx", surrogate.card.shape
    least = None if fixed_because(surrogate) else least_shape(surrogate)
    program, about = trace(surrogate, shape, least), describe(surrogate, shape, least)
    onnx.write(program, path, about, axis_names(surrogate))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [port.shape for port in session.get_inputs()] == [p["shape"] for p in about["inputs"]]
    other = tuple(2 * n + 1 + i for i, n in enumerate(shape)) if least else shape
    for batch, points in ((1, shape), (3, other), (5, least or shape)):
        inputs = examples(surrogate, batch, points, seed=3)
        truth = surrogate(inputs[0], given=inputs[1] if len(inputs) > 1 else None).detach()
        arrays = {port.name: t.numpy() for port, t in zip(session.get_inputs(), inputs)}
        found = torch.from_numpy(session.run(["y"], arrays)[0])
        largest, accepted = _relative(surrogate, found, truth)
        assert largest < min(accepted, 2 * TOLERANCE)
    if least:  # a coarser grid aliases the modes: no number rather than a wrong one
        coarse = [t[..., : least[-1] - 1].numpy() for t in examples(surrogate, 1, shape)]
        arrays = {port.name: t for port, t in zip(session.get_inputs(), coarse)}
        assert np.isnan(session.run(["y"], arrays)[0]).all()
    return session.get_modelmeta().custom_metadata_map


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("fno", (16,)),
        pytest.param("fno", (9, 12), marks=pytest.mark.slow),
        pytest.param("t1", (16,), marks=pytest.mark.slow),
    ],
)
def test_small_ones(name: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    said = check(made(evolution(shape), Spec(name, TINY)), tmp_path)
    assert said["units of x"] == said["units of y"] == "u in m s-1, p in Pa"
    assert json.loads(said["neurop"])["dynamic"] == {"batch": True, "grid": True}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_model(case: Small, tmp_path: Path) -> None:
    check(case.surrogate(), tmp_path)


@pytest.mark.slow
def test_all_that_a_card_holds(tmp_path: Path) -> None:
    assert (
        "solar at the predicted time in W m-2"
        in check(with_everything(), tmp_path)["units of given"]
    )
