"""ONNX: a graph for onnxruntime and other engines, without PyTorch.

Source: https://docs.pytorch.org/docs/stable/onnx_export.html
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram

from neurop.errors import InputError
from neurop.extras import advice

SUFFIX = ".onnx"
PACKAGES = ("onnx", "onnxscript", "onnxruntime")


def check() -> None:
    """Raise InputError unless the packages of the extra ``onnx`` are installed."""
    for name in PACKAGES:
        if find_spec(name) is None:
            raise InputError.of("format", "onnx", f"needs {name}: {advice(name)}")


def write(
    program: ExportedProgram, path: Path, about: Mapping[str, Any], axes: Sequence[str]
) -> dict[str, str]:
    """Write a graph; arguments and result are those of :func:`neurop.exporting.pt2.write`.

    The description is in ``metadata_props``: the whole under ``neurop``, the units of each channel
    under ``units of x``, ``units of given`` and ``units of y``.
    """
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)  # it warns of torchvision, which nothing here uses
    try:
        made = torch.onnx.export(
            program,
            input_names=[one["name"] for one in about["inputs"]],
            output_names=["y"],
            dynamo=True,
            verbose=False,
        )
    finally:
        log.setLevel(level)
    assert made is not None
    ports = {port.name: port for port in (*made.model.graph.inputs, *made.model.graph.outputs)}
    for one in (*about["inputs"], *about["outputs"]):
        shape = ports[one["name"]].shape
        assert shape is not None
        for index, name in ((0, "batch"), *enumerate(axes, start=2)):
            if not isinstance(shape[index], int):
                shape[index] = name
        units = [f"{channel['name']} in {channel['unit']}" for channel in one["channels"]]
        made.model.metadata_props[f"units of {one['name']}"] = ", ".join(units)
    made.model.metadata_props["neurop"] = json.dumps(about)
    made.save(path, external_data=False)
    opset = str(made.model.opset_imports[""])
    return {"torch": torch.__version__, "opset": opset} | {name: version(name) for name in PACKAGES}
