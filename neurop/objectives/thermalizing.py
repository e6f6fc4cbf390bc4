"""Training of a thermalizer: the noise in single states, and its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.fields.noise_basis import resolved, white
from neurop.inference.domain import measure
from neurop.inference.network_input import network_input
from neurop.metrics.norms import mean
from neurop.models.thermalized import Thermalized
from neurop.objectives.objective import Objective

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate
    from neurop.transforms.transform import Batch


class Thermalizing(Objective):
    r"""Mean square errors of the noise that a stage finds in a state, and of its logarithmic size.

    .. math:: \lVert \varepsilon - \varepsilon_S(z + \sigma\,\varepsilon) \rVert^2
       + \bigl(\ln \hat\sigma_S(z + \sigma\,\varepsilon) - \ln \sigma\bigr)^2

    with z the state of the first target frame in deviations of the fields, :math:`\varepsilon`
    white noise of variance 1 up to the modes of the grid, and :math:`\ln\sigma` uniform from a
    quarter of the smallest to the largest level of :class:`neurop.models.Thermalized`. The first
    term is 1 for a stage that finds nothing. The validation has the same loss, and the weights of
    its smallest value are kept; ``val/relative_l2`` is the error of predictions.

    For surrogates of :func:`neurop.refinement.thermalizer`.

    Examples
    --------
    >>> from neurop import Field, FieldSet, Grid, Surrogate
    >>> from neurop.refinement import thermalizer
    >>> data = FieldSet(np.random.randn(2, 3, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> refined = thermalizer(Surrogate.of(data, "fno"), data)
    >>> u = torch.as_tensor(data.values, dtype=torch.float32)
    >>> batch = {"input": u[:, :1], "target": u[:, 1:]}
    >>> sorted(Thermalizing()(refined, batch, np.random.default_rng(0)))
    ['noise', 'size']

    References
    ----------
    Pedersen, Zanna, Bruna, Thermalizer, ICML 2025, arXiv:2503.18731; without the size as an input
    of the network: Sun et al., Is noise conditioning necessary for denoising generative models?,
    ICML 2025, arXiv:2502.13129.
    """

    monitor = "thermalizing"

    def __init__(self) -> None:
        super().__init__()

    def check(self, surrogate: Surrogate) -> None:
        """Raise InputError unless the surrogate has a stage that finds noise in states."""
        super().check(surrogate)
        if not isinstance(surrogate.net, Thermalized):
            remedy = "a surrogate of neurop refine method=thermalizer is needed"
            raise InputError.of("objective", "Thermalizing", remedy)

    def forward(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Return the errors of noise and size, means over the examples."""
        net, card = surrogate.net, surrogate.card
        assert isinstance(net, Thermalized)
        target = batch["target"][:, 0]
        given = batch["given"][:, 0] if "given" in batch else None
        conditions = network_input(surrogate, batch["input"].flatten(1, 2), given)[:, net.frames :]
        state = surrogate.input_norm(target)
        modes = resolved(card.grid, state.shape[2:])
        waves = white(card.grid, state.shape[2:], modes, state.shape[:2], rng)
        noise = torch.from_numpy(waves).to(state)
        largest, _, stop = net.levels
        drawn = rng.uniform(np.log(stop / 4), np.log(largest), len(state))
        size = torch.from_numpy(drawn).to(state).exp()
        noisy = state + size.view(-1, *[1] * (state.dim() - 1)) * noise
        found, logarithm = net.noise_in(noisy, conditions)
        error = mean((found - noise).square(), measure(card, target, given))
        return {"noise": error.mean(), "size": (logarithm - size.log()).square().mean()}

    def scores(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Return the loss of a validation batch."""
        terms = self.forward(surrogate, batch, rng)
        return {self.monitor: torch.stack(list(terms.values())).sum()}
