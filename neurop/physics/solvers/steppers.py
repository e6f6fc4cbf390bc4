"""Time steppers for stiff equations with a diagonal linear part, and the recording of frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from neurop.physics.operators import truncate


class ETDRK4:
    r"""Fourth-order exponential time differencing for :math:`\dot v = L v + N(v)`, diagonal L.

    The linear part is exact, however stiff, as is a constant :math:`N`; the rest is a four-stage
    Runge-Kutta scheme. The coefficients are means over circles around :math:`L\,dt`, which avoids
    the cancellation of their closed forms.

    Parameters
    ----------
    linear
        Diagonal of L, real or complex, of a shape that broadcasts against the state.
    nonlinear
        Function N from a state to a tensor of its shape.
    dt
        Time step.
    dtype
        Type of the states: complex for Fourier coefficients, real for cosine or sine coefficients
        of a real L.

    Examples
    --------
    >>> decay = ETDRK4(torch.tensor([-1e3, -1.0]), torch.zeros_like, dt=0.5, dtype=torch.float64)
    >>> [round(float(v), 6) for v in decay.step(torch.ones(2, dtype=torch.float64))]
    [0.0, 0.606531]

    References
    ----------
    Cox and Matthews, J. Comput. Phys. 176 (2002) 430; Kassam and Trefethen, SIAM J. Sci. Comput. 26
    (2005) 1214.
    """

    def __init__(
        self,
        linear: Tensor,
        nonlinear: Callable[[Tensor], Tensor],
        dt: float,
        dtype: torch.dtype = torch.complex128,
    ) -> None:
        self.nonlinear = nonlinear
        self.dt = dt
        weights = _Weights(linear, dt, dtype)
        ready, coefficient = weights.ready, weights.mean
        z, r = weights.z, weights.circle
        e = torch.exp(r)
        # exp(z) - 1 and not exp(z): in float32 the rounding of a factor near 1 would add up over
        # the steps.
        self._full, self._half = ready(torch.expm1(z)), ready(torch.expm1(z / 2))
        self._stage = coefficient((torch.exp(r / 2) - 1) / r)
        self._first = coefficient((-4 - r + e * (4 - 3 * r + r**2)) / r**3)
        self._middle = coefficient(2 * (2 + r + e * (r - 2)) / r**3)
        self._last = coefficient((-4 - 3 * r - r**2 + e * (4 - r)) / r**3)

    def step(self, v: Tensor) -> Tensor:
        """Return the state one step later."""
        nv = self.nonlinear(v)
        half = torch.addcmul(v, self._half, v)
        a = torch.addcmul(half, self._stage, nv)
        na = self.nonlinear(a)
        nb = self.nonlinear(torch.addcmul(half, self._stage, na))
        nc = self.nonlinear(
            torch.addcmul(torch.addcmul(a, self._half, a), self._stage, 2 * nb - nv)
        )
        out = torch.addcmul(v, self._full, v).addcmul_(self._first, nv)
        return out.addcmul_(self._middle, na + nb).addcmul_(self._last, nc)

    def advance(self, v: Tensor, steps: int) -> Tensor:
        """Return the state `steps` steps later."""
        for _ in range(steps):
            v = self.step(v)
        return v


class ETDRK2:
    r"""Second-order exponential time differencing for :math:`\dot v = L v + N(v)`, diagonal L.

    The linear part is exact, however stiff, as is a constant :math:`N`:

    .. math:: a = e^{z} v + dt\,\varphi_1(z) N(v), \qquad
       v' = a + dt\,\varphi_2(z)\,(N(a) - N(v)), \qquad z = L\,dt,

    with :math:`\varphi_1 = (e^z - 1)/z` and :math:`\varphi_2 = (e^z - 1 - z)/z^2`, as means over
    circles around z. :class:`ETDRK4` costs twice as much per step and is more accurate; this one is
    for maps that are defined by it.

    Parameters
    ----------
    linear
        Diagonal of L, real or complex, of a shape that broadcasts against the state.
    nonlinear
        Function N from a state to a tensor of its shape.
    dt
        Time step.
    dtype
        Type of the states: complex for Fourier coefficients, real for others of a real L.
    real_weights
        Whether the imaginary parts of :math:`\varphi_1, \varphi_2` are left out, as exponax does.
        A real L has none; with a complex one the scheme is then of first order.

    Examples
    --------
    >>> decay = ETDRK2(torch.tensor([-1e3, -1.0]), torch.zeros_like, dt=0.5, dtype=torch.float64)
    >>> [round(float(v), 6) for v in decay.step(torch.ones(2, dtype=torch.float64))]
    [0.0, 0.606531]

    References
    ----------
    Cox and Matthews, J. Comput. Phys. 176 (2002) 430, equation 22.
    """

    def __init__(
        self,
        linear: Tensor,
        nonlinear: Callable[[Tensor], Tensor],
        dt: float,
        dtype: torch.dtype = torch.complex128,
        real_weights: bool = False,
    ) -> None:
        self.nonlinear = nonlinear
        self.dt = dt
        weights = _Weights(linear, dt, dtype, real_weights)
        r = weights.circle
        self._full = weights.ready(torch.expm1(weights.z))
        self._first = weights.mean(torch.expm1(r) / r)
        self._second = weights.mean((torch.expm1(r) - r) / r**2)

    def step(self, v: Tensor) -> Tensor:
        """Return the state one step later."""
        nv = self.nonlinear(v)
        a = torch.addcmul(v, self._full, v).addcmul_(self._first, nv)
        return torch.addcmul(a, self._second, self.nonlinear(a) - nv)

    def advance(self, v: Tensor, steps: int) -> Tensor:
        """Return the state `steps` steps later."""
        for _ in range(steps):
            v = self.step(v)
        return v


class _Weights:
    r"""Functions of :math:`z = L\,dt` as means over a circle around it, in the type of the states.

    The type of the states although L may be real: torch multiplies tensors of one type faster.
    """

    def __init__(
        self, linear: Tensor, dt: float, dtype: torch.dtype, real: bool = False, points: int = 32
    ) -> None:
        angles = 2j * torch.pi * (torch.arange(points, dtype=torch.float64) + 0.5) / points
        self.dt, self.dtype, self.device = dt, dtype, linear.device
        self.real = real or not linear.is_complex()
        self.z = dt * linear.to(
            device="cpu", dtype=torch.complex128 if linear.is_complex() else torch.float64
        )
        self.circle = self.z[..., None] + torch.exp(angles)

    def mean(self, f: Tensor) -> Tensor:
        """Return dt times the mean of values on the circle."""
        mean = self.dt * f.mean(-1)
        return self.ready(mean.real if self.real else mean)

    def ready(self, c: Tensor) -> Tensor:
        """Return a factor with the type and on the device of the states."""
        return c.to(device=self.device, dtype=self.dtype)


def record(
    advance: Callable[[Tensor], Tensor],
    state: Tensor,
    steps: int,
    grid: Sequence[int],
    shape: Sequence[int] | None = None,
) -> Tensor:
    """Integrate half spectra from frame to frame and return the fields on a grid.

    Parameters
    ----------
    advance
        Map from the state of one frame to that of the next.
    state
        Half spectrum of the first frame, ``(sample, *half grid)``, with ``norm="forward"``.
    steps
        Frames after the first.
    grid
        Points per axis of the grid on which the state is computed.
    shape
        Points per axis of the frames, with the modes :math:`|k| < N/2` of the state. Default:
        `grid`.

    Returns
    -------
    Tensor
        ``(sample, steps + 1, *shape)``, real, with the precision and the device of the state.

    Examples
    --------
    >>> half = torch.fft.rfft(torch.ones(1, 4), norm="forward")
    >>> record(lambda state: state / 2, half, 2, (4,), (2,)).tolist()
    [[[1.0, 1.0], [0.5, 0.5], [0.25, 0.25]]]
    """
    old, new = tuple(grid), tuple(shape or grid)
    frames = state.real.new_empty(len(state), steps + 1, *new)
    for frame in range(steps + 1):
        state = advance(state) if frame else state
        frames[:, frame] = torch.fft.irfftn(truncate(state, old, new), s=new, norm="forward")
    return frames
