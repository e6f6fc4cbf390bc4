"""Tensorized Fourier neural operator (Kossaifi et al., TMLR 2024, arXiv:2310.00120)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import nn

from neurop.geometry.grid import Grid
from neurop.layers import FourierBlock, SpectralConv
from neurop.layers.factorized.factorize import LayerSlice
from neurop.layers.factorized.factorize import factorization as named
from neurop.models.arguments import grid_and_modes
from neurop.models.fno import FNO


class TFNO(FNO):
    r"""Fourier neural operator with factorised spectral weights.

    The blocks are those of :class:`FNO` with

    .. math:: R = G \times_1 U_1 \times_2 \dots \times_d U_d \times_i U_{in} \times_o U_{out}

    (Tucker) in place of the dense :math:`R_{kio}`, or one of the other factorisations of
    :mod:`neurop.layers.factorized.factorize`. The dense tensor is only computed where that is
    faster. At initialisation its entries have the variance of FNO's.

    Parameters
    ----------
    in_channels, out_channels, domain, modes, width, depth
        Arguments of :class:`FNO`.
    factorization
        Name of the factorisation: ``tucker``; ``cp``, canonical polyadic, for a `rank` below about
        1/50; or ``tt``, tensor train.
    rank
        Number of spectral parameters as a fraction of that of the dense tensors. Each rank of the
        factorisation is at least 1.
    joint
        Whether all blocks share one tensor, with the block as an additional index.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        As :class:`FNO`; and if there is no such factorisation, or `rank` is not above 0 and at most
        1.

    Examples
    --------
    >>> import torch
    >>> model = TFNO(1, 1, modes=(4, 4), width=8, depth=2, rank=0.02)
    >>> model(torch.zeros(2, 1, 16, 20)).shape
    torch.Size([2, 1, 16, 20])
    """

    citation = (
        "Kossaifi et al., Multi-Grid Tensorized Fourier Neural Operator for High-Resolution PDEs, "
        "TMLR 2024, arXiv:2310.00120"
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        modes: int | Sequence[int] = 16,
        width: int = 32,
        depth: int = 4,
        factorization: Literal["tucker", "cp", "tt"] = "tucker",
        rank: float = 0.1,
        joint: bool = False,
    ) -> None:
        domain, each = grid_and_modes(domain, modes)
        kind = named(factorization)
        # FNO's blocks have one mode, since they are replaced below.
        super().__init__(in_channels, out_channels, domain, 1, width, depth)
        self.modes = each
        if joint:
            self.weight = kind(self.modes, width, width, rank, depth)
            weights: list[nn.Module] = [LayerSlice(self.weight, layer) for layer in range(depth)]
        else:
            weights = [kind(self.modes, width, width, rank) for _ in range(depth)]
        self.blocks = nn.ModuleList(
            FourierBlock(width, SpectralConv(width, width, self.modes, domain, weight=weight), 1.0)
            for weight in weights
        )
