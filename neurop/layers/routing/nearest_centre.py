"""Which of some centres a field is nearest to, in L2, on any grid."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.layers.routing.kmeans import kmeans
from neurop.spectral import in_float32, resample

FAR = 1e15
"""Values of the centre of an empty cell; normalised fields are of the order of 1."""


class NearestCentre(nn.Module):
    r"""Partition of functions into cells: those that are nearest to one of some centres in L2.

    .. math:: e(a) = \operatorname{argmin}_e \|P a - c_e\|_{L^2}

    with P the projection on the frequencies :math:`|k| < m` of each axis. The distance is computed
    from the values on 2m - 1 points per axis, which is exact for waves, so that a function has the
    same cell on every grid that resolves these modes; a coarser one adds no modes. Equal distances
    go to the first centre. Until it is fitted all centres are 0, and all functions in the first
    cell.

    Parameters
    ----------
    channels
        Number of channels of a field.
    cells
        Number of centres.
    modes
        Number m of frequencies per axis that are compared.
    domain
        Grid of the fields.

    Shape
    -----
    Input ``(batch, channels, *grid)``, output ``(batch,)``. Buffers ``centres``: ``(cells,
    channels, *points)``; ``counts``: ``(cells,)``, the fields of each cell that it was fitted to.

    Raises
    ------
    InputError
        If a number is below 1.

    Examples
    --------
    >>> router = NearestCentre(1, cells=2, modes=4, domain=Grid.periodic(1))
    >>> waves = torch.cos(2 * torch.pi * torch.arange(16) / 16) * torch.tensor([[1.0], [-1.0]])
    >>> router.fit([waves[:, None]])
    >>> cells = router(waves[:, None])
    >>> int(cells[0]) != int(cells[1]), torch.equal(router(waves[:, None, ::2]), cells)
    (True, True)
    """

    centres: Tensor
    counts: Tensor

    def __init__(self, channels: int, cells: int, modes: int, domain: Grid) -> None:
        super().__init__()
        for name, number in (("cells", cells), ("modes", modes)):
            if number < 1:
                raise InputError.of(name, number, "use 1 or more")
        self.domain, self.points = domain, (2 * modes - 1,) * domain.dimensions
        self.register_buffer("centres", torch.zeros(cells, channels, *self.points))
        self.register_buffer("counts", torch.zeros(cells))

    def forward(self, x: Tensor) -> Tensor:
        """Return the cell of each field."""
        return self.distances(x).argmin(1)

    def distances(self, x: Tensor) -> Tensor:
        """Return the distance of each field from each centre, ``(batch, cells)``."""
        return self._distances(self.projected(x))

    def projected(self, x: Tensor) -> Tensor:
        """Return the values of a field's lowest modes, ``(batch, channels, *points)``."""
        made: Tensor = in_float32(lambda x: resample(x, self.domain, self.points), x)
        return made

    @torch.no_grad()
    def fit(self, inputs: Iterable[Tensor]) -> None:
        """Set the centres by k-means.

        Parameters
        ----------
        inputs
            Batches of fields.

        Raises
        ------
        InputError
            If there are fewer fields than cells.
        """
        fields = torch.cat([self.projected(x).double() for x in inputs])
        if len(fields) < len(self.centres):
            remedy = f"there are {len(fields)} inputs; use that many or fewer"
            raise InputError.of("experts", len(self.centres), remedy)
        scale = self.domain.measure(
            self.points, fields
        ).sqrt()  # so that squares add up to the norm
        found = kmeans((scale * fields).flatten(1).cpu().numpy(), len(self.centres))
        centres = torch.from_numpy(found).view(self.centres.shape).to(scale)
        self.centres.copy_(torch.where(scale > 0, centres / scale, 0.0))
        cells = self._distances(fields).argmin(1)
        self.counts.copy_(torch.bincount(cells, minlength=len(self.counts)))
        # No function goes to a cell without a training input, whose expert is not trained.
        self.centres[self.counts == 0] = FAR

    def _distances(self, fields: Tensor) -> Tensor:
        weights = self.domain.measure(self.points, fields)
        squares = weights * (fields[:, None] - self.centres.to(fields)).square()
        return squares.flatten(2).sum(2).div(weights.numel()).sqrt()
