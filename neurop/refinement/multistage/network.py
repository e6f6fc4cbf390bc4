"""The sum of the stages, as a function and as a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.model_folder import CARD, check_shapes, check_weights, read_folder, write_folder
from neurop.refinement.multistage.stage import Stage

KIND = "multistage"


class MultistageNetwork(nn.Module):
    r"""Sum of stages, :math:`u(x) = \sum_s \epsilon_s N_s(x)`, in float64.

    Parameters
    ----------
    domain
        Lower and upper bound of every axis.

    Attributes
    ----------
    records
        What each stage was made with: ``scale``, ``width``, ``depth``, ``kappa``, ``activation``,
        and the dominant ``frequency`` of its target on every axis (cycles per length of it).

    Shape
    -----
    Input ``(..., axes)``, or ``(...)`` with one axis; output ``(...)``. Points are taken to
    float64.

    Examples
    --------
    >>> network = MultistageNetwork(((-1, 1),))
    >>> network(torch.ones(2)).tolist()
    [0.0, 0.0]
    """

    def __init__(self, domain: Sequence[Sequence[float]]) -> None:
        super().__init__()
        self.domain = [[float(value) for value in bounds] for bounds in domain]
        self.stages = nn.ModuleList()
        self.records: list[dict[str, Any]] = []

    def append(self, stage: Stage, record: dict[str, Any]) -> None:
        """Add a stage and its record, and freeze it."""
        self.stages.append(stage.requires_grad_(False))
        self.records.append(record)

    def first(self, count: int) -> MultistageNetwork:
        """Return the sum of the first stages; their weights are shared."""
        part = MultistageNetwork(self.domain)
        part.stages.extend(self.stages[:count])
        part.records.extend(self.records[:count])
        return part

    def forward(self, x: Tensor) -> Tensor:
        """Return the values at points."""
        x = x.double()
        if len(self.domain) == 1 and (x.ndim == 0 or x.shape[-1] != 1):
            x = x[..., None]
        total = torch.zeros_like(x[..., 0])
        for stage, record in zip(self.stages, self.records):
            total = total + record["scale"] * stage(x)
        return total

    def save(self, folder: str | Path) -> None:
        """Write weights as safetensors and the rest as JSON."""
        card = {"kind": KIND, "domain": self.domain, "stages": self.records}
        write_folder(Path(folder), self.state_dict(), card)


def load(folder: str | Path) -> MultistageNetwork:
    """Return the network of a folder that :meth:`MultistageNetwork.save` wrote.

    Raises
    ------
    InputError
        If a file is missing or damaged, or the folder holds another kind of model.
    """
    folder = Path(folder)
    state, card = read_folder(folder)
    if card.get("kind") != KIND:
        what = "no multi-stage network; surrogates are read by neurop.load"
        raise InputError.in_file(folder / CARD, what)
    try:
        network = MultistageNetwork(card["domain"])
        for record in card["stages"]:
            network.append(made(card["domain"], record), record)
    except (KeyError, TypeError, ValueError) as error:
        what = f"no stages can be made of it ({error}); copy the folder again"
        raise InputError.in_file(folder / CARD, what) from error
    check_shapes(folder, network.state_dict(), state)
    check_weights(folder, network.state_dict(), state)
    network.load_state_dict(state)
    return network


def made(domain: Sequence[Sequence[float]], record: dict[str, Any], seed: int = 0) -> Stage:
    """Return an untrained stage from its record."""
    arguments = {key: record[key] for key in ("width", "depth", "kappa", "activation")}
    return Stage(domain, **arguments, seed=seed)
