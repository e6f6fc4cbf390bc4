"""Adds the compiled CUDA kernels to a wheel that is built beside nvcc; all else is in
pyproject.toml.

``NEUROP_CUDA`` names the architectures (``sm_90,sm_120``), or is ``off``. Without nvcc the wheel
holds the source alone, and the kernels are compiled where they are first used.
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
        """Compile for each architecture that nvcc knows; none is an error."""
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
                print(
                    f"warning: no CUDA kernels for {name}; they will be compiled where they are "
                    "first used"
                )


setup(cmdclass={"build_py": Build})
