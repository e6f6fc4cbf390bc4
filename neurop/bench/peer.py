"""The layer and model of neuraloperator, with neurop's weights in the layer for equal functions."""

from __future__ import annotations

import copy
import importlib.util
from typing import Any

import torch
from torch import Tensor, nn

from neurop.bench.cases import Case
from neurop.bench.fft import complex_weight, real_weight
from neurop.errors import InputError
from neurop.extras import advice
from neurop.layers import SpectralConv

HINT = f"neuraloperator is not installed; {advice('neuraloperator')}"


def available() -> bool:
    """Return whether neuraloperator is installed."""
    return importlib.util.find_spec("neuralop") is not None


def peer_layer(conv: SpectralConv) -> nn.Module:
    """Return neuraloperator's SpectralConv with the weights of `conv`.

    Its weights are complex, ``(in, out, *frequencies)``, zero frequency in the middle of each
    leading axis.
    """
    _require()
    from neuralop.layers.spectral_convolution import SpectralConv as Peer

    channels_in, _, channels_out = conv.weight.shape[-3:]
    peer = Peer(channels_in, channels_out, n_modes=_total(conv.modes), bias=False)
    with torch.no_grad():
        _tensor(peer).copy_(complex_weight(conv))
    return peer


def peer_model(case: Case, depth: int) -> nn.Module:
    """Return neuraloperator's FNO of the same modes, width and depth, otherwise with defaults."""
    return peer_fno(case.bands, (1, 1), case.width, depth)


def peer_fno(
    modes: tuple[int, ...],
    channels: tuple[int, int],
    width: int,
    depth: int,
    padding: float | None = None,
) -> nn.Module:
    """Return neuraloperator's FNO.

    Parameters
    ----------
    modes
        Modes per axis, as neurop counts them.
    channels
        Of input and output.
    width, depth
        Hidden channels, and number of blocks.
    padding
        Share by which each side of the domain is padded.
    """
    _require()
    from neuralop.models import FNO

    return FNO(
        n_modes=_total(modes),
        in_channels=channels[0],
        out_channels=channels[1],
        hidden_channels=width,
        n_layers=depth,
        domain_padding=padding,
    )


def in_float64(model: nn.Module, case: Case) -> nn.Module:
    """Return the function of a neuraloperator model in double precision.

    Its own convolution always computes in single precision; here each is replaced by the
    double-precision layer of the same weights.
    """
    exact: Any = copy.deepcopy(model)
    convs = exact.fno_blocks.convs
    for i, conv in enumerate(convs):
        convs[i] = _Exact(conv, case)
    return exact.double()


class _Exact(nn.Module):
    def __init__(self, peer: Any, case: Case) -> None:
        super().__init__()
        self.conv = SpectralConv(peer.in_channels, peer.out_channels, case.bands)
        self.conv.weight.data = real_weight(_tensor(peer), self.conv)
        self.bias = peer.bias

    def transform(self, x: Tensor, output_shape: object = None) -> Tensor:
        return x

    def forward(self, x: Tensor, output_shape: object = None) -> Tensor:
        y = self.conv(x)
        return y if self.bias is None else y + self.bias


def _tensor(peer: Any) -> Tensor:
    """Return the complex weights of one of neuraloperator's convolutions, without a copy."""
    return peer.weight.to_tensor().detach()


def _total(modes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the frequencies of both signs per axis, as neuraloperator counts them."""
    return tuple(2 * m - 1 for m in modes)


def _require() -> None:
    if not available():
        raise InputError.of("paths", "neuraloperator", HINT)
