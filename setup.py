"""Adds compiled CUDA kernels to a wheel if nvcc is installed; the rest is in pyproject.toml.

``NEUROP_CUDA`` names the architectures (``sm_90,sm_120``), or is ``off``. Without nvcc the wheel
has only the source, and the kernels are compiled at first use.
"""

import os
import shutil
import subprocess
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FOLDER = Path("neurop", "spectral", "csrc", "cuda")
ARCHITECTURES = "sm_80,sm_86,sm_89,sm_90,sm_100,sm_120"


class Build(build_py):
    """Copy the packages, then compile."""

    def run(self) -> None:
        """Compile for each architecture; a failure is a warning."""
        super().run()
        wanted, nvcc = os.environ.get("NEUROP_CUDA", ARCHITECTURES), shutil.which("nvcc")
        if wanted == "off" or nvcc is None or self.editable_mode:
            return
        out = Path(self.build_lib) / FOLDER / "prebuilt"
        out.mkdir(parents=True, exist_ok=True)
        for name in wanted.split(","):
            command = [
                nvcc,
                "-std=c++17",
                "-O3",
                f"-arch={name}",
                "-cubin",
                str(FOLDER / "kernels.cu"),
                "-o",
                str(out / f"{name}.cubin"),
            ]
            if subprocess.run(command, check=False).returncode:
                print(f"warning: no CUDA kernels for {name}; they will be compiled at first use")


setup(cmdclass={"build_py": Build})
