"""Pseudo-spectral Fourier neural operator (Kovachki et al., JMLR 2021, arXiv:2107.07562)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.layers.conditioning.conditioning import Conditioning, Kind
from neurop.models.arguments import check_input
from neurop.models.fno import FNO
from neurop.models.operator import GridOperator
from neurop.spectral import Fourier, analyze, in_float32, one_per_axis, resample_axes, synthesize


class PsiFNO(GridOperator):
    r"""FNO on a fixed odd grid, with trigonometric interpolation to and from any other.

    .. math:: u = I_N\,Q\,I_N\,B_L\,I_N \cdots B_1\,I_N\,P\,[I_N a, x]

    with :math:`I_N` the trigonometric interpolation through 2N + 1 points per axis, and P, B and Q
    those of :class:`neurop.models.FNO`. Every intermediate field is the polynomial of degree N
    through its values on that grid, which the non-linearities are computed on: a network of
    finitely many numbers, whose aliasing is the same on every grid. The input is resampled to the
    odd grid, without the modes above N; the output has no energy above N, and its values on any
    grid are those of the interpolant. In the paper Q is not followed by :math:`I_N`. The number of
    points is odd because on an even grid the highest wave has two interpolants.

    Unlike an FNO it does not use scales of the input below the odd grid's, and its cost does not
    depend on the grid except for the interpolation.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Periodic grid of the fields; one of ``len(points)`` dimensions by default.
    points
        Odd number 2N + 1 of points of the fixed grid: one for all axes or one per axis.
    modes
        Number m of frequencies \|k\| < m of the convolutions, at most N + 1, one for all axes or
        one per axis; all N + 1 by default. An exported graph takes any grid with the default, one
        grid with fewer.
    width
        Channels of the blocks.
    depth
        Number of blocks.
    expansion
        Hidden channels of each block's MLP, as a multiple of `width`.
    conditioning
        How parameters enter: ``channels`` or ``film``, as for :class:`neurop.models.FNO`.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If an axis is not periodic, `points` is not odd, `modes` is above N + 1, or a number is
        below 1; in a call, if the input does not fit the model.

    Examples
    --------
    >>> import torch
    >>> model = PsiFNO(1, 1, points=(9, 11), width=8, depth=2)
    >>> fine, odd = (model(torch.ones(1, 1, *shape)) for shape in ((18, 33), (9, 11)))
    >>> torch.allclose(fine[..., ::2, ::3], odd, atol=1e-5)
    True
    """

    citation = (
        "Kovachki et al., On Universal Approximation and Error Bounds for Fourier Neural "
        "Operators, Journal of Machine Learning Research 22 (2021) 290, arXiv:2107.07562"
    )
    modes: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        points: int | Sequence[int] = 33,
        modes: int | Sequence[int] | None = None,
        width: int = 32,
        depth: int = 4,
        expansion: float = 1.0,
        conditioning: Kind | Conditioning = "film",
    ) -> None:
        super().__init__()
        self.domain = domain or Grid.periodic(1 if isinstance(points, int) else len(points))
        axes = self.domain.axes
        self.points = (points,) * len(axes) if isinstance(points, int) else tuple(points)
        if len(self.points) != len(axes):
            remedy = f"the grid has {len(axes)} axes; give one number per axis"
            raise InputError.of("points", self.points, remedy)
        if even := [n for n in self.points if n < 3 or n % 2 == 0]:
            raise InputError.of("points", even[0], "use an odd number 2N + 1 of 3 or more")
        if walls := [axis.name for axis in axes if axis.boundary != "periodic"]:
            remedy = "trigonometric interpolation needs periodic axes; use fno"
            raise InputError.of("domain", ", ".join(walls), remedy)
        most = tuple((n + 1) // 2 for n in self.points)
        modes = most if modes is None else modes
        self.modes = (modes,) * len(axes) if isinstance(modes, int) else tuple(modes)
        one_per_axis(axes, self.modes)
        if any(m > n for m, n in zip(self.modes, most)):
            remedy = f"{list(self.points)} points resolve {list(most)} modes; use these or fewer"
            raise InputError.of("modes", self.modes, remedy)
        if self.modes != most:
            self.one_grid = "an odd grid of more points than its modes need"
        self.bases = tuple(map(Fourier, most))
        self.net = FNO(
            in_channels,
            out_channels,
            self.domain,
            self.modes,
            width,
            depth,
            expansion,
            conditioning=conditioning,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        channels = self.net.lift.in_features - self.net.coordinates.channels
        check_input(x, channels, len(self.points))
        given = in_float32(lambda x: resample_axes(x, self.domain, self.points), x)
        return self.interpolate(self.net(given), x.shape[2:])

    def interpolate(self, y: Tensor, grid: Sequence[int] | Tensor) -> Tensor:
        """Return the trigonometric interpolant of values on the odd grid.

        Parameters
        ----------
        y
            Values ``(batch, channels, *points)``.
        grid
            Number of points per axis, or points ``(P, d)`` as fractions of the domain.

        Returns
        -------
        Tensor
            ``(batch, channels, *grid)``, or ``(batch, channels, P)``.
        """
        most = [basis.modes for basis in self.bases]

        def on_grid(y: Tensor) -> Tensor:
            c = analyze(y.movedim(1, -1), self.bases, most, self.domain.axes)
            return synthesize(c, self.bases, most, self.domain.axes, grid).movedim(-1, 1)

        made: Tensor = in_float32(on_grid, y)
        return made

    def truncated(self, y: Tensor) -> Tensor:
        """Return the possible output that is nearest to fields ``(batch, out_channels, *grid)``."""
        for dim, (axis, n) in enumerate(zip(self.domain.axes, self.points), start=2):
            if y.shape[dim] > n:  # a grid of fewer points has no fields without such an interpolant
                lines, line = y.movedim(dim, -1), Grid((axis,))
                y = resample_axes(lines, line, lines.shape[-1:], (n,)).movedim(-1, dim)
        return y

    def resolved(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of the model's modes that a grid of `shape` points resolves."""
        return self.net.resolved(shape)

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes below the Nyquist frequency of a grid, per axis."""
        return self.net.nyquist(shape)
