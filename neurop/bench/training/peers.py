"""Networks of other libraries, in the place of the network of a surrogate."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from neurop.bench.peer import HINT, available, peer_fno
from neurop.errors import InputError
from neurop.extras import advice
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.models import GridOperator

PEERS = ("neuraloperator", "torch-harmonics")
LATITUDES = {"gauss": "legendre-gauss", "ends": "equiangular"}
"""Names of torch-harmonics for the layouts of latitudes."""


@dataclass(frozen=True)
class Peer:
    """Size and training of a network of another library.

    Parameters
    ----------
    modes, width, depth
        Of neuraloperator's FNO, in the sense of :class:`neurop.models.FNO`; `modes` is not used by
        the network of torch-harmonics, which keeps all modes of its inner grid.
    padding
        Share by which neuraloperator's network pads each side of the domain.
    lr, weight_decay, batch_size
        Of AdamW with a cosine schedule after a warm-up.
    gradient
        Weight of the relative error of the gradient in the loss (its H1 loss), next to that of the
        values.

    Raises
    ------
    InputError
        For a number out of its bounds.
    """

    modes: int = 16
    width: int = 32
    depth: int = 4
    padding: float = 0.0
    lr: float = 4e-3
    weight_decay: float = 1e-4
    batch_size: int = 4
    gradient: float = 0.0

    def __post_init__(self) -> None:
        for name in ("modes", "width", "depth", "batch_size"):
            if getattr(self, name) < 1:
                raise InputError.of(f"peer.{name}", getattr(self, name), "use 1 or more")
        for name in ("padding", "lr", "weight_decay", "gradient"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise InputError.of(f"peer.{name}", getattr(self, name), "use 0 or more")


class PeerNetwork(GridOperator):
    """A network of another library.

    Parameters
    ----------
    net
        Module from fields to fields, ``(batch, channels, *grid)``.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        # neuraloperator's adds its constructor's arguments, which are not loaded without pickle.
        net.__dict__["state_dict"] = partial(nn.Module.state_dict, net)
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of the network."""
        out: Tensor = self.net(x)
        return out


def _require(path: str) -> None:
    if path == "neuraloperator" and not available():
        raise InputError.of("paths", path, HINT)
    if path == "torch-harmonics" and importlib.util.find_spec("torch_harmonics") is None:
        raise InputError.of("paths", path, f"not installed; {advice('torch-harmonics')}")


def peer_network(
    path: str, channels: tuple[int, int], grid: Grid, shape: Sequence[int], peer: Peer
) -> PeerNetwork:
    """Return a new network of another library.

    Parameters
    ----------
    path
        ``neuraloperator``, its FNO, or ``torch-harmonics``, the SFNO of its examples.
    channels
        Of input and output.
    grid
        Domain of the data.
    shape
        Points of the data.
    peer
        Size of the network.

    Raises
    ------
    InputError
        If the library is not installed, or its network is not for this grid.
    """
    _require(path)
    if path == "neuraloperator":
        modes = tuple(min(peer.modes, n // 2) for n in shape)
        return PeerNetwork(peer_fno(modes, channels, peer.width, peer.depth, peer.padding or None))
    kind = LATITUDES.get(grid.axes[0].layout) if isinstance(grid, Sphere) else None
    if kind is None:
        remedy = "its network is for spheres with Gauss latitudes or both poles; leave it out"
        raise InputError.of("paths", path, remedy)
    from torch_harmonics.examples.models import SphericalFourierNeuralOperator

    return PeerNetwork(
        SphericalFourierNeuralOperator(
            img_size=tuple(shape),
            grid=kind,
            grid_internal="legendre-gauss",
            scale_factor=1,
            in_chans=channels[0],
            out_chans=channels[1],
            embed_dim=peer.width,
            num_layers=peer.depth,
            use_mlp=True,
            mlp_ratio=2.0,
        )
    )
