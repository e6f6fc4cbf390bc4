r"""Spectral normalisation of the layers, with a filter of the modes, as a projection of weights.

The model itself is unchanged, so the trained surrogate is saved, exported and run like any other.
Source: McCabe, Harrington, Subramanian, Brown, Towards stability of autoregressive neural
operators, TMLR 2023, arXiv:2306.10619.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import lightning
import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.layers.coefficients.block import CoefficientBlock
from neurop.layers.filters.dense import DenseFilter
from neurop.layers.filters.polar import PolarFilter
from neurop.layers.local.conv import PaddedConv
from neurop.layers.local.local_block import LocalBlock
from neurop.layers.spectral.axis_conv import AxisConv
from neurop.layers.spectral.spectral_conv import SpectralConv
from neurop.layers.spectral.spherical_conv import SphericalConv
from neurop.layers.tokens.mode_mlp import ModeMLP
from neurop.spectral import Basis, Fourier
from neurop.training.callbacks.callback import PreparingCallback

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

DAMPING = 24 * math.log(2)
"""Exponent of the filter at k = m, where it is the rounding error of float32."""
ITERATIONS = 4
"""Iterations of the power method after each step of the optimiser."""
ROUNDING = 1e-5
"""Relative accuracy of the bounds."""


def transfer(modes: tuple[int, ...], order: float) -> Tensor:
    r"""Return the exponential filter of a spectral weight's modes, close to 1 for all but the last.

    .. math:: F_k = \prod_d \exp\bigl(-\alpha\,(|k_d| / m_d)^p\bigr), \qquad \alpha = 24 \log 2

    (Gottlieb and Shu, On the Gibbs phenomenon and its resolution, SIAM Review 1997, section 4.)

    Parameters
    ----------
    modes
        Frequencies \|k\| < m per axis.
    order
        Exponent p.

    Returns
    -------
    Tensor
        Filter at the signed frequencies, ``(2 m_1 - 1, ..., m_d)``, in the order 0, .., m-1, -1,
        .., -(m-1).

    Examples
    --------
    >>> transfer((4,), 8.0).round(decimals=3).tolist()
    [1.0, 1.0, 0.937, 0.189]
    """
    filters = [
        torch.exp(-DAMPING * (torch.arange(m, dtype=torch.float64) / m) ** order) for m in modes
    ]
    signed = [torch.cat([f, f[1:]]) for f in filters[:-1]] + filters[-1:]
    product = torch.ones((), dtype=torch.float64)
    for f in signed:
        product = product[..., None] * f
    return product


def channel_matrices(model: nn.Module) -> Iterator[tuple[Tensor, tuple[int, ...] | None]]:
    """Yield every trained weight that mixes channels, and its modes (None for pointwise weights).

    The matrices that mix modes in T1, the U-Net of T1+, and the depthwise filters of
    :mod:`neurop.layers.filters`, whose gain is at most 1 by form, are not among them.

    Raises
    ------
    InputError
        If a layer has a factorised weight, a local kernel or a perceptron of all modes, which have
        no matrix per mode, or a weight for other functions than waves.
    """
    for module in model.modules():
        if any(True for _ in module.parameters()) and not any(
            weight.requires_grad for weight in module.parameters()
        ):
            continue
        if isinstance(module, nn.Linear):
            yield module.weight, None
        elif isinstance(module, AxisConv):
            _check_waves(module.bases)
            yield from (
                (weight, (m,)) for weight, m in zip(module.weights, module.modes, strict=True)
            )
        elif isinstance(module, PaddedConv):
            raise InputError.of(
                "callback",
                "spectral_bound",
                "a local convolution has no matrix per mode to bound; use fno",
            )
        elif isinstance(module, SphericalConv):
            yield module.weight, module.modes[:1]
        elif isinstance(module, SpectralConv):
            if isinstance(module.weight, PolarFilter):
                continue  # of gain at most 1; its matrix is a linear layer
            if isinstance(module.weight, DenseFilter):
                yield module.weight.weight, module.modes
                continue
            if not isinstance(module.weight, nn.Parameter):
                raise InputError.of(
                    "callback",
                    "spectral_bound",
                    "a factorised weight has no matrix per mode to bound; use fno",
                )
            _check_waves(module.bases)
            yield module.weight, module.modes
        elif isinstance(module, LocalBlock):
            raise InputError.of(
                "callback", "spectral_bound", "a local kernel has no matrix per mode; use fno"
            )
        elif isinstance(module, ModeMLP):
            raise InputError.of(
                "callback", "spectral_bound", "a perceptron of all modes has none per mode; use fno"
            )
        elif isinstance(module, CoefficientBlock):
            _check_waves(module.bases)
            yield module.weight, tuple(basis.modes for basis in module.bases)


def _check_waves(bases: Sequence[Basis]) -> None:
    if not all(isinstance(basis, Fourier) for basis in bases):
        raise InputError.of(
            "callback",
            "spectral_bound",
            "the bound is of waves, not of sines, cosines or Chebyshev polynomials; use fno "
            "on uniform points",
        )


def matrices(weight: Tensor) -> Tensor:
    """Return a weight, pointwise or ``(..., in, parts, out)``, as real or complex matrices."""
    if weight.dim() < 4:
        return weight
    return (
        torch.complex(weight[..., 0, :], weight[..., 1, :])
        if weight.shape[-2] == 2
        else weight[..., 0, :]
    )


class SpectralNormBound(PreparingCallback):
    r"""Bound the spectral norm of every channel matrix, after each optimiser step.

    .. math:: W_k \leftarrow W_k \min\bigl(1,\; b\,F_k / \lVert W_k \rVert_2\bigr)

    with :math:`F_k` of :func:`transfer` for the modes of spectral weights, 1 for pointwise ones.
    The norm is followed by a few power iterations per step (Miyato et al., 2018, arXiv:1802.05957),
    which start each epoch from the exact singular vectors, and is exact before each validation,
    hence in every checkpoint and in the surrogate; of averaged weights the average is bounded too.

    Parameters
    ----------
    bound
        Largest norm b, for example 1; None bounds spectral weights only, by F.
    order
        Exponent p of the filter, for example 8; None for one bound for all modes.

    Raises
    ------
    InputError
        If a number is not above 0 or both are None; in :meth:`prepare`, if a layer has weights that
        cannot be bounded: see :func:`channel_matrices`.

    Examples
    --------
    >>> layer = nn.Linear(3, 3)
    >>> _ = nn.init.eye_(layer.weight)
    >>> SpectralNormBound(bound=0.5).hold(layer)
    >>> layer.weight.diagonal().tolist()
    [0.5, 0.5, 0.5]
    """

    def __init__(self, bound: float | None = 1.0, order: float | None = None) -> None:
        for name, value in (("bound", bound), ("order", order)):
            if value is not None and not value > 0:
                raise InputError.of(name, value, "give a number above 0, or null")
        if bound is None and order is None:
            raise InputError.of("bound", None, "give a bound, an order, or leave the callback out")
        self.bound, self.order = bound, order
        self._bounded: list[tuple[Tensor, Tensor]] = []
        self._right: list[Tensor] = []

    def prepare(self, surrogate: Surrogate) -> None:
        """Reduce the weights of a surrogate to their bounds, and keep them there."""
        self.hold(surrogate)

    def hold(self, model: nn.Module) -> None:
        """Reduce the weights of a module to their bounds, and keep them there."""
        bound, order = self.bound, self.order
        self._bounded = []
        for weight, modes in channel_matrices(model):
            if modes is None and bound is None:
                continue
            limit = torch.ones(()) if modes is None or order is None else transfer(modes, order)
            self._bounded.append((weight, (limit * (1.0 if bound is None else bound)).to(weight)))
        self.exact()

    @torch.no_grad()
    def exact(self) -> None:
        """Reduce all norms to their bounds exactly, and store the singular vectors."""
        self._right = []
        for weight, limit in self._bounded:
            _, sigma, right = torch.linalg.svd(matrices(weight), full_matrices=False)
            self._right.append(right[..., 0, :].conj().resolve_conj())
            _shrink(weight, limit, sigma[..., 0])

    @torch.no_grad()
    def follow(self) -> None:
        """Reduce the norms to their bounds by a few power iterations."""
        for i, (weight, limit) in enumerate(self._bounded):
            matrix, right = matrices(weight), self._right[i][..., None]
            for _ in range(ITERATIONS):
                left = nn.functional.normalize(matrix @ right, dim=-2)
                image = matrix.mH @ left
                right = nn.functional.normalize(image, dim=-2)
            self._right[i] = right[..., 0]
            _shrink(weight, limit, torch.linalg.vector_norm(image[..., 0], dim=-1))

    def on_fit_start(self, *_: Any) -> None:
        """Move the bounds to the device of the training."""
        self._bounded = [(weight, limit.to(weight)) for weight, limit in self._bounded]

    def on_train_epoch_start(self, *_: Any) -> None:
        """Start each epoch from the exact singular vectors."""
        self.exact()

    def on_train_batch_end(self, *_: Any) -> None:
        """Apply the bounds after a step of the optimiser."""
        self.follow()

    def on_validation_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Apply the bounds exactly before validation and checkpoints."""
        # Not before the trial batches, which a resumed run has in addition.
        if not trainer.sanity_checking:
            self.exact()

    def on_validation_epoch_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Apply the bounds to averaged weights, which have taken the place of the others."""
        averaged = any(isinstance(one, WeightAveraging) for one in trainer.callbacks)  # type: ignore[attr-defined]
        if averaged and not trainer.sanity_checking:
            right = self._right
            self.exact()
            self._right = right  # those of the weights that the training goes on with


def _shrink(weight: Tensor, limit: Tensor, sigma: Tensor) -> None:
    # Norms at their bound up to rounding are unchanged, so that a second projection, as in a
    # resumed run, is bit-identical.
    factor = torch.where(sigma > limit * (1 + ROUNDING), limit / sigma, 1.0)
    weight.mul_(factor.reshape(*factor.shape, *[1] * (weight.dim() - factor.dim())))
