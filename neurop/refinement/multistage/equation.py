"""Solutions of differential equations: every stage learns what the equation's residual leaves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.func import vmap

from neurop.errors import InputError
from neurop.refinement.multistage.estimators import dominant_frequency, finished, rms
from neurop.refinement.multistage.growing import Minimizer, Stages, Target, grow
from neurop.refinement.multistage.lines import along_axes
from neurop.refinement.multistage.network import MultistageNetwork
from neurop.refinement.multistage.rows import Block, Function
from neurop.refinement.multistage.sampling import clustered

Residual = Callable[[Function, Tensor], Tensor]
"""Of a function and one point, ``(axes,)``; derivatives by ``torch.func.grad``."""


def solve(
    residual: Residual,
    boundary: tuple[Tensor, Tensor],
    domain: Sequence[Sequence[float]],
    points: Sequence[int] = (600, 2000, 4000),
    order: int = 1,
    stages: Stages | None = None,
    minimizer: Minimizer | Sequence[Minimizer] | None = None,
) -> MultistageNetwork:
    r"""Return a network that solves a differential equation, fitted in stages.

    Stage s is added to the sum :math:`u` of those before it with the amplitude

    .. math::

        \epsilon = \mathrm{rms}(r[u]) / \omega^m, \qquad \omega = 2 \pi f / L

    of the residual :math:`r` with :math:`f` cycles over the length :math:`L` and the order
    :math:`m`, or with the root mean square of what the boundary values lack if that is greater.
    The rows of the equation, divided by :math:`\epsilon \omega^m`, and those of the boundary,
    divided by :math:`\epsilon`, are then of size 1 for every stage.

    Parameters
    ----------
    residual
        Function of a function and a point, 0 for a solution.
    boundary
        Points ``(n, axes)`` and values ``(n,)`` of the solution, initial values included.
    domain
        Lower and upper bound of every axis.
    points
        Number of points of the equation, one per stage; the last is used again. They are closer
        together at the ends of every axis. A stage with fewer points than parameters (261 at width
        10, 901 at 20, 1951 at 30) is fitted at the points and wrong between them.
    order
        Of the highest derivative.
    stages
        Networks of the stages, three of width 10, 20 and 30 by default.
    minimizer
        Finds the parameters of a stage; or several, one for each stage, of which the last is used
        again. By default Levenberg and Marquardt, with at most 20 iterations in the first two of
        several stages and 150 in the others.

    Raises
    ------
    InputError
        If boundary or points do not fit the domain.

    Examples
    --------
    >>> from torch.func import grad
    >>> start = torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    >>> decay = lambda u, t: grad(u)(t)[0] + u(t)
    >>> from neurop.refinement.multistage import LevenbergMarquardt
    >>> quick = LevenbergMarquardt(steps=50, iterations=10)
    >>> u = solve(decay, start, [(0, 1)], points=[50], stages=Stages(widths=(8,)), minimizer=quick)
    >>> bool((u(torch.tensor(1.0)) - torch.tensor(-1.0).exp()).abs() < 1e-5)
    True

    References
    ----------
    Wang and Lai, Multi-stage neural networks, J. Comput. Phys. 504 (2024) 112865,
    arXiv:2307.08934, section 3.
    """
    problem = Equation(residual, boundary, domain, points, order)
    return grow(problem, stages or Stages(widths=(10, 20, 30)), minimizer)


def residual_at(residual: Residual, u: Function, points: Tensor) -> Tensor:
    """Return the residual of a function at points ``(..., axes)``."""
    flat = points.reshape(-1, points.shape[-1])
    return vmap(lambda x: residual(u, x))(flat).detach().reshape(points.shape[:-1])


class Equation:
    """The targets of the stages of :func:`solve`; the parameters are its own."""

    def __init__(
        self,
        residual: Residual,
        boundary: tuple[Tensor, Tensor],
        domain: Sequence[Sequence[float]],
        points: Sequence[int],
        order: int,
    ) -> None:
        places, values = boundary
        if places.shape != (len(values), len(domain)) or values.ndim != 1:
            shown = (tuple(places.shape), tuple(values.shape))
            raise InputError.of("boundary", shown, f"need points (n, {len(domain)}) and values (n)")
        if not points or min(points) < 2 or order < 0:
            remedy = "need 2 or more points per stage and an order of 0 or more"
            raise InputError.of("points, order", (list(points), order), remedy)
        self.domain: Sequence[Sequence[float]] = domain
        self.residual, self.points, self.order = residual, points, order
        self.places, self.values = places.double(), values.double()
        self.length = min(upper - lower for lower, upper in domain)

    def target(self, network: MultistageNetwork) -> Target:
        """Return the rows of the equation and of the boundary for the next stage."""
        number = len(network.records)
        x = clustered(self.domain, self.points[min(number, len(self.points) - 1)], number)
        lines = along_axes(self.domain)
        signals = [residual_at(self.residual, network, line) for line in lines]
        lacking = self.values - network(self.places)
        left = rms(torch.cat([signal.reshape(-1) for signal in signals]))
        frequencies = [dominant_frequency(signal) for signal in signals]
        # A stage has half a cycle at least, and no more is asked of the first.
        wave = math.pi / self.length * max(1.0, 2 * max(frequencies))
        wave = max(1.0, wave) ** self.order
        scale = max(left / wave, rms(lacking)) or 1.0
        size = rms(network(lines[0])) * wave
        done = finished(signals, left, size) and finished([], rms(lacking), size)
        blocks = self._blocks(network, x, scale, scale * wave)
        return Target(scale, left, frequencies, done, blocks)

    def _blocks(
        self, network: MultistageNetwork, x: Tensor, scale: float, unit: float
    ) -> list[Block]:
        def equation(stage: Function, x: Tensor) -> Tensor:
            return self.residual(lambda z: network(z) + scale * stage(z), x) / unit

        def condition(stage: Function, x: Tensor, lacking: Tensor) -> Tensor:
            return stage(x) - lacking

        lacking = (self.values - network(self.places)) / scale
        return [(equation, (x,)), (condition, (self.places, lacking))]
