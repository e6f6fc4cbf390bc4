"""The exact solution of the viscous Burgers equation."""

from __future__ import annotations

import torch
from torch import Tensor

from neurop.physics.operators import wavenumbers


def cole_hopf(start: Tensor, viscosity: float, time: float, points: int, images: int = 3) -> Tensor:
    r"""Return the solution of :math:`u_t + (u^2/2)_x = \nu u_{xx}` on the periodic unit interval.

    .. math:: u(x, t) = \frac{\int \frac{x-y}{t}\, e^{-G/2\nu}\,dy}{\int e^{-G/2\nu}\,dy}, \qquad
              G(y; x, t) = \int_0^y u_0\,ds + \frac{(x-y)^2}{2t},

    by the trapezoidal rule on the points of `start`, whose error falls faster than any power of
    their number once they resolve :math:`e^{-G/2\nu}`. All terms are positive and scaled by the
    largest, so small viscosities lose no digits.

    Parameters
    ----------
    start
        Initial field :math:`u_0` of zero mean, ``(sample, n)`` in float64.
    viscosity, time
        Viscosity :math:`\nu` and time t, above 0.
    points
        Points x = j/points of the result.
    images
        Periods on either side in the integral; it must exceed t times the largest speed.

    Returns
    -------
    Tensor
        ``(sample, points)``. It needs memory of points * n * (2 * images + 1) numbers.

    Examples
    --------
    >>> x = torch.arange(64, dtype=torch.float64) / 64
    >>> u = cole_hopf(1e-6 * torch.sin(2 * torch.pi * x)[None], 0.01, 1.0, points=4)
    >>> round(float(u[0, 1]) * 1e6, 3)  # exp(-4 pi^2 viscosity)
    0.674

    References
    ----------
    J. D. Cole, Quart. Appl. Math. 9 (1951) 225; E. Hopf, Comm. Pure Appl. Math. 3 (1950) 201.
    """
    n = start.shape[-1]
    (k,) = wavenumbers((n,), (1.0,), start.dtype, start.device)
    integral = torch.where(k == 0, 0.0, 1.0 / torch.where(k == 0, 1.0, k))
    potential = torch.fft.irfft(-1j * integral * torch.fft.rfft(start), n=n).repeat(
        1, 2 * images + 1
    )
    y = torch.arange(-images * n, (images + 1) * n, dtype=start.dtype, device=start.device) / n
    distance = torch.arange(points, dtype=start.dtype, device=start.device)[:, None] / points - y
    exponent = distance.square() / (2 * time)
    # The constant of the potential cancels.
    return torch.stack(
        [
            (torch.softmax(-(phi + exponent) / (2 * viscosity), -1) * distance).sum(-1) / time
            for phi in potential
        ]
    )
