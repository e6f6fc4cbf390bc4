"""Functions by regression: every stage learns what the sum of those before it leaves."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.refinement.multistage.estimators import dominant_frequency, finished, rms
from neurop.refinement.multistage.growing import Minimizer, Stages, Target, grow
from neurop.refinement.multistage.lines import along_axes
from neurop.refinement.multistage.network import MultistageNetwork

PER_WAVE = 6
"""Points per wavelength below which a stage would learn aliases."""


def regress(
    values: Callable[[Tensor], Tensor] | Tensor,
    points: Tensor | Sequence[Tensor],
    stages: Stages | None = None,
    minimizer: Minimizer | Sequence[Minimizer] | None = None,
) -> MultistageNetwork:
    r"""Return a network fitted to a function in stages.

    .. math::

        e_s = f - \sum_{j < s} \epsilon_j N_j, \qquad
        \epsilon_s = \mathrm{rms}(e_s), \qquad N_s \approx e_s / \epsilon_s

    The function must be free of noise and in float64: of float32 the rounding, 6e-8, is learned.

    Parameters
    ----------
    values
        Function from points ``(n, axes)`` to values ``(n,)``, or the values. With several axes it
        has to be a function, since frequencies are estimated along lines.
    points
        ``(n,)`` or ``(n, axes)``; or several such, one for each stage, of which the last is used
        again. The network is for the box around them. A stage needs more points than it has
        parameters (901 at width 20, 1951 at 30).
    stages
        Networks of the stages, four by default.
    minimizer
        Finds the parameters of a stage; or several, one for each stage, of which the last is used
        again. By default Levenberg and Marquardt, with 20 iterations in the first two of several
        stages.

    Raises
    ------
    InputError
        If values and points do not fit, are not float64 or not finite, or are no function with
        several axes.

    Examples
    --------
    >>> x = torch.linspace(-1, 1, 200, dtype=torch.float64)
    >>> network = regress(torch.exp, x, Stages(widths=(8,)))
    >>> bool((network(x) - x.exp()).abs().max() < 1e-3)
    True

    References
    ----------
    Wang and Lai, Multi-stage neural networks, J. Comput. Phys. 504 (2024) 112865,
    arXiv:2307.08934, section 2.
    """
    sets = [points] if isinstance(points, Tensor) else list(points)
    sets = [p[:, None] if p.ndim == 1 else p for p in sets]
    return grow(Regression(values, sets), stages, minimizer)


class Regression:
    """The targets of the stages of :func:`regress`.

    Parameters
    ----------
    values
        Function, or values at the points of the only set.
    sets
        Points ``(n, axes)``, one set per stage; the last is used again.

    Raises
    ------
    InputError
        As :func:`regress`.
    """

    def __init__(self, values: Callable[[Tensor], Tensor] | Tensor, sets: Sequence[Tensor]) -> None:
        if not sets or any(p.ndim != 2 or len(p) < 2 or p.dtype != torch.float64 for p in sets):
            shown = [(tuple(p.shape), p.dtype) for p in sets]
            raise InputError.of("points", shown, "need 2 or more points (n, axes) of float64")
        every = torch.cat(list(sets))
        lower, upper = every.amin(0).tolist(), every.amax(0).tolist()
        self.domain: Sequence[Sequence[float]] = list(zip(lower, upper))
        # In order, along the only axis, a residual is a signal.
        self.sets = [p.sort(0).values for p in sets] if len(lower) == 1 else sets
        self.values = values
        if isinstance(values, Tensor):
            if len(sets) > 1 or every.shape[1] > 1:
                remedy = "with several sets of points or several axes give a function"
                raise InputError.of("values", tuple(values.shape), remedy)
            if values.shape != sets[0].shape[:1] or values.dtype != torch.float64:
                remedy = f"need {len(sets[0])} values of float64"
                raise InputError.of("values", (tuple(values.shape), values.dtype), remedy)
            self.values = values[sets[0][:, 0].argsort()]

    def target(self, network: MultistageNetwork) -> Target:
        """Return the residual of the sum of the stages, divided by its root mean square."""
        x = self.sets[min(len(network.records), len(self.sets) - 1)]
        with torch.no_grad():
            truth = self._at(x)
            error = truth - network(x)
            lines = self._lines(network, x, error)
        scale, axes = rms(error), len(self.domain)
        frequencies = [dominant_frequency(line) for line in lines] or [
            dominant_frequency(error, uniform=False)
        ]
        done = bool(network.records) and finished(lines, scale, rms(truth))
        resolved = len(x) ** (1 / axes) / PER_WAVE
        if network.records and not done and max(frequencies) > resolved:
            warnings.warn(
                f"stage {len(network.records) + 1} is left out: its target has {max(frequencies):g}"
                f" cycles, {len(x)} points resolve {resolved:.0f}; give it more points",
                stacklevel=2,
            )
            done = True
        blocks = [(lambda u, x, t: u(x) - t, (x, error / (scale or 1.0)))]
        return Target(scale, scale, frequencies, done, blocks)

    def _at(self, x: Tensor) -> Tensor:
        values = self.values(x) if callable(self.values) else self.values
        values = values.reshape(values.shape[: x.ndim - 1])
        if values.dtype != torch.float64 or not values.isfinite().all():
            raise InputError.of("values", values.dtype, "need finite values of float64")
        return values

    def _lines(self, network: MultistageNetwork, x: Tensor, error: Tensor) -> list[Tensor]:
        """Return the residual along lines of equal distances; nothing if there are none."""
        if len(self.domain) > 1:
            return [self._at(p) - network(p) for p in along_axes(self.domain)]
        distance = x[:, 0].diff()
        even = (distance - distance.mean()).abs().max() < 1e-6 * distance.mean().abs()
        return [error] if even else []
