r"""Quadratic scalar equations on a periodic interval, given by the difficulties of APEBench.

.. math:: \partial_t u = \sum_j a_j\,\partial_x^j u + b_0 u^2 + \tfrac{b_1}{2}\,\partial_x u^2
   + \tfrac{b_2}{2}\bigl((\partial_x u)^2 - \langle(\partial_x u)^2\rangle\bigr)

The mean of the last term is left out, so that without :math:`a_0` and :math:`b_0` the mean of u
does not change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.physics.operators import wavenumbers
from neurop.physics.solvers.steppers import ETDRK2


@dataclass(frozen=True)
class Difficulties:
    r"""Coefficients of an equation in units of a grid of N points and of one time step.

    On the unit interval, for the time step 1 and fields of at most 1:

    .. math:: a_0 = \gamma_0, \quad a_j = \frac{\gamma_j}{2^{j-1} N^j}, \quad
       b_0 = \delta_0, \quad b_1 = \frac{\delta_1}{N}, \quad b_2 = \frac{\delta_2}{N^2}.

    They compare to the limits of the stability of explicit differences: :math:`\gamma_1` is the
    Courant number.

    Parameters
    ----------
    linear
        :math:`\gamma_0, \gamma_1, \dots`, one per derivative.
    nonlinear
        :math:`\delta_0, \delta_1, \delta_2`, of :math:`u^2, (u^2)_x/2, (u_x)^2/2`.

    Raises
    ------
    InputError
        If a number is not finite, or `nonlinear` does not have three.

    Examples
    --------
    >>> Difficulties((0.0, -4.0, 4.0)).linear_coefficients(10)
    (0.0, -0.4, 0.02)
    >>> Difficulties((), (0.1, -1.0, 6.0)).nonlinear_coefficients(10)
    (0.1, -0.1, 0.06)

    References
    ----------
    Koehler et al., APEBench, NeurIPS 2024, arXiv:2411.00180.
    """

    linear: tuple[float, ...]
    nonlinear: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if len(self.nonlinear) != 3:
            remedy = "give three numbers, of u^2, (u^2)_x/2 and (u_x)^2/2"
            raise InputError.of("nonlinear", self.nonlinear, remedy)
        for name in ("linear", "nonlinear"):
            if not all(math.isfinite(number) for number in getattr(self, name)):
                raise InputError.of(name, getattr(self, name), "use finite numbers")

    def linear_coefficients(self, points: int) -> tuple[float, ...]:
        """Return :math:`a_0, a_1, ...` on the unit interval for the time step 1."""
        return tuple(
            gamma / (2 ** (j - 1) * points**j) if j else gamma
            for j, gamma in enumerate(self.linear)
        )

    def nonlinear_coefficients(self, points: int) -> tuple[float, float, float]:
        """Return :math:`b_0, b_1, b_2` on the unit interval for the time step 1."""
        square, convection, gradient = self.nonlinear
        return square, convection / points, gradient / points**2


def derivative_symbol(points: int, coefficients: Sequence[float], length: float = 1.0) -> Tensor:
    r"""Return :math:`\sum_j a_j (ik)^j` over the half spectrum of `points`.

    The odd derivatives of the Nyquist mode are 0.

    Examples
    --------
    >>> derivative_symbol(4, (1.0, 0.5, 2.0), length=6.283185307179586).tolist()
    [(1+0j), (-1+0.5j), (-7+0j)]
    """
    k = (2.0 * torch.pi / length) * torch.arange(points // 2 + 1, dtype=torch.float64)
    (odd,) = wavenumbers((points,), (length,))
    total = torch.zeros(len(k), dtype=torch.complex128)
    for j, factor in enumerate(coefficients):
        total = total + factor * 1j**j * (odd if j % 2 else k) ** j
    return total


def quadratic_terms(
    points: int,
    coefficients: Sequence[float],
    length: float = 1.0,
    keep_products: bool = False,
) -> Callable[[Tensor], Tensor]:
    r"""Return the function from a half spectrum of `points` to that of the nonlinear terms.

    Fields are multiplied by their modes :math:`|k| \le \tfrac23\lfloor N/2\rfloor - 1`, the 2/3
    rule of exponax, which leaves out at most one mode more than
    :func:`neurop.physics.operators.dealias_mask`.

    Parameters
    ----------
    points
        Points N of the grid.
    coefficients
        :math:`b_0, b_1, b_2`.
    length
        Length of the interval.
    keep_products
        Whether the higher modes of the products, which have aliases, are kept. The lower ones do
        not depend on them.

    Examples
    --------
    >>> x = torch.arange(16, dtype=torch.float64) / 16
    >>> u = torch.fft.rfft(torch.cos(2 * torch.pi * x), norm="forward")
    >>> square = quadratic_terms(16, (1.0, 0.0, 0.0))(u)
    >>> [abs(round(float(c), 3)) for c in square.real[:3]]
    [0.5, 0.0, 0.25]
    """
    square, convection, gradient = coefficients
    (k,) = wavenumbers((points,), (length,))
    # 3 |k| <= 2 (N // 2) - 3 in integers, so that rounding decides nothing.
    kept = 3 * torch.arange(points // 2 + 1) <= 2 * (points // 2) - 3
    of_square = square + 0.5j * convection * k
    of_gradient = torch.full(k.shape, 0.5 * gradient, dtype=torch.complex128)
    of_gradient[0] = 0.0
    if not keep_products:
        of_square, of_gradient = of_square * kept, of_gradient * kept

    def product(hat: Tensor) -> Tensor:
        fields = torch.fft.irfft(hat, n=points, norm="forward")
        return torch.fft.rfft(fields.square_(), norm="forward")

    def terms(state: Tensor) -> Tensor:
        low = state * kept.to(state.device)
        total = torch.zeros_like(state)
        if square or convection:
            total = total + of_square.to(state) * product(low)
        if gradient:
            total = total + of_gradient.to(state) * product(1j * k.to(state.device) * low)
        return total

    return terms


def solve_difficulties(
    start: Tensor,
    difficulties: Difficulties,
    steps: int,
    warmup: int = 0,
    substeps: int = 1,
    *,
    real_weights: bool = False,
    keep_products: bool = False,
) -> Tensor:
    r"""Return the frames after each unit of time on the unit interval, by ETDRK2.

    Without nonlinear terms they are the exact solution.

    Parameters
    ----------
    start
        Initial fields ``(sample, N)``, float64; the difficulties refer to N points.
    difficulties
        Equation.
    steps
        Frames after the first.
    warmup
        Units of time before the first frame.
    substeps
        Steps of the solver per unit of time.
    real_weights
        See :class:`neurop.physics.solvers.steppers.ETDRK2`.
    keep_products
        See :func:`quadratic_terms`.

    Returns
    -------
    Tensor
        ``(sample, steps + 1, N)``, on the device of `start`.

    Raises
    ------
    InputError
        If `start` is not of float64, or a number of steps is below its least.

    Examples
    --------
    >>> x = torch.arange(32, dtype=torch.float64) / 32
    >>> wave = torch.sin(2 * torch.pi * x)
    >>> frames = solve_difficulties(wave[None], Difficulties((0.0, -4.0)), steps=2)
    >>> bool(torch.allclose(frames[0, 2], torch.sin(2 * torch.pi * (x - 2 * 4 / 32))))
    True

    References
    ----------
    Koehler et al., APEBench, NeurIPS 2024, arXiv:2411.00180.
    """
    for name, number, least in (
        ("steps", steps, 1),
        ("warmup", warmup, 0),
        ("substeps", substeps, 1),
    ):
        if number < least:
            raise InputError.of(name, number, f"use {least} or more")
    if start.dtype != torch.float64:
        raise InputError.of("start", str(start.dtype), "give float64")
    points = start.shape[-1]
    linear = derivative_symbol(points, difficulties.linear_coefficients(points))
    stepper = ETDRK2(
        linear.to(start.device),
        quadratic_terms(points, difficulties.nonlinear_coefficients(points), 1.0, keep_products),
        1.0 / substeps,
        real_weights=real_weights,
    )
    state = stepper.advance(torch.fft.rfft(start, norm="forward"), warmup * substeps)
    frames = start.new_empty(len(start), steps + 1, points)
    for frame in range(steps + 1):
        state = stepper.advance(state, substeps) if frame else state
        # With the Nyquist mode, which record leaves out.
        frames[:, frame] = torch.fft.irfft(state, n=points, norm="forward")
    return frames
