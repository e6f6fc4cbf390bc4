"""Adds compiled CUDA kernels to a wheel if nvcc is installed, and makes sdists reproducible.

``NEUROP_CUDA`` names the architectures (``sm_90,sm_120``), or is ``off``. Without nvcc the wheel
has only the source, and the kernels are compiled at first use. With ``SOURCE_DATE_EPOCH`` two
builds of the same files are equal byte for byte. The rest is in pyproject.toml.
"""

import gzip
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

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


class Archive(sdist):
    """Write the archive without what differs from one machine to the next.

    setuptools applies ``SOURCE_DATE_EPOCH`` to wheels only.
    """

    def make_archive(
        self,
        base_name: str,
        format: str,
        root_dir: str | None = None,
        base_dir: str | None = None,
        owner: str | None = None,
        group: str | None = None,
    ) -> str:
        """Write files in order, with one time, no owner, and permissions without the umask."""
        epoch = os.environ.get("SOURCE_DATE_EPOCH")
        if epoch is None or format != "gztar":
            return super().make_archive(base_name, format, root_dir, base_dir, owner, group)

        def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
            member.mtime, member.uid, member.gid, member.uname, member.gname = (
                int(epoch),
                0,
                0,
                "",
                "",
            )
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            return member

        folder, name = Path(root_dir or "."), base_dir or "."
        path = f"{base_name}.tar.gz"
        with (
            open(path, "wb") as file,
            gzip.GzipFile("", "wb", fileobj=file, mtime=int(epoch)) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for member in sorted((folder / name).rglob("*")):
                archive.add(member, member.relative_to(folder), recursive=False, filter=plain)
        return path


if "SOURCE_DATE_EPOCH" in os.environ:
    os.umask(0o022)  # a wheel has the permissions that the build gives the files
setup(cmdclass={"build_py": Build, "sdist": Archive})
