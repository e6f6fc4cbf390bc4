"""Time to accuracy: the curves, their ratio, and the network of another library in the training."""

import importlib.util
import math

import numpy as np
import pytest
import torch
from raising import raises_input
from torch import nn

from neurop import Field, FieldSet, Grid
from neurop.bench.training import (
    Peer,
    median_curve,
    peer_network,
    points,
    recipe_of,
    times_as_long,
    train_peer,
)

ROWS = [
    {"path": "a", "seed": seed, "budget": budget, "train_seconds": seconds, "error": error}
    for seed, budget, seconds, error in [
        (0, "2s", 2.0, 0.2),
        (0, "1s", 1.0, 0.4),
        (1, "1s", 1.2, 0.5),
        (1, "2s", 2.2, 0.1),
        (2, "1s", 1.1, 0.6),
        (2, "2s", 2.1, 0.3),
    ]
]


def test_curves_are_in_order_of_time() -> None:
    assert points(ROWS[:2], "a") == [(1.0, 0.4), (2.0, 0.2)]
    assert median_curve(ROWS, "a") == [(1.1, 0.5), (2.1, 0.2)]


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_ratio_of_power_laws_is_exact(power: float) -> None:
    ours = [(float(t), t**-power) for t in (1, 3, 10, 70)]
    theirs = [(float(t), (t / 4) ** -power) for t in (20, 80)]  # four times as slow
    assert times_as_long(ours, theirs) == pytest.approx(4.0, rel=1e-8)


def test_a_worse_longer_training_does_not_change_the_ratio() -> None:
    ours = [(1.0, 0.4), (2.0, 0.1), (3.0, 0.2), (4.0, 0.05)]
    assert times_as_long(ours, [(8.0, 0.1)]) == pytest.approx(4.0)
    found = times_as_long(ours, [(8.0, math.sqrt(0.1 * 0.05))])
    assert found == pytest.approx(8 / math.sqrt(3 * 4))
    assert times_as_long(ours, [(8.0, 0.01)]) is None


def test_settings_are_found_by_data_set() -> None:
    assert recipe_of("darcy").gradient == 0.5
    assert recipe_of("unknown") == Peer()
    with raises_input("peer.lr", -1.0, "use 0 or more"):
        Peer(lr=-1.0)
    with raises_input("peer.width", 0, "use 1 or more"):
        Peer(width=0)


def test_a_network_for_spheres_is_refused_on_planes() -> None:
    pytest.importorskip("torch_harmonics")
    with raises_input("paths", "torch-harmonics", "spheres"):
        peer_network("torch-harmonics", (1, 1), Grid.periodic(2), (8, 16), Peer())


@pytest.mark.parametrize("gauss", [True, False])
def test_the_network_of_torch_harmonics_is_for_both_kinds_of_latitudes(gauss: bool) -> None:
    pytest.importorskip("torch_harmonics")
    grid = Grid.latlon(gauss=gauss)
    net = peer_network("torch-harmonics", (3, 2), grid, (8, 16), Peer(width=4, depth=1))
    assert net(torch.zeros(1, 3, 8, 16)).shape == (1, 2, 8, 16)


class Identity(nn.Module):
    """One number times the input, with a state like neuraloperator's, which needs pickle."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(0.5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.factor * x

    def state_dict(self, *args: object, **how: object) -> dict[str, object]:  # type: ignore[override]
        return {**super().state_dict(*args, **how), "_metadata": torch.nn.functional.gelu}  # type: ignore[call-overload]


def test_a_peer_is_trained_and_scored_like_a_surrogate(monkeypatch: pytest.MonkeyPatch) -> None:
    from neurop.bench.training import peers, train

    monkeypatch.setattr(train, "peer_network", lambda *_: peers.PeerNetwork(Identity()))
    rng = np.random.default_rng(0)
    a = rng.standard_normal((24, 1, 1, 16)).astype(np.float32)
    data = FieldSet(a, (Field("a"),), Grid.periodic(1), 3 * a, (Field("u"),))
    cut = {"train": slice(16), "val": slice(16, 20), "test": slice(20, 24)}
    splits = {name: data.samples(part) for name, part in cut.items()}
    found = train_peer("neuraloperator", splits, None, Peer(lr=0.05), "60steps")
    assert found["steps"] == 60
    assert found["train_seconds"] > 0
    # The normalised map is the identity, which one number reaches; the start is half of it.
    assert found["error"] < 0.02


@pytest.mark.skipif(
    importlib.util.find_spec("neuralop") is None, reason="neuraloperator is not installed"
)
def test_the_network_of_neuraloperator_has_the_channels() -> None:
    net = peer_network("neuraloperator", (3, 2), Grid.periodic(2), (16, 16), Peer(modes=4, width=4))
    assert net(torch.zeros(1, 3, 16, 16)).shape == (1, 2, 16, 16)
