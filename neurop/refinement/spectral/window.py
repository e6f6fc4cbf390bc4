"""The residual of an equation as a function of the predicted frames, and what it is at rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.fields.frames_as_channels import TIME
from neurop.geometry.grid import Grid
from neurop.metrics.sobolev import sobolev_square
from neurop.objectives.predicted_fields import PredictedFields
from neurop.physics.derivatives.derivatives import Derivatives
from neurop.physics.equations.equation import Equation
from neurop.physics.operators import dealias_mask, laplacian_symbol
from neurop.refinement.spectral.least_squares import linearized


class Window:
    r"""A window of frames of one sample, the last ones predicted, and the equation on it.

    Parameters
    ----------
    fields
        Frames ``(1, channel, *space, times)`` and their grid; those before the last given one serve
        the derivative in time alone.
    equation
        Equation of all fields, named `names`.
    names
        Names of the channels.
    known
        Parameters and known fields by name (:meth:`Equation.residual`).
    order
        Order s of the norm.
    derivatives
        Function from the grid to its derivatives.

    Raises
    ------
    InputError
        If the grid has no periodic axes with a last one ``t``, no frame is given or no two are
        predicted, or the equation has other unknowns.
    """

    def __init__(
        self,
        fields: PredictedFields,
        equation: Equation,
        names: tuple[str, ...],
        known: Mapping[str, Tensor],
        order: float,
        derivatives: Callable[[Grid], Derivatives],
    ) -> None:
        _check(fields, equation, names)
        self.values, self.given = fields.values.double().contiguous(), fields.known
        self.space = Grid(fields.grid.axes[:-1])
        self.equation, self.names, self.order = equation, names, order
        self.known = {name: value.double() for name, value in known.items()}
        self.derivatives = derivatives(fields.grid)
        shape, lengths = self.values.shape[2:-1], [abs(a.length) for a in self.space.axes]
        square = -laplacian_symbol(shape, lengths, device=self.values.device)
        # Those of the norm, without the Nyquist modes, whose derivatives the grid does not know.
        counts = (square > 0) | (order == 0)
        self.modes = dealias_mask(shape, self.values.device, degree=1) & counts
        self.weights = torch.where(self.modes, square.where(self.modes, 1.0) ** (order / 2), 0.0)

    def frames(self, later: Tensor) -> Tensor:
        """Return the given frames followed by others."""
        return torch.cat([self.values[..., : self.given], later], dim=-1)

    def residual(self, values: Tensor) -> Tensor:
        """Return the residuals of frames from the last given one on, ``(batch, rows, *grid)``."""
        fields = dict(zip(self.names, values.unbind(1), strict=True))
        found = self.equation.residual(fields, self.derivatives, self.known)
        return torch.stack([r[..., self.given - 1 :] for r in found.values()], dim=1)

    def norm(self, values: Tensor) -> Tensor:
        r"""Return :math:`\lVert R \rVert_{L^2(H^s)}` of frames, a number.

        The square is the mean over time of the squared norms in space, summed over residuals.
        """
        r = self.residual(values).movedim(-1, 1)
        return sobolev_square(r, self.space, self.order).mean(1).sum().sqrt()

    def weighted(self, values: Tensor) -> Tensor:
        r"""Return :math:`|\omega_k|^s R_k`, fields whose mean square is that of the norm."""
        r = self.residual(values)
        axes = tuple(range(2, r.dim() - 1))
        hat = torch.fft.rfftn(r, dim=axes) * self.weights[..., None]
        return torch.fft.irfftn(hat, s=r.shape[2:-1], dim=axes)

    def at_rest(self) -> Callable[[Tensor], Tensor]:
        r"""Return :math:`(J_0^\top J_0)^{-1}` for the weighted residual linearised at rest.

        That is at the mean of each field, where an equation of constant coefficients does not mix
        waves: the response to a point at each time is one small matrix per wave, of
        :math:`\partial_t + \nu k^2` for a diffusion. It acts on changes of the predicted frames.
        """
        later = self.values[..., self.given :]
        channels, times = later.shape[1], later.shape[-1]
        count, axes = channels * times, tuple(range(2, later.dim() - 1))
        mean = self.values.mean(dim=(*axes, -1), keepdim=True)
        rest = mean.expand(count, *self.values.shape[1:]).clone()
        one = torch.eye(count).to(later)
        change = torch.zeros_like(rest).flatten(2, -2)
        change[:, :, 0, self.given :] = one.view(count, channels, times)
        response = linearized(self.residual, rest)[1](change.view_as(rest))
        # (count, rows, *waves, times) to (*waves, rows and times, count)
        hat = torch.fft.rfftn(response, dim=axes).movedim(0, -1).movedim(0, -3).flatten(-3, -2)
        columns = hat * self.weights[..., None, None]
        normal = columns.mH @ columns
        size = normal.diagonal(dim1=-2, dim2=-1).real.amax(-1)
        least = torch.where(size > 0, 1e-14 * size, 1.0)[..., None, None]
        inverse = torch.linalg.inv(normal + least * one) * self.modes[..., None, None]

        def precondition(z: Tensor) -> Tensor:
            hat = torch.fft.rfftn(z, dim=axes).movedim(1, -2)
            hat = (inverse @ hat.flatten(-2)[..., None]).view_as(hat).movedim(-2, 1)
            return torch.fft.irfftn(hat, s=z.shape[2:-1], dim=axes)

        return precondition


def _check(fields: PredictedFields, equation: Equation, names: tuple[str, ...]) -> None:
    axes = fields.grid.axes
    if fields.grid.geometry != "flat" or axes[-1].name != TIME:
        remedy = "needs a flat grid whose last axis is the time t"
        raise InputError.of("grid", fields.grid.names, remedy)
    for axis in axes[:-1]:
        if axis.boundary != "periodic":
            remedy = f"axis {axis.name}: the correction is a Fourier series; needs a periodic axis"
            raise InputError.of("boundary", axis.boundary, remedy)
    if fields.known < 1 or fields.values.shape[-1] - fields.known < 2:
        remedy = f"need a given frame and 2 predicted ones or more, of {fields.values.shape[-1]}"
        raise InputError.of("known", fields.known, remedy)
    if set(names) != set(equation.unknowns):
        remedy = f"the equation is of {', '.join(equation.unknowns)}"
        raise InputError.of("unknowns", ", ".join(names), remedy)
