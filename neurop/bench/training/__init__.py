"""Time to accuracy: errors after trainings of several lengths, compared with other libraries."""

from neurop.bench.training.curve import median_curve, points, times_as_long
from neurop.bench.training.peers import PEERS, Peer, peer_network
from neurop.bench.training.recipes import recipe_of
from neurop.bench.training.train import train_peer, untrained

__all__ = [
    "PEERS",
    "Peer",
    "median_curve",
    "peer_network",
    "points",
    "recipe_of",
    "times_as_long",
    "train_peer",
    "untrained",
]
