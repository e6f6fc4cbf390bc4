"""Training by an equation: the residual of predictions, without targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor

from neurop.errors import InputError, nearest
from neurop.fields.frames_as_channels import TIME, starts_with_given
from neurop.geometry.grid import Grid
from neurop.metrics.norms import root
from neurop.metrics.sobolev import sobolev_square
from neurop.objectives.objective import Objective
from neurop.objectives.predicted_fields import (
    PredictedFields,
    continued,
    frames_given,
    known_functions,
    predicted,
)
from neurop.physics.derivatives.derivatives import Derivatives
from neurop.physics.derivatives.on_grid import GridDerivatives
from neurop.physics.equations.equation import Equation

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate
    from neurop.transforms.transform import Batch


class Residual(Objective):
    r"""Norm of the residual of an equation, relative to that of a trivial prediction.

    .. math:: \frac{\langle \lVert R(u) \rVert_s \rangle}
       {\sqrt{\langle \lVert R(u_0) \rVert_s^2 \rangle}}

    with means over the batch, u the input frames followed by the prediction, and :math:`u_0` the
    last frame at all times (persistence), or 0 for a map without time. A loss of 1 is that of a
    prediction which knows nothing of the equation. Targets are not read but for the mean and the
    standard deviation that normalise the output, and the best weights are those of the smallest
    residual on the validation inputs.

    The equation holds at the predicted frames and at the last given one, where the derivative in
    time ties them to it. Derivatives in space are spectral along periodic axes; those in time are
    finite differences over the frames, so the residual of the truth is not 0 but the error of the
    differences. At the ends of a dirichlet axis the boundary condition holds instead of the
    equation (:class:`neurop.constraints.boundary_values.BoundaryValues`).

    Along Chebyshev times (``neurop.datasets.ChebyshevTimes``) u is a polynomial, exactly
    differentiable. Its residual is computed at twice as many times in double precision, and the
    mean square by Clenshaw-Curtis weights: with Parseval's sum in space this is the norm of the
    coefficients of neural spectral methods under their Gram matrix.

    Parameters
    ----------
    equation
        Equation; by default that of the data set.
    order
        Order s of the norm in space, from -2 to 1: 0 is the mean square, -1 weighs long waves more;
        the mean counts like the longest wave.
    derivatives
        Function from a grid to its derivatives, such as
        ``partial(GridDerivatives, accuracy=2)``; :class:`GridDerivatives` by default.

    Raises
    ------
    InputError
        If the order is out of range; in a training, if the data have no equation, or other fields
        or fewer frames than it needs.

    Examples
    --------
    >>> from neurop import Field, FieldSet, Surrogate, problems
    >>> from neurop.physics.equations.burgers import Burgers
    >>> u = np.random.randn(2, 5, 1, 16)
    >>> data = FieldSet(u, (Field("velocity"),), Grid.periodic(1))
    >>> surrogate = Surrogate.of(data, "fno", problems.Evolution(unroll=4))
    >>> batch = {"input": torch.as_tensor(u[:, :1], dtype=torch.float32)}
    >>> list(Residual(Burgers(0.01))(surrogate, batch, np.random.default_rng(0)))
    ['momentum']

    References
    ----------
    Li et al., Physics-informed neural operator for learning partial differential equations, 2021,
    arXiv:2111.03794; Du et al., Neural spectral methods: self-supervised learning in the spectral
    domain, ICLR 2024, arXiv:2312.05225.
    """

    needs_targets: ClassVar[bool] = False
    monitor: ClassVar[str] = "residual"

    def __init__(
        self,
        equation: Equation | None = None,
        order: float = 0.0,
        derivatives: Callable[[Grid], Derivatives] | None = None,
    ) -> None:
        super().__init__()
        if not -2 <= order <= 1:
            raise InputError.of("order", order, "give a number from -2 to 1")
        if equation is not None and not isinstance(equation, Equation):
            remedy = "give an Equation (neurop.physics.equations)"
            raise InputError.of("equation", type(equation).__name__, remedy)
        self.equation, self.order = equation, order
        self.derivatives = derivatives or GridDerivatives

    def bind(self, equation: Equation | None) -> None:
        """Take the equation of a data set, unless one was given."""
        self.equation = self.equation or equation

    def check(self, surrogate: Surrogate) -> None:
        """Raise InputError if the surrogate does not predict the unknowns, or too few frames."""
        super().check(surrogate)
        if self.equation is None:
            remedy = "the data set has no equation; name one: objective.equation._target_=..."
            raise InputError.of("equation", None, remedy)
        names = [field.name for field in surrogate.card.outputs]
        for unknown in self.equation.unknowns:
            if unknown not in names:
                remedy = f"an unknown of the equation is not predicted; {nearest(unknown, names)}"
                raise InputError.of("unknowns", unknown, remedy)
        time = surrogate.card.grid.axes[-1]
        given = frames_given(surrogate.card)
        if given > 1 and starts_with_given(time):
            remedy = f"the times of layout {time.layout} begin with the one input frame; give one"
            raise InputError.of("given", given, remedy)
        if given and not (starts_with_given(time) or time.layout == "left"):
            remedy = "a map over space and time needs times of layout left, ends or chebyshev"
            raise InputError.of("layout", time.layout, remedy)
        problem = surrogate.card.problem
        if surrogate.card.is_state and problem.history + problem.unroll < 3:
            remedy = "a derivative in time needs 3 frames: problem.unroll=2 or more"
            raise InputError.of("unroll", problem.unroll, remedy)

    def forward(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Return the relative norm of each residual."""
        return self._relative(surrogate, batch, predicted(surrogate, batch))

    def scores(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Return the relative norm on validation inputs, and that of the truth.

        That of the truth is the error of the derivatives: a smaller residual means nothing.
        """
        found = {"residual": predicted(surrogate, batch)}
        steps = surrogate.card.problem.unroll
        found["residual_of_truth"] = continued(
            surrogate.card, batch["input"], batch["target"][:, :steps]
        )
        return {
            name: torch.stack([*self._relative(surrogate, batch, window).values()]).sum()
            for name, window in found.items()
        }

    def _relative(
        self, surrogate: Surrogate, batch: Batch, window: PredictedFields
    ) -> dict[str, Tensor]:
        """Return the relative norm of each residual of functions."""
        known = known_functions(surrogate, batch)
        names = [field.name for field in surrogate.card.outputs]
        dtype, window = window.values.dtype, window.resolved()
        with torch.no_grad():
            trivial = self._squares(window.persistent(), known, names)
        terms = {}
        for name, square in self._squares(window, known, names).items():
            scale = trivial[name].mean().sqrt()
            if not scale > 0:
                remedy = (
                    "it vanishes for the trivial prediction (persistence, or 0 for a map), so "
                    "there is nothing to compare with; add a source or other initial values"
                )
                raise InputError.of("residual", name, remedy)
            terms[name] = (root(square).mean() / scale).to(dtype)
        return terms

    def _squares(
        self, window: PredictedFields, known: dict[str, Tensor], names: list[str]
    ) -> dict[str, Tensor]:
        """Return the squared norm of each residual, ``(batch,)``."""
        assert self.equation is not None
        fields = dict(zip(names, window.values.unbind(1), strict=True))
        try:
            found = self.equation.residual(fields, self.derivatives(window.grid), known)
        except KeyError as error:
            remedy = f"the equation needs it; the data have {', '.join(known) or 'nothing known'}"
            raise InputError.of("equation", error.args[0], remedy) from error
        return {name: self._square(r, window) for name, r in found.items()}

    def _square(self, residual: Tensor, window: PredictedFields) -> Tensor:
        shape, strong = window.values.shape[2:], residual.shape[1:] == window.values.shape[2:]
        if strong:
            # From the last given frame on: without it, predictions that jump from there to another
            # solution would have hardly any residual at the frames after.
            residual = residual[..., max(0, window.known - 1) :]
            for dim, axis in enumerate(window.grid.axes):
                if axis.boundary == "dirichlet" and axis.layout == "ends":
                    ends = torch.tensor([0, shape[dim] - 1], device=residual.device)
                    residual = residual.index_fill(1 + dim, ends, 0.0)
        if window.grid.names[-1] != TIME:
            return sobolev_square(residual, window.grid, self.order, mean=True)
        space = Grid(window.grid.axes[:-1])
        squares = sobolev_square(residual.movedim(-1, 1), space, self.order, mean=True)
        time = window.grid.axes[-1]
        if time.layout != "chebyshev":
            return squares.mean(1)
        return squares @ torch.as_tensor(time.weights(shape[-1])).to(squares)
