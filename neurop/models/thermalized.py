"""Thermalizer: states denoised where they leave the flow's distribution (Pedersen et al., 2025)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.metrics.norms import mean
from neurop.models import create
from neurop.models.on_top import OnTop
from neurop.registry import Spec

_FNO = Spec("fno")


class Thermalized(OnTop):
    r"""Prediction of a frozen network, denoised if it looks noisy.

    .. math:: z = \kappa\, a_{\text{last}} + s\, B a + m, \qquad
       \dot v = \varepsilon(v) \text{ along the noise from } \hat\sigma(z)
       \text{ to } \sigma_{\text{stop}}, \qquad v(\hat\sigma) = z

    with a the input, B the base and z the state that it predicts, in deviations of the fields. The
    stage estimates noise of variance 1 and its size, :math:`(\varepsilon, \ln\hat\sigma)`, from a
    noisy state alone: it knows states, not steps. A state of :math:`\hat\sigma` above
    :math:`\sigma_{\text{start}}` follows the probability flow by Euler steps of equal factors of
    :math:`\sigma`; others stay as they are, and cost one application of the stage.

    In the paper noise is added to the state before it is removed, and in each step. Here nothing
    is drawn, so that a prediction is a function of the input.

    Made by :func:`neurop.refinement.thermalizer`, trained by
    :class:`neurop.objectives.thermalizing.Thermalizing`.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Grid of the fields; a periodic plane by default.
    base, stage
        The two networks. The stage has the state and the conditions as input, and one output more
        than the base.
    levels
        Noise in deviations of the fields, falling: the largest of the training, that from which on
        a state is denoised, and that to which.
    steps
        Number of steps of the flow, each an application of the stage.
    conditions
        Number of the last input channels that are no frames; the stage takes them too.
    numbers
        Indices of the input channels that are numbers, for both networks.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If a number is out of its bounds; otherwise as the two networks.

    Examples
    --------
    >>> small = Spec("fno", {"modes": 4, "width": 8, "depth": 1})
    >>> model = Thermalized(1, 1, Grid.periodic(2), base=small, stage=small)
    >>> model(torch.zeros(2, 1, 16, 20)).shape
    torch.Size([2, 1, 16, 20])
    """

    citation = (
        "Pedersen et al., Thermalizer: Stable autoregressive neural emulation of "
        "spatiotemporal chaos, ICML 2025, arXiv:2503.18731"
    )
    kept: Tensor
    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        base: Spec = _FNO,
        stage: Spec = _FNO,
        levels: Sequence[float] = (0.5, 0.05, 0.02),
        steps: int = 4,
        conditions: int = 0,
        numbers: Sequence[int] = (),
    ) -> None:
        falling = all(first > second for first, second in pairwise(levels))
        if not (len(levels) == 3 and falling and levels[-1] > 0 and levels[0] <= 1):
            remedy = "give three falling numbers above 0 and at most 1: largest, start, stop"
            raise InputError.of("levels", list(levels), remedy)
        if steps < 1:
            raise InputError.of("steps", steps, "give at least 1")
        if not 0 <= conditions < in_channels:
            remedy = f"give a number from 0 to {in_channels - 1}"
            raise InputError.of("conditions", conditions, remedy)
        grid = domain or Grid.periodic(2)
        frames = in_channels - conditions
        moved = tuple(n - frames + out_channels for n in numbers if n >= frames)
        super().__init__(
            create(base, in_channels, out_channels, grid, numbers),
            create(stage, out_channels + conditions, out_channels + 1, grid, moved),
        )
        self.domain, self.frames, self.levels, self.steps = grid, frames, tuple(levels), steps
        self.first = frames - out_channels
        for name, value in (("kept", 0.0), ("scale", 1.0), ("shift", 0.0)):
            self.register_buffer(name, torch.full((out_channels,), value))

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        y: Tensor = self.base(x)
        given, (largest, start, stop) = x[:, self.frames :], self.levels
        state = self.state(x, y)
        noise, logarithm = self.noise_in(state, given)
        found = logarithm.exp().clamp(1e-6, largest).view(-1, *[1] * (y.dim() - 1))
        warm = found > start
        if not (torch.compiler.is_compiling() or warm.is_meta) and not bool(warm.any()):
            return y
        denoised, size = state, found
        for step in range(1, self.steps + 1):
            if step > 1:
                noise, _ = self.noise_in(denoised, given)
            smaller = found * (stop / found) ** (step / self.steps)
            denoised = denoised + (smaller - size) * noise
            size = smaller
        change = (denoised - state) / _fields(self.scale, y)
        return y + torch.where(warm, change, 0.0)

    def state(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the predicted state, in deviations of the fields, of an input and its output."""
        z = _fields(self.scale, y) * y + _fields(self.shift, y)
        if self.first < 0:
            return z
        return z + _fields(self.kept, y) * x[:, self.first : self.frames]

    def noise_in(self, state: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        """Return the noise in a state, scaled to variance 1, and the logarithm of its size.

        Parameters
        ----------
        state
            ``(batch, out_channels, *grid)``, in deviations of the fields.
        given
            Conditions, ``(batch, conditions, *grid)``.
        """
        found = self.stage(torch.cat([state, given], dim=1))
        cells = self.domain.measure(tuple(state.shape[2:]), state)
        return found[:, :-1], mean(found[:, -1:], cells)[:, 0]


def _fields(values: Tensor, like: Tensor) -> Tensor:
    return values.to(like).view(-1, *[1] * (like.dim() - 2))
