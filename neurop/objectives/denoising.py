"""Training of a denoising stage: its estimate of the noise in a noisy target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.inference.diagnostics import base
from neurop.inference.domain import inside, measure
from neurop.inference.network_input import network_input
from neurop.metrics.norms import mean
from neurop.models.denoised import Denoised
from neurop.objectives.objective import Objective

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate
    from neurop.transforms.transform import Batch


class Denoising(Objective):
    r"""Mean square error of the noise that a stage finds in a noisy target.

    .. math:: \lVert \varepsilon - S[a,\; z + \sigma_k\,\varepsilon,\; k] \rVert^2,
       \qquad k \text{ uniform in } 1, \dots, K

    with z the normalised target of the network (the increment, if the surrogate predicts one) and
    :math:`\varepsilon` white noise of variance 1, other for each example and step of the training.
    It is 1 for a stage that finds nothing. The base does not enter. Of several target frames the
    first is used. ``val/relative_l2`` is the error of predictions, all steps included.

    For surrogates of :func:`neurop.refinement.denoising`.

    Examples
    --------
    >>> from neurop import Field, FieldSet, Grid, Surrogate
    >>> from neurop.refinement import denoising
    >>> data = FieldSet(np.random.randn(2, 3, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> refined = denoising(Surrogate.of(data, "fno"), data)
    >>> u = torch.as_tensor(data.values, dtype=torch.float32)
    >>> batch = {"input": u[:, :1], "target": u[:, 1:]}
    >>> Denoising()(refined, batch, np.random.default_rng(0))["denoising"].shape
    torch.Size([])

    References
    ----------
    Lippe et al., PDE-Refiner, NeurIPS 2023, arXiv:2308.05732, section 3.1.
    """

    def __init__(self) -> None:
        super().__init__()

    def check(self, surrogate: Surrogate) -> None:
        """Raise InputError unless the surrogate has a stage that finds noise."""
        super().check(surrogate)
        if not isinstance(surrogate.net, Denoised):
            remedy = "a surrogate of neurop refine method=denoising is needed"
            raise InputError.of("objective", "Denoising", remedy)

    def forward(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Return the error of the noise of one step per example."""
        net, card = surrogate.net, surrogate.card
        assert isinstance(net, Denoised)
        x, target = batch["input"].flatten(1, 2), batch["target"][:, 0]
        given = batch["given"][:, 0] if "given" in batch else None
        z = target - base(card, x[:, -card.out_channels :]) if card.problem.increments else target
        z, domain = surrogate.output_norm(z), inside(card, given)
        noise = net.white(z, rng)
        steps = len(net.sigmas)
        number = torch.from_numpy(rng.integers(1, steps + 1, len(z))).to(z)
        sigma = z.new_tensor(net.sigmas)[number.long() - 1].view(-1, *[1] * (z.dim() - 1))
        noisy = z + sigma * noise
        if domain is not None:
            noisy = torch.where(domain[:, None], noisy, 0.0)
        found = net.noise_in(network_input(surrogate, x, given), noisy, number)
        error = mean((found - noise).square(), measure(card, target, given))
        return {"denoising": error.mean()}
