"""Implicit U-Net enhanced Fourier neural operator (Li et al., 2023, arXiv:2305.10215)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from neurop.geometry.grid import Grid
from neurop.models.ifno import IFNO
from neurop.models.unet import UNet
from neurop.spectral import linear


class IUFNO(IFNO):
    r"""Implicit FNO with a U-Net for the small scales in its shared layer.

    .. math:: v_{l+1} = v_l + \tfrac{1}{L}\,\mathrm{GELU}\bigl(K v_l + W v_l + b + U(v_l - K
       v_l)\bigr)

    with P, Q, K, W and b as in :class:`neurop.models.IFNO` and U a U-Net
    (:class:`neurop.models.UNet`), all shared by the L layers. K has few modes; what it leaves of
    the field, :math:`v - K v`, is the input of the U-Net, as in the code that the authors released
    for channel flow (github.com/Turbulence-AI/IUFNO-CHL). The problems of the paper are
    three-dimensional turbulent flows; the released code has L = 40, and a U-Net that convolves the
    flattened grid in one dimension, where this one has the axes of the domain and their boundaries.

    The U-Net's kernels are a number of points: on another grid than that of the training it is
    another operator.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Grid of the fields, of one to three axes; a periodic box of ``len(modes)`` dimensions by
        default.
    modes
        Number m of frequencies \|k\| < m: one for all axes or one per axis.
    width
        Channels of the layer.
    depth
        Number L of applications of the layer.
    padding
        Zero padding of axes that are not periodic, as a fraction of the domain, for K.
    channels
        Channels of the U-Net on the finest grid; they double with each level.
    levels
        Number of times that the U-Net halves the grid.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If a number is below 1, `modes` does not fit the domain, or the domain has more than three
        axes; in a call, if the input does not fit the model.

    Examples
    --------
    >>> import torch
    >>> model = IUFNO(1, 1, modes=(4, 4), width=8, channels=4)
    >>> model(torch.zeros(2, 1, 16, 20)).shape
    torch.Size([2, 1, 16, 20])
    """

    citation = (
        "Li et al., Long-term predictions of turbulence by implicit U-Net enhanced Fourier neural "
        "operator, Physics of Fluids 35 (2023) 075145, arXiv:2305.10215"
    )
    resolution_invariant = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        modes: int | Sequence[int] = 16,
        width: int = 32,
        depth: int = 8,
        padding: float = 0.25,
        channels: int = 16,
        levels: int = 2,
    ) -> None:
        super().__init__(in_channels, out_channels, domain, modes, width, depth, padding)
        self.unet = UNet(width, width, self.coordinates.domain, channels, levels)

    def layer(self, v: Tensor) -> Tensor:
        """Return the shared layer before its activation, ``(batch, *grid, width)``."""
        large = self.spectral.channels_last(v)
        small = self.unet((v - large).movedim(-1, 1)).movedim(1, -1)
        return large + linear(v, self.skip.weight, self.skip.bias) + small
