"""Several constraints: in the order of their ranks, whatever the order in which they are given."""

from __future__ import annotations

from itertools import permutations

import torch
from small import SIZES, evolution, surrogate

from neurop.constraints.band_limit import BandLimit
from neurop.constraints.constraint import Constraint
from neurop.constraints.max_deviation import MaxDeviation
from neurop.constraints.means import Means
from neurop.constraints.positivity import Positivity

ALL: tuple[Constraint, ...] = (
    BandLimit((5, 5)),
    MaxDeviation(0.5),
    Positivity(("u",)),
    Means(("p",)),
)


def test_the_order_of_the_list_does_not_matter() -> None:
    x, made = torch.from_numpy(evolution().values[:, 0]).float(), []
    for some in permutations(ALL):
        s = surrogate(evolution(), constraints=some)
        assert s.card.constraints == ALL
        made.append(s(x))
    assert all(torch.equal(made[0], y) for y in made[1:])


def test_exact_totals_are_restored_last() -> None:
    s = surrogate(evolution(), constraints=ALL).double()
    x = 1.1 * torch.from_numpy(evolution().values[:, 0])
    gap = (s(x).detach().mean((2, 3)) - x.mean((2, 3)))[:, 1] / SIZES[1]
    assert float(gap.abs().max()) < 1e-11
