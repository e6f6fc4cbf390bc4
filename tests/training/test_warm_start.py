"""A training that begins with the weights of an earlier run."""

from __future__ import annotations

from pathlib import Path

import torch
from raising import raises_input
from small import evolution, mapping, surrogate

from neurop.problems import Evolution
from neurop.training.warm_start import load_weights


def test_an_earlier_surrogate_gives_weights_and_normalisation(tmp_path: Path) -> None:
    earlier, other = surrogate(evolution(), 1), evolution((12, 10), seed=5)
    earlier.save(tmp_path)
    s = surrogate(other, 2)
    load_weights(s, tmp_path)
    x = torch.from_numpy(other.values[:, 0]).float()
    assert torch.equal(s(x), earlier(x))
    assert s.card.shape == (12, 10)


def test_an_earlier_surrogate_of_another_kind_is_refused(tmp_path: Path) -> None:
    surrogate(evolution()).save(tmp_path)
    for new, message in (
        (
            surrogate(evolution(), problem=Evolution(increments=False)),
            "increments is True.* False",
        ),
        (surrogate(evolution(channels=1)), r"input is \['u', 'p'\].*\['u'\]"),
        (surrogate(mapping()), r"input is \['u', 'p'\].*\['a'\]"),
        (
            surrogate(evolution(), problem=Evolution(2)),
            r"net.lift.weight .*\(6, 6\).*\(6, 8\)",
        ),
    ):
        with raises_input("init", str(tmp_path), message):
            load_weights(new, tmp_path)
