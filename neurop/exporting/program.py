"""The graph of a surrogate: plain PyTorch operations from physical fields to physical fields."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from neurop.exporting.examples import examples
from neurop.surrogate import Surrogate


class Physical(nn.Module):
    """A surrogate as a function of its inputs alone, on the grid of the input.

    Parameters
    ----------
    surrogate
        Surrogate; its normalisers, increments, mask and constraints are part of the graph.
    least
        Least points per axis of a graph with an open grid. On a coarser grid, which would alias the
        modes, the result is NaN: not every runtime checks the sizes of its inputs.

    Shape
    -----
    ``x`` (batch, history * channels, *grid), and ``given`` (batch, given channels, *grid) if the
    surrogate takes conditions, to (batch, out channels, *grid).
    """

    def __init__(self, surrogate: Surrogate, least: Sequence[int] | None = None) -> None:
        super().__init__()
        self.surrogate, self.least = surrogate, tuple(least or ())

    def forward(self, x: Tensor, given: Tensor | None = None) -> Tensor:
        """Return the next state, or the mapped fields, in physical units."""
        y: Tensor = self.surrogate(x, given=given)
        for axis, least in enumerate(self.least, start=2):
            last = torch.arange(y.shape[axis], dtype=y.dtype, device=y.device)[-1]
            y = y + torch.where(last < least - 1, torch.nan, 0.0).to(y)
        return y


def trace(
    surrogate: Surrogate, shape: Sequence[int], least: Sequence[int] | None
) -> ExportedProgram:
    """Return the graph of a surrogate for any batch.

    Parameters
    ----------
    surrogate
        Surrogate on the CPU, in evaluation mode.
    shape
        Points per axis of the example that the graph is traced with, and of the graph if its grid
        is fixed.
    least
        Least points per axis of a graph with an open grid; None for the grid `shape` alone.
    """
    names = axis_names(surrogate)
    sizes = {0: Dim("batch", min=1)}
    if least is not None:
        # One symbol per axis for all inputs: a forcing has the grid of the fields.
        sizes |= {2 + i: Dim(name, min=n) for i, (name, n) in enumerate(zip(names, least))}
    inputs = examples(surrogate, 2, shape)
    with torch.no_grad():
        return torch.export.export(
            Physical(surrogate, least),
            inputs,
            dynamic_shapes=tuple(sizes for _ in inputs),
            strict=False,
        )


def axis_names(surrogate: Surrogate) -> list[str]:
    """Return the names of the open sizes: those of the axes where they are plain words."""
    names = surrogate.card.grid.names
    plain = [name.isidentifier() and name.isascii() and name != "batch" for name in names]
    return [name if ok else f"axis_{i}" for i, (name, ok) in enumerate(zip(names, plain))]
