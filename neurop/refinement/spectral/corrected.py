"""A surrogate over space and time whose predictions are corrected by their equation."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from neurop.errors import InputError
from neurop.objectives.predicted_fields import continued, frames_given, known_functions
from neurop.physics.equations.equation import Equation
from neurop.refinement.spectral.refine import Refined, refine
from neurop.spectral import resample
from neurop.surrogate import Surrogate


class Corrected(Surrogate):
    r"""A trained surrogate, each of whose predictions :func:`refine` corrects.

    It shares network and normalisers with the surrogate, of which nothing changes, and takes the
    place of one in evaluations and predictions. Error bands are those of the uncorrected fields and
    left out; constraints act before the correction.

    Parameters
    ----------
    surrogate
        Surrogate of a map over space and time from the frames before it
        (``neurop.datasets.SpaceTime``) or from its first (``neurop.datasets.ChebyshevTimes``).
    equation
        Equation of its outputs.
    sweeps, iterations, order
        Those of :func:`refine`.

    Raises
    ------
    InputError
        If the surrogate is another map or takes noise, or there is no equation.
    """

    def __init__(
        self,
        surrogate: Surrogate,
        equation: Equation | None = None,
        sweeps: int = 3,
        iterations: int = 10,
        order: float = 0.0,
    ) -> None:
        nn.Module.__init__(self)
        if equation is None:
            remedy = "the data set has no equation; name one: correct.equation._target_=..."
            raise InputError.of("equation", None, remedy)
        if not frames_given(surrogate.card):
            remedy = "needs a map over space and time (data=space_time or chebyshev_times)"
            raise InputError.of("surrogate", surrogate.name, remedy)
        if surrogate.noise is not None:
            raise InputError.of("surrogate", surrogate.name, "takes noise; give one without noise")
        self.card, self.noise, self.net = surrogate.card, None, surrogate.net
        self.input_norm, self.output_norm = surrogate.input_norm, surrogate.output_norm
        self.given_norm = surrogate.given_norm
        self.equation, self.sweeps = equation, sweeps
        self.iterations, self.order = iterations, order
        self.train(surrogate.training)

    def forward(
        self, x: Tensor, grid: Sequence[int] | None = None, given: Tensor | None = None
    ) -> Tensor:
        """Return the corrected fields; arguments as those of a surrogate."""
        y = super().forward(x, given=given)
        found = self.refined(x, y, given).fields
        y = found.values[..., -y.shape[-1] :].to(y)
        return y if grid is None else resample(y, self.card.grid, tuple(grid))

    def refined(
        self, x: Tensor, y: Tensor, given: Tensor | None = None, sweeps: int | None = None
    ) -> Refined:
        """Return any frames `y` after the input `x`, corrected, and the estimates of their error.

        With no `sweeps` those are of the frames themselves, such as of the truth.

        Raises
        ------
        InputError
            If the frames are not as many as those of the training, whose distance is known.
        """
        if y.shape[-1] != self.card.shape[-1]:
            remedy = f"a correction needs the {self.card.shape[-1]} times of the training"
            raise InputError.of("grid", y.shape[-1], remedy)
        batch = {"input": x[:, None]}
        if given is not None:
            batch["given"] = given[:, None]
        window = continued(self.card, batch["input"], y[:, None])
        names = [field.name for field in self.card.outputs]
        more = self.sweeps if sweeps is None else sweeps, self.iterations, self.order
        return refine(window, self.equation, known_functions(self, batch), names, *more)
