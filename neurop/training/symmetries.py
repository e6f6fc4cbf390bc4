"""Symmetries of a problem, applied to training batches at random: more data for nothing where
they hold.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from neurop.errors import InputError, nearest
from neurop.geometry.grid import Axis, Grid

KNOWN = ("mirror", "shift", "swap")


class Symmetries:
    """Random members of a symmetry group of scalar fields, one per sample, the same for input and
    target.

    Parameters
    ----------
    names
        ``mirror``: reversal of each axis; ``swap``: exchange of two equal axes; ``shift``:
        translation along periodic axes. Only the user knows which of them the equation, its forcing
        and its boundary share; components of vectors and vorticity change sign under some of them
        and must not be given here.
    grid
        The grid.
    is_map
        Whether the input is a coefficient, which need not vanish on a Dirichlet boundary, rather
        than a state.

    Raises
    ------
    InputError
        For an unknown name, or one that the grid does not have.

    Examples
    --------
    >>> batch = {"input": torch.arange(4.0).view(1, 1, 1, 4), "target": torch.zeros(1, 1, 1, 4)}
    >>> Symmetries(["shift"], Grid.periodic(1), False)(batch, np.random.default_rng(0))["input"].flatten().tolist()
    [1.0, 2.0, 3.0, 0.0]
    """

    def __init__(self, names: Sequence[str], grid: Grid, is_map: bool) -> None:
        for name in names:
            if name not in KNOWN:
                raise InputError(f"training.symmetries: no '{name}'; {nearest(name, KNOWN)}")
        if grid.geometry == "sphere" and set(names) & {"mirror", "swap"}:
            raise InputError(f"training.symmetries={list(names)}: on a sphere only shift is meant")
        self.axes, self.names, self.is_map = grid.axes, tuple(names), is_map
        kinds = [(a.boundary, a.layout, abs(a.length)) for a in grid.axes]
        self.pairs = [(i, j) for i in range(len(kinds)) for j in range(i) if kinds[i] == kinds[j]]
        self.periodic = [i for i, a in enumerate(grid.axes) if a.boundary == "periodic"]
        for name, there in (("swap", self.pairs), ("shift", self.periodic)):
            if name in names and not there:
                raise InputError(
                    f"training.symmetries={list(names)}: no axes of {', '.join(grid.names)} allow "
                    f"'{name}'; leave it out"
                )

    def __call__(self, batch: dict[str, Tensor], rng: np.random.Generator) -> dict[str, Tensor]:
        """Return the batch ``(batch, frame, channel, *grid)`` with each sample transformed."""
        size = len(batch["input"])
        for i, axis in enumerate(self.axes):
            if "mirror" in self.names:
                chosen = self._coin(rng, size, batch)
                batch = {
                    k: torch.where(
                        chosen, _mirror(x, i - len(self.axes), axis, self._vanishes(k, axis)), x
                    )
                    for k, x in batch.items()
                }
        for i, j in self.pairs if "swap" in self.names else ():
            chosen = self._coin(rng, size, batch)
            if batch["input"].shape[3 + i] == batch["input"].shape[3 + j]:
                batch = {
                    k: torch.where(chosen, x.transpose(3 + i, 3 + j), x) for k, x in batch.items()
                }
        for i in self.periodic if "shift" in self.names else ():
            by = rng.integers(0, batch["input"].shape[3 + i])
            batch = {k: x.roll(int(by), 3 + i) for k, x in batch.items()}
        return batch

    def _vanishes(self, kind: str, axis: Axis) -> bool:
        return axis.boundary == "dirichlet" and not (self.is_map and kind == "input")

    def _coin(self, rng: np.random.Generator, size: int, batch: dict[str, Tensor]) -> Tensor:
        like = batch["input"]
        return (
            torch.from_numpy(rng.random(size) < 0.5)
            .to(like.device)
            .view(-1, *[1] * (like.dim() - 1))
        )


def _mirror(x: Tensor, dim: int, axis: Axis, vanishes: bool) -> Tensor:
    """Return the field of 1 - position along an axis."""
    if axis.layout != "left":
        return x.flip(dim)
    turned = x.flip(dim).roll(1, dim)  # point j/n goes to (n - j)/n
    if axis.boundary == "periodic":
        return turned
    # The far end becomes point 0 and is not in the data: zero by the boundary condition, else as at
    # its neighbour.
    edge, rest = turned.narrow(dim, 1, 1), turned.narrow(dim, 1, x.shape[dim] - 1)
    return torch.cat([torch.zeros_like(edge) if vanishes else edge, rest], dim)
