"""Factorised weights of a spectral convolution, by name, and the weight of one of many layers.

Source: Kossaifi et al., Multi-Grid Tensorized FNO, 2024, arXiv:2310.00120.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from neurop.errors import InputError, nearest
from neurop.layers.factorized.core import Factorized
from neurop.layers.factorized.cp import CP
from neurop.layers.factorized.tensor_train import TensorTrain
from neurop.layers.factorized.tucker import Tucker

FACTORIZATIONS: dict[str, type[Factorized]] = {"tucker": Tucker, "cp": CP, "tt": TensorTrain}


def factorization(name: str) -> type[Factorized]:
    """Return the factorisation of a name; raise InputError if there is none."""
    if name not in FACTORIZATIONS:
        raise InputError.of("factorization", name, nearest(name, FACTORIZATIONS))
    return FACTORIZATIONS[name]


class LayerSlice(nn.Module):
    """The weight of one of several layers that share a tensor, which the model owns.

    Parameters
    ----------
    joint
        Tensor of all layers.
    layer
        Index of the layer.
    """

    def __init__(self, joint: Factorized, layer: int) -> None:
        super().__init__()
        self._joint = (joint,)  # in a tuple, so that the state contains it once
        self.layer = layer

    def forward(self, c: Tensor, kept: Sequence[int]) -> Tensor:
        """Mix the channels of each mode of packed coefficients."""
        y: Tensor = self._joint[0](c, kept, self.layer)
        return y

    def dense(self, kept: Sequence[int] | None = None) -> Tensor:
        """Return the weight ``(*signed modes, in, 2, out)`` for `kept` frequencies."""
        return self._joint[0].dense(kept, self.layer)


__all__ = [
    "CP",
    "FACTORIZATIONS",
    "Factorized",
    "LayerSlice",
    "TensorTrain",
    "Tucker",
    "factorization",
]
