"""A hundred training steps by the compiled kernels, by PyTorch's own operations, and in float64."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from numerics.catalogue import relative
from torch import Tensor

from neurop.geometry.grid import Grid
from neurop.models import create
from neurop.spectral import fused
from neurop.spectral.kernels import native
from neurop.training.fit import ADAMW

SMALL: dict[str, Any] = {"modes": 6, "width": 12, "depth": 2}
STEPS = 100


def trained(name: str, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return the losses of all steps, and what the network then predicts."""
    sphere = name == "sfno"
    domain, shape = (Grid.latlon(gauss=True), (16, 32)) if sphere else (Grid.periodic(2), (16, 16))
    torch.manual_seed(0)
    model = create(name, 2, 2, domain, (), **SMALL).to(dtype)
    x = torch.randn(8, 2, *shape).to(dtype)
    y = 0.5 * x.roll(3, -1) + 0.3 * x.square()
    optimizer, losses = ADAMW(model.parameters()), []
    for step in range(STEPS):
        batch = slice(4 * (step % 2), 4 * (step % 2) + 4)
        optimizer.zero_grad()
        loss = ((model(x[batch]) - y[batch]).norm() / y[batch].norm()).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    with torch.no_grad():
        return torch.stack(losses), model(x)


@pytest.mark.skipif(native.library() is None, reason="no C++ compiler, so no kernels to compare")
@pytest.mark.slow
@pytest.mark.trust("Kernels and plain path train alike to 1e-6", "100 steps of AdamW")
@pytest.mark.parametrize("name", ["fno", "ffno", "tfno", "local_fno", "sfno"])
def test_kernels_and_plain_path_train_alike(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    losses, prediction = trained(name, torch.float32)
    monkeypatch.setattr(fused, "have_kernels", lambda *tensors: False)
    plain, plain_prediction = trained(name, torch.float32)
    exact, exact_prediction = trained(name, torch.float64)
    assert losses[-1] < 0.9 * losses[0]  # it learns
    assert not torch.equal(losses, plain)  # the two paths are two
    assert float(((losses - plain) / plain).abs().max()) < 1e-6
    assert relative(prediction, plain_prediction) < 1e-6
    # Rounding moves both from float64 by more: neither is the better one.
    for single, forecast in ((losses, prediction), (plain, plain_prediction)):
        assert float(((single.double() - exact) / exact).abs().max()) < 1e-5
        assert relative(forecast, exact_prediction) < 2e-5
