"""A package of a user's with a model of its own, installed by an entry point or only importable."""

from __future__ import annotations

from pathlib import Path

MODEL = """
from torch import Tensor, nn

from neurop.models import REGISTRY, GridOperator


{decorator}
class Mine(GridOperator):
    citation = "Me, 2026"

    def __init__(self, in_channels, out_channels, domain, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = gain
        self.mix = nn.Linear(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * self.mix(x.movedim(1, -1)).movedim(-1, 1)
"""


def importable(folder: Path, package: str = "mypkg", inside: str = "") -> Path:
    """Write a package whose module ``net`` registers ``mine``; return where it lies."""
    (folder / package).mkdir(parents=True)
    (folder / package / "__init__.py").write_text(inside)
    decorated = MODEL.format(decorator='@REGISTRY.register("mine")')
    (folder / package / "net.py").write_text(decorated)
    return folder


def installed(folder: Path, name: str = "mine", package: str = "mypkg") -> Path:
    """Write a package whose metadata declare the model; return where it lies."""
    (folder / package).mkdir(parents=True)
    (folder / package / "__init__.py").write_text("")
    (folder / package / "net.py").write_text(MODEL.format(decorator=""))
    about = folder / f"{package}_dist-1.0.dist-info"
    about.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {package}-dist\nVersion: 1.0\n"
    (about / "METADATA").write_text(metadata)
    (about / "entry_points.txt").write_text(f"[neurop.models]\n{name} = {package}.net:Mine\n")
    return folder
