"""Correction of predicted frames by the residual of their equation (Cao et al., 2025)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.objectives.predicted_fields import PredictedFields
from neurop.physics.derivatives.derivatives import Derivatives
from neurop.physics.derivatives.on_grid import GridDerivatives
from neurop.physics.equations.equation import Equation
from neurop.refinement.spectral.least_squares import least_squares, linearized
from neurop.refinement.spectral.window import Window

CLOSER = partial(GridDerivatives, accuracy=6)
"""Differences in time of higher order than those of the correction, by which these are judged."""


@dataclass(frozen=True, eq=False)
class Refined:
    """Corrected frames, and estimates of their error that need no truth.

    Parameters
    ----------
    fields
        All frames in float64, of which the given ones are unchanged.
    before, after
        Norm of the residual of each sample, ``(batch,)``.
    change
        Root mean square of the correction, ``(batch,)``: an estimate of the error before it, in the
        units of the fields.
    """

    fields: PredictedFields
    before: Tensor
    after: Tensor
    change: Tensor


def refine(
    fields: PredictedFields,
    equation: Equation,
    known: Mapping[str, Tensor] | None = None,
    names: Sequence[str] | None = None,
    sweeps: int = 3,
    iterations: int = 10,
    order: float = 0.0,
    derivatives: Callable[[Grid], Derivatives] | None = None,
) -> Refined:
    r"""Return predicted frames, corrected so that they satisfy an equation; no truth is read.

    .. math:: u = u_0 + z, \qquad z(x, t_n) = \sum_k c_{kn}\, e^{i k x}, \qquad
       \min_c\, \lVert R(u_0 + z) \rVert_{L^2(H^s)}

    with z = 0 at the given frames. Each sweep is a Gauss-Newton step: the residual is linearised
    about the present frames, and conjugate gradients solve the linear problem, preconditioned by
    the equation at rest (:meth:`Window.at_rest`). Sweeps end where the residual of a sample no
    longer falls. The correction is the bias per mode of a last spectral layer, which starts at
    zero; its weights per mode would add nothing for one sample.

    The residual has derivatives in time of its own: with finite differences (the default) that of
    the truth is not 0, and a correction to below that floor is one to the solution of the
    differences. The residual of the corrected frames with differences of higher order estimates
    the floor; a warning says so if it is more than half of the residual before.

    Parameters
    ----------
    fields
        Frames in physical units, the given ones first; periodic in space
        (:func:`neurop.objectives.predicted_fields.predicted`).
    equation
        Equation of all channels, such as :class:`neurop.physics.equations.vorticity.Vorticity`.
    known
        Its parameters and known fields, by name.
    names
        Names of the channels; by default the unknowns of the equation, in their order.
    sweeps
        Number of sweeps; 0 changes nothing.
    iterations
        Steps of conjugate gradients per sweep.
    order
        Order s of the norm, from -2 to 1. At 0 the mean over space of each frame is corrected too;
        at any other order the norm does not see it, and it stays. The paper takes -1, which weighs
        long waves more: of a vorticity, the mean square of a force on the velocity.
    derivatives
        Function from a grid to its derivatives; by default
        :class:`neurop.physics.derivatives.on_grid.GridDerivatives`.

    Raises
    ------
    InputError
        If the fields do not fit the equation, or a number is out of its range.

    Examples
    --------
    >>> from neurop.geometry.axis import Axis
    >>> from neurop.physics.equations.burgers import Burgers
    >>> grid = Grid((Axis("x"), Axis("t", "open", length=0.2, layout="ends")))
    >>> wave = torch.sin(2 * torch.pi * torch.arange(32) / 32)
    >>> persistent = PredictedFields(wave[None, None, :, None].expand(1, 1, 32, 9), grid, known=1)
    >>> found = refine(persistent, Burgers(0.05))
    >>> bool(found.after < 1e-3 * found.before)
    True

    References
    ----------
    Cao, Brarda, Li and Xi, Spectral-Refiner: Accurate fine-tuning of spatiotemporal Fourier neural
    operator for turbulent flows, ICLR 2025, arXiv:2405.17211. There Adam minimises a residual whose
    derivative in time is that of a solver's step from the same frame.
    """
    for name, value, least in (("sweeps", sweeps, 0), ("iterations", iterations, 1)):
        if value < least:
            raise InputError.of(name, value, f"give at least {least}")
    if not -2 <= order <= 1:
        raise InputError.of("order", order, "give a number from -2 to 1")
    channels, rule = tuple(names or equation.unknowns), derivatives or GridDerivatives
    checked = sweeps > 0 and derivatives is None
    known = known or {}
    values, sizes, floors = [], [], []
    with torch.no_grad():
        for i, sample in enumerate(fields.values.split(1)):
            own = {name: value[i % len(value)][None] for name, value in known.items()}
            one = replace(fields, values=sample)
            window = Window(one, equation, channels, own, order, rule)
            found, *size = _refined(window, sweeps, iterations)
            values.append(found)
            sizes.append(torch.stack(size))
            if checked:
                other = Window(one, equation, channels, own, order, CLOSER)
                floors.append(other.norm(found))
    refined = replace(fields, values=torch.cat(values))
    before, after = torch.stack(sizes, dim=1)
    if checked and bool(torch.stack(floors).mean() > 0.5 * before.mean()):
        # Without a number: so that batch after batch it is one line.
        warnings.warn(
            "the frames do not resolve time: the differences in time are wrong by more than half "
            "of the residual, and the correction may lead away from the truth; use frames that "
            "are closer in time",
            stacklevel=2,
        )
    change = (refined.values - fields.values)[..., fields.known :]
    return Refined(refined, before, after, change.square().flatten(1).mean(1).sqrt())


def _refined(window: Window, sweeps: int, iterations: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the frames of a sample, and the norm of their residual before and after."""
    values = window.values
    size = before = window.norm(values)
    precondition = window.at_rest() if sweeps else None
    for _ in range(sweeps):
        assert precondition is not None
        changed = window.frames(_sweep(window, values, precondition, iterations))
        new = window.norm(changed)
        if not new < size:
            break
        values, size = changed, new
    return values, before, size


def _sweep(
    window: Window, values: Tensor, precondition: Callable[[Tensor], Tensor], iterations: int
) -> Tensor:
    """Return the predicted frames after one Gauss-Newton step."""
    later = values[..., window.given :]

    def weighted(later: Tensor) -> Tensor:
        return window.weighted(window.frames(later))

    residual, apply, transpose = linearized(weighted, later)
    return later + least_squares(apply, transpose, precondition, residual, iterations)
