"""Implicit Fourier neural operator (You et al., 2022, arXiv:2203.08205)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import gelu

from neurop.geometry.grid import Grid
from neurop.layers import ChannelMLP, Coordinates, SpectralConv
from neurop.models.arguments import at_least_one, check_input, grid_and_modes
from neurop.models.operator import GridOperator
from neurop.spectral import linear


class IFNO(GridOperator):
    r"""Implicit Fourier neural operator: one Fourier layer, applied L times with steps of 1/L.

    .. math:: v_0 = P\,[a, x], \qquad
       v_{l+1} = v_l + \tfrac{1}{L}\,\mathrm{GELU}(K v_l + W v_l + b), \qquad u = Q\,v_L

    with a the input, x its coordinates, P and Q pointwise maps of the channels, and K a convolution
    with few Fourier modes (:class:`neurop.layers.SpectralConv`). K, W and b are shared by all L
    layers, and the last has no activation, as in the released code. It is Euler's method for
    :math:`\mathrm{d}v/\mathrm{d}t = \mathrm{GELU}(K v + W v + b)` with steps of 1/L: the number of
    parameters does not depend on the depth, outputs at L and 2L differ by O(1/L), and the weights
    of a shallow model start the training of a deeper one. In spite of the name no fixed point is
    solved for. A training keeps the activations of all L applications, and weight decay acts on all
    of them.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Grid of the fields; a periodic box of ``len(modes)`` dimensions by default.
    modes
        Number m of frequencies \|k\| < m: one for all axes or one per axis.
    width
        Channels of the layer.
    depth
        Number L of applications of the layer.
    padding
        Zero padding of axes that are not periodic, as a fraction of the domain.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If `width`, `depth` or a number of modes is below 1, or `modes` does not fit the domain; in
        a call, if the input does not fit the model.

    Examples
    --------
    >>> import torch
    >>> shallow, deep = (IFNO(1, 1, modes=(4, 4), width=8, depth=depth) for depth in (4, 8))
    >>> deep.load_state_dict(shallow.state_dict())
    <All keys matched successfully>
    >>> deep(torch.zeros(2, 1, 16, 20)).shape
    torch.Size([2, 1, 16, 20])
    """

    citation = (
        "You et al., Learning Deep Implicit Fourier Neural Operators (IFNOs) with Applications to "
        "Heterogeneous Material Modeling, Computer Methods in Applied Mechanics and Engineering "
        "398 (2022) 115296, arXiv:2203.08205"
    )
    modes: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        modes: int | Sequence[int] = 16,
        width: int = 32,
        depth: int = 8,
        padding: float = 0.25,
    ) -> None:
        super().__init__()
        at_least_one(width=width, depth=depth)
        domain, self.modes = grid_and_modes(domain, modes)
        self.depth = depth
        self.coordinates = Coordinates(domain)
        self.lift = nn.Linear(in_channels + self.coordinates.channels, width)
        self.spectral = SpectralConv(width, width, self.modes, domain, padding)
        self.skip = nn.Linear(width, width)
        self.project = ChannelMLP(width, 2 * width, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        check_input(x, self.lift.in_features - self.coordinates.channels, len(self.modes))
        v = linear(
            self.coordinates(x.movedim(1, -1)), self.lift.weight, self.lift.bias
        )  # (batch, *grid, width)
        for _ in range(self.depth - 1):
            v = v + gelu(self.layer(v)) / self.depth
        return self.project(v + self.layer(v) / self.depth).movedim(-1, 1)

    def layer(self, v: Tensor) -> Tensor:
        """Return the shared layer before its activation, ``(batch, *grid, width)``."""
        return self.spectral.channels_last(v) + linear(v, self.skip.weight, self.skip.bias)

    def resolved(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of the model's modes that a grid of `shape` points resolves."""
        return self.spectral.retained_modes(shape)

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes below the Nyquist frequency of a grid, per axis."""
        return self.spectral.nyquist(shape)
