"""The last linear layer of a network, and a Gaussian distribution of its weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from neurop.errors import InputError
from neurop.inference.evaluating import evaluating
from neurop.inference.network_input import network_input

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

ROUNDS = 500
"""Largest number of iterations to the best precisions."""
CLOSE = 1e-3
"""Largest relative difference between a network and its last layer applied to the features."""


def find_last_layer(surrogate: Surrogate) -> str:
    """Return the name of the last layer of the network with a weight per output channel.

    Raises
    ------
    InputError
        If there is none.
    """
    name = last_linear(surrogate.net, surrogate.card.out_channels)
    if name is None:
        raise InputError.of("model", surrogate.name, "it has no last linear layer")
    return name


def last_linear(net: nn.Module, channels: int) -> str | None:
    """Return the name of the last layer of a network with so many rows of weights; None if none.

    Also if not every output is that of one last layer, as in a mixture.
    """
    if not all(getattr(part, "one_last_layer", True) for part in net.modules()):
        return None
    for name, layer in reversed(list(net.named_modules())):
        weight = layer._parameters.get(_rows(layer))
        if weight is not None and weight.dim() > 1 and len(weight) == channels:
            return name
    return None


def features(surrogate: Surrogate, layer: str, z: Tensor) -> Tensor:
    r"""Return the fields :math:`\phi` of which the output is a linear combination.

    .. math:: \mathcal{N}_c(z) = \sum_i W_{ci}\, \phi_i(z)

    The network is called once with the identity as the weight of the layer.

    Parameters
    ----------
    surrogate
        Surrogate.
    layer
        Name of the layer; see :func:`find_last_layer`.
    z
        Input of the network, ``(batch, channels, *grid)``.

    Returns
    -------
    Tensor
        ``(batch, weights per channel, *grid)``; the last is 1 if the layer has a bias.

    Raises
    ------
    InputError
        If the output of the network is no such combination.
    """
    net = surrogate.net
    weight, bias = _weights(net, layer)
    count = weight[0].numel()
    identity = torch.eye(count).to(weight).view(count, *weight.shape[1:])
    given = {f"{layer}.{_rows(net.get_submodule(layer))}": identity}
    if bias is not None:
        given[f"{layer}.bias"] = bias.new_zeros(count)
    remedy = "its output is not linear in its last layer; calibrate it by another method"
    try:
        found = functional_call(net, given, (z,))
    except RuntimeError as error:
        raise InputError.of("model", surrogate.name, remedy) from error
    if bias is not None:
        found = torch.cat([found, torch.ones_like(found[:, :1])], 1)
    expected = net(z)
    combined = torch.einsum("ci,bi...->bc...", matrix(net, layer), found)
    if not (combined - expected).abs().max() <= CLOSE * expected.abs().max():
        raise InputError.of("model", surrogate.name, remedy)
    return found


def matrix(net: nn.Module, layer: str) -> Tensor:
    """Return the weights of the layer, ``(out channels, weights per channel)``, bias last."""
    weight, bias = _weights(net, layer)
    rows = weight.flatten(1)
    return rows if bias is None else torch.cat([rows, bias[:, None]], 1)


@dataclass(frozen=True, eq=False)
class LastLayerPosterior:
    r"""Gaussian distribution of the weights of the last layer about those of the surrogate.

    The weights of output channel c have the covariance :math:`V\,\mathrm{diag}(s_c)\,V^\top`.

    Parameters
    ----------
    surrogate
        Trained surrogate.
    layer
        Name of its last layer.
    vectors
        Matrix V of the principal axes in its columns, ``(weights, weights)``.
    variances
        Variances s along them, ``(out channels, weights)``.
    noise
        Standard deviation of the truth about the network, in units of the output normaliser, ``(out
        channels,)``.
    fit
        Precision of the prior and effective number of points per function of each channel.
    """

    surrogate: Surrogate
    layer: str
    vectors: Tensor
    variances: Tensor
    noise: Tensor
    fit: Mapping[str, Tensor]

    def std(self, x: Tensor, given: Tensor | None = None, noise: bool = True) -> Tensor:
        """Return the predictive standard deviation of one step, ``(batch, channels, *grid)``.

        Constraints on the predictions are not applied to it.

        Parameters
        ----------
        x, given
            Inputs of the surrogate, on any grid.
        noise
            Whether to include the deviation of the truth about the network, rather than that of the
            weights alone.
        """
        s = self.surrogate
        with evaluating(s):
            phi = features(s, self.layer, network_input(s, x, given)).double()
            along = torch.einsum("pi,bp...->bi...", self.vectors, phi).square()
            variance = torch.einsum("ci,bi...->bc...", self.variances, along)
            if noise:
                variance = variance + self.noise.square().view(-1, *[1] * (x.dim() - 2))
            size = variance.sqrt().to(x)
            return s.output_norm.inverse(size) - s.output_norm.inverse(torch.zeros_like(size))

    def member(self, seed: int = 0) -> Surrogate:
        """Return a surrogate with weights drawn from the distribution: one function on all grids.

        Raises
        ------
        InputError
            If the seed is negative.
        """
        if seed < 0:
            raise InputError.of("seed", seed, "give 0 or more")
        drawn = np.random.default_rng(seed).standard_normal(self.variances.shape)
        change = (torch.from_numpy(drawn) * self.variances.cpu().sqrt()) @ self.vectors.cpu().T
        made = copy.copy(self.surrogate)
        made._modules = {**made._modules, "net": copy.deepcopy(made.net)}
        weight, bias = _weights(made.net, self.layer)
        with torch.no_grad():
            count = weight[0].numel()
            weight += change[:, :count].view(weight.shape).to(weight)
            if bias is not None:
                bias += change[:, count].to(bias)
        return made

    def sample(self, x: Tensor, members: int, given: Tensor | None = None, seed: int = 0) -> Tensor:
        """Return predictions with drawn weights, ``(member, batch, channels, *grid)``.

        The noise about the network is not included.
        """
        if members < 1:
            raise InputError.of("members", members, "give at least 1")
        several = [self.member(seed * 2**20 + number) for number in range(members)]
        with evaluating(self.surrogate):
            return torch.stack([one(x, given=given) for one in several])


def _weights(net: nn.Module, layer: str) -> tuple[Tensor, Tensor | None]:
    found = net.get_submodule(layer)
    weight, bias = found._parameters[_rows(found)], found._parameters.get("bias")
    assert weight is not None
    return weight, bias


def _rows(layer: nn.Module) -> str:
    """Return the name of the weight with a row per output channel."""
    return str(getattr(layer, "rows", "weight"))


def evidence(
    eigenvalues: Tensor,
    squares: Tensor,
    misfit: Tensor,
    count: float,
    precision: float | None = None,
    noise: float | None = None,
) -> tuple[Tensor, Tensor]:
    r"""Return the precisions of prior and noise that maximise the marginal likelihood.

    With the eigenvalues :math:`\lambda_i` of :math:`\sum \phi\phi^\top`, the fixed point of

    .. math:: \gamma = \sum_i \frac{\beta\lambda_i}{\beta\lambda_i + \tau}, \qquad
       \tau = \frac{\gamma}{|W|^2}, \qquad \beta = \frac{n - \gamma}{\sum r^2}.

    Parameters
    ----------
    eigenvalues
        ``(weights,)``, of the sum over all points.
    squares, misfit
        Squared norms of the weights and of the residuals, scalars.
    count
        Number of points n.
    precision, noise
        Given :math:`\tau` and :math:`\beta^{-1/2}`, which stay as they are.

    Raises
    ------
    InputError
        If there are fewer points than well-determined weights.

    References
    ----------
    MacKay, Bayesian interpolation, Neural Computation 4 (1992) 415, equations 4.10 and 4.11.
    """
    tau = torch.ones_like(squares) if precision is None else precision * torch.ones_like(squares)
    beta = count / misfit if noise is None else noise**-2 * torch.ones_like(squares)
    for _ in range(ROUNDS):
        gamma = (beta * eigenvalues / (beta * eigenvalues + tau)).sum()
        if noise is None and gamma >= count:
            remedy = f"{math.ceil(float(gamma))} weights are determined by them; give more data"
            raise InputError.of("points", round(float(count), 1), remedy)
        before = tau, beta
        tau = gamma / squares if precision is None else tau
        beta = (count - gamma) / misfit if noise is None else beta
        if all(abs(float(a / b) - 1) < 1e-10 for a, b in zip((tau, beta), before, strict=True)):
            break
    return tau, beta
