"""Laplace approximation of the last layer: predictive deviations of a trained surrogate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.evaluation.batches import check_compatible, iterate_pairs
from neurop.fields.fieldset import FieldSet
from neurop.inference.diagnostics import base
from neurop.inference.domain import measure
from neurop.inference.evaluating import evaluating
from neurop.inference.last_layer import (
    LastLayerPosterior,
    evidence,
    features,
    find_last_layer,
    matrix,
)
from neurop.inference.network_input import network_input
from neurop.metrics.measure import Measure, Weights

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

KEPT = 256
"""Residual functions from which the effective number of points is estimated."""


def laplace(
    surrogate: Surrogate,
    data: FieldSet,
    precision: float | None = None,
    noise: float | None = None,
    points: float | None = None,
    batch_size: int = 16,
) -> LastLayerPosterior:
    r"""Return the Laplace approximation of the posterior of the weights of the last layer.

    The network is linear in its last layer, so the generalised Gauss-Newton matrix is the exact
    Hessian of the squared error. With features :math:`\phi` (:func:`neurop.inference.last_layer.
    features`), the precision of the weights of a channel is

    .. math:: A = \frac{\nu}{\sigma^2} \sum_n \langle w\, \phi_n \phi_n^\top \rangle + \tau I,
       \qquad
       \mathrm{var}\; u(x) = \phi(x)^\top A^{-1} \phi(x) + \sigma^2

    in units of the output normaliser. The points of one function are not independent: with residual
    functions r of covariance C, they count as :math:`\nu = (\mathrm{tr}\,C)^2 / \mathrm{tr}\,C^2`,
    so that the result does not depend on the resolution of the data. Without given values,
    :math:`\tau` and :math:`\sigma` maximise the marginal likelihood.

    Parameters
    ----------
    surrogate
        Trained surrogate.
    data
        Training data; on held-out data :math:`\sigma` includes the error of generalisation.
    precision
        Precision :math:`\tau` of the prior of the weights.
    noise
        Deviation :math:`\sigma` of the truth about the network.
    points
        Effective number :math:`\nu` of points per function.
    batch_size
        Number of inputs per call of the network.

    Raises
    ------
    InputError
        If the network is not linear in its last layer, the data do not fit the surrogate, or a
        number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, Grid, Surrogate, models
    >>> data = FieldSet(np.random.randn(9, 9, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> posterior = laplace(Surrogate.of(data, models.FNO.spec(modes=4, width=4)), data)
    >>> posterior.std(torch.zeros(2, 1, 16)).shape
    torch.Size([2, 1, 16])

    References
    ----------
    Kristiadi et al., Being Bayesian, even just a bit, fixes overconfidence in ReLU networks, 2020,
    arXiv:2002.10118; Daxberger et al., Laplace redux, 2021, arXiv:2106.14806; Magnani et al.,
    Linearization turns neural operators into function-valued Gaussian processes, 2024,
    arXiv:2406.05072.
    """
    for name, value in (("precision", precision), ("noise", noise), ("points", points)):
        if value is not None and not value > 0:
            raise InputError.of(name, value, "give a number above 0")
    data = check_compatible(surrogate, data)
    layer = find_last_layer(surrogate)
    gram, misfit, functions, count = torch.zeros(()), torch.zeros(()), [], 0
    with evaluating(surrogate):
        for x, y, given in iterate_pairs(surrogate, data, batch_size):
            phi = features(surrogate, layer, network_input(surrogate, x, given)).double()
            weights = _flat(measure(surrogate.card, y, given), y)
            z = phi.flatten(2)
            gram = gram + torch.einsum("bpx,bqx,bx->pq", z, z, weights.expand(len(z), -1))
            net = torch.einsum("ci,bi...->bc...", matrix(surrogate.net, layer).double(), phi)
            residual = (_target(surrogate, x, y) - net).flatten(2) * weights[:, None].sqrt()
            misfit = misfit + residual.square().sum((0, 2))
            if count < KEPT:
                functions.append(residual[: KEPT - count])
            count += len(x)
    eigenvalues, vectors = torch.linalg.eigh(gram)
    eigenvalues = eigenvalues.clamp_min(0)
    weights_of = matrix(surrogate.net, layer).detach().double()
    rows: list[list[Tensor]] = []
    for channel, each in enumerate(torch.cat(functions).unbind(1)):
        nu = _effective(each) if points is None else torch.tensor(float(points)).to(gram)
        known, square = nu * eigenvalues, weights_of[channel].square().sum()
        tau, beta = evidence(
            known, square, nu * misfit[channel], float(nu) * count, precision, noise
        )
        rows.append([1 / (beta * known + tau), beta**-0.5, tau, nu])
    variances, deviation, taus, nus = (torch.stack(column) for column in zip(*rows, strict=True))
    fit = {"precision": taus, "points": nus}
    return LastLayerPosterior(surrogate, layer, vectors, variances, deviation, fit)


def _flat(weights: Weights, like: Tensor) -> Tensor:
    """Return the cell measure of sum 1, ``(batch or 1, points)``."""
    w = weights.over(like).flatten(1) if isinstance(weights, Measure) else weights.flatten()[None]
    return w.to(like) / w.shape[1]


def _target(surrogate: Surrogate, x: Tensor, y: Tensor) -> Tensor:
    """Return what the network should have predicted, in units of the output normaliser."""
    card = surrogate.card
    if card.problem.increments:
        y = y - base(card, x[:, -card.out_channels :]).to(y)
    zero = surrogate.output_norm.inverse(torch.zeros_like(y).to(x)).to(y)
    one = surrogate.output_norm.inverse(torch.ones_like(y).to(x)).to(y)
    return (y - zero) / (one - zero)


def _effective(functions: Tensor) -> Tensor:
    """Return the effective number of independent points of residuals ``(function, point)``."""
    products = functions @ functions.T
    size = products.diagonal().mean()
    apart = products - torch.diag(products.diagonal())
    pairs = len(functions) * (len(functions) - 1)
    if not pairs:
        return torch.ones_like(size)
    found = size.square() / (apart.square().sum() / pairs)
    return found.clamp(1.0, float(functions.shape[1]))
