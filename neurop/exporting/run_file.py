"""Run an exported file on inputs from a folder: a script of its own, which imports no neurop.

``python -P run_file.py FORMAT FILE FOLDER`` reads ``0.x.npy``, ``0.given.npy``, ``1.x.npy`` and so
on, and writes ``0.y.npy``, ``1.y.npy``.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Run = Callable[..., Any]


def load(kind: str, path: str) -> Run:
    """Return the function in a file, from arrays to an array."""
    if kind == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        names = [one.name for one in session.get_inputs()]
        return lambda *arrays: session.run(None, dict(zip(names, arrays, strict=True)))[0]
    import torch

    call: Run
    if kind == "pt2":
        call = torch.export.load(path).module()
    else:
        call = torch._inductor.aoti_load_package(path)

    def run(*arrays: Any) -> Any:
        with torch.no_grad():
            return call(*map(torch.from_numpy, arrays)).numpy()

    return run


def main(kind: str, path: str, folder: str) -> None:
    """Run the file on every input of the folder."""
    run, where = load(kind, path), Path(folder)
    for file in sorted(where.glob("*.x.npy")):
        index = file.name.split(".")[0]
        given = where / f"{index}.given.npy"
        arrays = [np.load(one) for one in (file, given) if one.is_file()]
        np.save(where / f"{index}.y.npy", run(*arrays))
    assert "neurop" not in sys.modules


if __name__ == "__main__":
    main(*sys.argv[1:])
