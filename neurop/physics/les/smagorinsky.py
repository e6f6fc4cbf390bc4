"""The eddy viscosity of Smagorinsky (Mon. Weather Rev. 91 (1963) 99), for vorticity in 2-D."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.physics.les.strain import UNIT, magnitude, strain_symbol
from neurop.physics.operators import dealias_mask, invert, laplacian_symbol


class Smagorinsky:
    r"""Closure of the filtered vorticity equation by an eddy viscosity.

    .. math:: \tau_{ij} = -2\nu_t S_{ij}, \qquad \nu_t = (C_s\Delta)^2\,|S|, \qquad
              |S| = (2 S_{ij} S_{ij})^{1/2}, \\
              \partial_t\omega + \dots = (\partial_x^2 - \partial_y^2)(2\nu_t S_{12})
              - 4\,\partial_x\partial_y(\nu_t S_{11})

    It takes energy from the flow at the rate :math:`(C_s\Delta)^2\langle|S|^3\rangle` and gives
    none, while the exact stress of two-dimensional turbulence also gives energy to large scales.
    The term is not :math:`\nabla\cdot(\nu_t\nabla\omega)`, which differs from it by gradients of
    :math:`\nu_t`.

    Strain and term have the modes :math:`|k_i| < N_i/3`, those that the solver advects. The
    product :math:`|S| S` on the grid has aliases all the same, as :math:`|S|` has no finite band;
    they leave the rate of energy as above, with the mean over the points of the grid.

    Parameters
    ----------
    constant
        :math:`C_s \ge 0`, or a tensor that broadcasts against ``(..., x, y)``, for example one to
        learn.
    width
        Filter width :math:`\Delta > 0`, of :func:`neurop.physics.les.subfilter.filter_width` or
        another.
    lengths
        Sides of the periodic box.

    Raises
    ------
    InputError
        For a constant or a width out of its bounds.

    Examples
    --------
    >>> y = torch.arange(96, dtype=torch.float64) / 96 * 2 * torch.pi
    >>> model = Smagorinsky(0.1, 1.0, (2 * torch.pi, 2 * torch.pi))
    >>> term = model(-y.cos().expand(96, 96))  # u = sin y: the first mode is 8/(3 pi) Cs^2 cos y
    >>> round(float(2 * (term * y.cos()).mean()), 4)
    0.0085
    """

    def __init__(
        self, constant: float | Tensor, width: float, lengths: Sequence[float] = UNIT
    ) -> None:
        if not isinstance(constant, Tensor) and not 0 <= constant < float("inf"):
            raise InputError.of("constant", constant, "use a finite number of 0 or more")
        if not 0 < width < float("inf"):
            raise InputError.of("width", width, "use a finite number above 0")
        self.constant, self.width, self.lengths = constant, width, tuple(lengths)

    def viscosity(self, strain: Tensor) -> Tensor:
        r"""Return :math:`\nu_t` ``(..., x, y)`` of a strain ``(..., 2, x, y)``."""
        return (self.constant * self.width) ** 2 * magnitude(strain)

    def stress(self, strain: Tensor) -> Tensor:
        r"""Return :math:`\tau = -2\nu_t S` of a strain, both ``(..., 2, x, y)``."""
        return -2 * self.viscosity(strain).unsqueeze(-3) * strain

    def on(
        self,
        shape: tuple[int, int],
        dtype: torch.dtype = torch.float64,
        device: torch.device | None = None,
    ) -> Callable[[Tensor], Tensor]:
        r"""Return the term as a function of half spectra (``norm="forward"``) of a grid.

        This is the `closure` of :func:`neurop.physics.solvers.vorticity.solve_vorticity`. As the
        solver treats it explicitly and the linearised term has up to twice :math:`\nu_t`, add
        :math:`\max\nu_t|k|^2` to the :func:`~neurop.physics.solvers.vorticity.stable_rate`; with
        the width of :func:`~neurop.physics.les.subfilter.filter_width` on a square grid it is at
        most :math:`2(\pi C_s)^2\max|S|`.
        """
        symbol = strain_symbol(shape, self.lengths, dtype, device) * dealias_mask(shape, device)
        inverse = -invert(laplacian_symbol(shape, self.lengths, dtype, device))
        # Complex although real: torch multiplies tensors of one type faster.
        to_strain, to_term = ((c * symbol).to(dtype.to_complex()) for c in (inverse, 2.0))

        def term(vorticity: Tensor) -> Tensor:
            strain = torch.fft.irfft2(to_strain * vorticity.unsqueeze(-3), s=shape, norm="forward")
            return (to_term * torch.fft.rfft2(self.stress(strain), norm="forward")).sum(-3)

        return term

    def __call__(self, vorticity: Tensor) -> Tensor:
        """Return the term of a vorticity, both ``(..., x, y)``, differentiable."""
        shape = (vorticity.shape[-2], vorticity.shape[-1])
        term = self.on(shape, vorticity.dtype, vorticity.device)
        hat = torch.fft.rfft2(vorticity, norm="forward")
        return torch.fft.irfft2(term(hat), s=shape, norm="forward")
