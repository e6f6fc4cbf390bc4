"""Settings of the networks of other libraries, by data set."""

from neurop.bench.training.peers import Peer

RECIPES = {
    "navier_stokes": Peer(modes=16, width=24, lr=4e-3, batch_size=4),
    "darcy": Peer(modes=16, width=32, padding=0.1, lr=4e-3, batch_size=8, gradient=0.5),
    "shallow_water": Peer(width=32, lr=2e-3, batch_size=4),
}
"""Starting values near those of neurop for the same data; `peer.lr=` etc. tune them."""


def recipe_of(name: str) -> Peer:
    """Return the settings for a data set; the defaults if there are none for it.

    Examples
    --------
    >>> recipe_of("darcy").padding
    0.1
    """
    return RECIPES.get(name, Peer())
