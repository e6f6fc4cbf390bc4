"""Training of the network of another library, with the training of this one."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import redirect_stdout
from functools import partial
from typing import Any

import torch

from neurop.bench.training.peers import Peer, peer_network
from neurop.errors import InputError
from neurop.evaluation.headline import headline
from neurop.fields.fieldset import FieldSet
from neurop.models import FNO
from neurop.objectives.regression import Regression
from neurop.problems import Problem
from neurop.surrogate import Surrogate
from neurop.training.callbacks.timer import Timer
from neurop.training.fit import fit


def untrained(path: str, train: FieldSet, problem: Problem | None, peer: Peer) -> Surrogate:
    """Return a surrogate whose network is one of another library.

    Parameters
    ----------
    path
        One of :data:`neurop.bench.training.PEERS`.
    train
        Training split.
    problem
        Map or evolution; by default that of the data.
    peer
        Size of the network.

    Raises
    ------
    InputError
        If the library is not installed, its network is not for this grid, or the data have
        parameters, which its network does not take.
    """
    surrogate = Surrogate.of(train, FNO.spec(modes=1, width=1, depth=1), problem)
    card = surrogate.card
    if card.number_channels:
        raise InputError.of("paths", path, "its network takes no parameters of samples")
    channels = card.in_channels, card.out_channels
    surrogate.net = peer_network(path, channels, card.grid, train.shape, peer)
    return surrogate


def train_peer(
    path: str,
    splits: Mapping[str, FieldSet],
    problem: Problem | None,
    peer: Peer,
    budget: str,
    seed: int = 0,
) -> dict[str, Any]:
    """Train a network of another library for a time, and return its error on the test split.

    Data, normalisation, prediction of increments, relative error as loss, schedule, gradient
    clipping and choice of the best epoch are those of :func:`neurop.fit`; network, optimizer
    settings and batches are its own.

    Parameters
    ----------
    path
        One of :data:`neurop.bench.training.PEERS`.
    splits
        Splits ``train``, ``val`` and ``test``.
    problem
        Map or evolution; by default that of the data.
    peer
        Size and training.
    budget
        Time or steps, as for :func:`neurop.fit`.
    seed
        Of weights and batches.

    Raises
    ------
    InputError
        As :func:`untrained`.
    """
    timer = Timer()
    torch.manual_seed(seed)
    surrogate = untrained(path, splits["train"], problem, peer)
    with redirect_stdout(io.StringIO()):  # the lines of epochs would be among those of the bench
        fit(
            surrogate,
            {name: splits[name] for name in ("train", "val")},
            Regression(gradient=peer.gradient),
            budget=budget,
            batch_size=peer.batch_size,
            # PyTorch's fused AdamW takes no complex weights.
            optimizer=partial(torch.optim.AdamW, lr=peer.lr, weight_decay=peer.weight_decay),
            callbacks=[timer],
            seed=seed,
        )
    record = timer.record()
    error = next(value for name, value in headline(surrogate, splits["test"]))
    return {"steps": record["steps"], "train_seconds": record["train_seconds"], "error": error}
