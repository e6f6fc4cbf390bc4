"""AOTInductor packages: in a fresh process with torch alone, and in a program in C++."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from exporting.cases import CASES, SMALL, Small, made, with_everything
from small import evolution

from neurop import export
from neurop.exporting.examples import examples
from neurop.registry import Spec

MAIN = Path(__file__).parents[2] / "docs" / "cpp" / "predict.cpp"
COMPILER = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(COMPILER is None, reason="no C++ compiler")]


def test_a_program_in_cpp_computes_the_same(tmp_path: Path) -> None:
    surrogate = made(evolution((16,)), Spec("fno", SMALL | {"depth": 1}))
    record = export(surrogate, tmp_path, "aoti")
    assert record["files"][0]["dynamic"] == {"batch": True, "grid": True}
    torch_folder, program = Path(torch.__file__).parent, tmp_path / "predict"
    include = torch_folder / "include"
    subprocess.run(
        [
            *str(COMPILER).split(),
            *("-std=c++20", "-O1", str(MAIN), "-o", str(program)),
            *(f"-I{include}", f"-I{include / 'torch' / 'csrc' / 'api' / 'include'}"),
            *(f"-L{torch_folder / 'lib'}", f"-Wl,-rpath,{torch_folder / 'lib'}"),
            *("-ltorch", "-ltorch_cpu", "-lc10"),
        ],
        check=True,
    )
    (x,) = examples(surrogate, 3, (21,))
    x.numpy().tofile(tmp_path / "x.f32")
    words = [program, tmp_path / "model.aoti.pt2", tmp_path / "x.f32", tmp_path / "y.f32", 3, 2, 21]
    done = subprocess.run([*map(str, words)], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout.splitlines()[0])["outputs"] == record["files"][0]["outputs"]
    y = torch.from_numpy(np.fromfile(tmp_path / "y.f32", np.float32)).view(3, 2, 21)
    torch.testing.assert_close(y, surrogate(x).detach(), rtol=1e-5, atol=1e-4)
    package = torch._inductor.aoti_load_package(str(tmp_path / "model.aoti.pt2"))
    assert package(x[..., :4]).isnan().all()  # 4 points alias the modes
    (tmp_path / "x.f32").write_bytes(b"short")
    assert subprocess.run([*map(str, words)], check=False, capture_output=True).returncode == 1


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_model(case: Small, tmp_path: Path) -> None:
    assert export(case.surrogate(), tmp_path, "aoti")["largest_difference"] < 1e-4


def test_all_that_a_card_holds(tmp_path: Path) -> None:
    assert export(with_everything(), tmp_path, "aoti")["largest_difference"] < 2e-4
