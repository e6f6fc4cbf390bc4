from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from neurop.spectral.kernels.launches import Launch

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def emulate(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """Return a function that runs a launch of a CUDA kernel on the CPU, on tensors of the CPU."""
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("no C++ compiler, so the CUDA kernels cannot be emulated")
    made = tmp_path_factory.mktemp("emulator") / "kernels.so"
    source = ROOT / "tests" / "emulator" / "kernels.cpp"
    include = ROOT / "neurop" / "spectral" / "csrc" / "cuda"
    subprocess.run(
        [
            compiler,
            "-std=c++17",
            "-O2",
            "-fPIC",
            "-shared",
            f"-I{include}",
            str(source),
            "-o",
            str(made),
        ],
        check=True,
    )
    library = ctypes.CDLL(str(made))

    def run(launch: Launch, seed: int = 1) -> None:
        words = (ctypes.c_int64 * len(launch.words))(*launch.words)
        status = library.emulate(
            launch.kernel.encode(), *launch.grid, ctypes.c_size_t(launch.shared), words, seed
        )
        assert status == 0, {
            1: f"no kernel {launch.kernel}",
            2: f"{launch.kernel} wrote beyond its shared memory",
        }[status]

    return run
