"""Training in the memory of one window: who can take it, and that it trains the same."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from raising import raises_input
from small import evolution, surrogate
from torch import Tensor

from neurop.models.patched import Patched
from neurop.registry import Spec
from neurop.surrogate import Surrogate
from neurop.training.callbacks.patch_by_patch import PatchByPatch
from neurop.training.fit import fit


def trained(*callbacks: PatchByPatch) -> dict[str, Tensor]:
    """Return the weights after three steps of gradient descent."""
    data = evolution((8, 8), samples=1)
    torch.manual_seed(0)
    spec = Spec("patched", {"network": Spec("fno", {"modes": 2, "width": 4, "depth": 1})})
    s = Surrogate.of(data, spec)
    descent = partial(torch.optim.SGD, lr=0.1)
    splits = {"train": data, "val": data}
    fit(s, splits, epochs=3, batch_size=5, optimizer=descent, callbacks=callbacks)
    assert isinstance(s.net, Patched)
    assert s.net.share == (callbacks[0].share if callbacks else None)
    return dict(s.net.state_dict())


def test_all_patches_one_after_another_train_as_at_once() -> None:
    whole, single, quarter = trained(), trained(PatchByPatch()), trained(PatchByPatch(0.25))
    torch.testing.assert_close(single, whole, atol=1e-5, rtol=1e-4)
    assert any((quarter[key] - whole[key]).abs().max() > 1e-4 for key in whole)


def test_a_network_without_patches() -> None:
    with raises_input("callback", "patch_by_patch"):
        PatchByPatch().prepare(surrogate(evolution()))


@pytest.mark.parametrize("share", [0.0, 1.5, -1.0])
def test_a_share_out_of_bounds(share: float) -> None:
    with raises_input("share", share):
        PatchByPatch(share)
