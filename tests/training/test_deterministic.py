"""Lightning's switch for deterministic algorithms, on the models and from the command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from neurop.geometry.grid import Grid
from neurop.models import REGISTRY, create
from neurop.registry import Spec

MODES: dict[str, Any] = {"modes": 4, "width": 4, "depth": 2}
SMALL: dict[str, dict[str, Any]] = {
    "unet": {"width": 4, "levels": 1},
    "cnextunet": {"width": 4, "levels": 1, "depth": 1},
    "converted": {"network": Spec("unet", {"width": 4, "levels": 1})},
    "boosted": {"base": Spec("fno", MODES), "stage": Spec("fno", MODES)},
    "denoised": {"base": Spec("fno", MODES), "stage": Spec("fno", MODES)},
    "mono": {"expert": Spec("fno", MODES), "experts": 2},
    "patched": {"network": Spec("fno", MODES)},
    "t1": {"modes": 4, "width": 4, "depth": 1},
    "t1_plus": {"modes": 4, "width": 4, "channels": 4},
    "thermalized": {"base": Spec("fno", MODES), "stage": Spec("fno", MODES)},
}


@pytest.fixture
def deterministic() -> Iterator[None]:
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def trained(name: str) -> list[Tensor]:
    """Return the weights after a few steps."""
    sphere = name == "sfno"
    domain, shape = (Grid.latlon(gauss=True), (8, 16)) if sphere else (Grid.periodic(2), (16, 16))
    torch.manual_seed(0)
    model = create(name, 1, 1, domain, (), **SMALL.get(name, MODES))
    x, optimizer = torch.randn(2, 1, *shape), torch.optim.AdamW(model.parameters(), 1e-3)
    for _ in range(3):
        optimizer.zero_grad()
        (model(x) - x.roll(1, -1)).square().mean().backward()
        optimizer.step()
    return [p.detach() for p in model.parameters()]


@pytest.mark.trust(
    "`trainer.deterministic=true` repeats a training bit by bit", "every model, on CPU"
)
@pytest.mark.usefixtures("deterministic")
@pytest.mark.parametrize("name", REGISTRY.names())
def test_every_model_has_deterministic_algorithms(name: str) -> None:
    """PyTorch raises an error for an operation that has none, and fills new memory with NaN."""
    first, again = trained(name), trained(name)
    assert all(bool(p.isfinite().all()) for p in first)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


@pytest.mark.slow
@pytest.mark.trust(
    "`trainer.deterministic=true` repeats a training bit by bit", "two runs of the command"
)
@pytest.mark.usefixtures("deterministic")
def test_two_runs_of_the_command_are_equal(train: Callable[..., int], tmp_path: Path) -> None:
    torch.use_deterministic_algorithms(False)  # the setting has to switch it on
    seen, weights = [], []
    for run in ("one", "two"):
        assert train("trainer.deterministic=true", f"hydra.run.dir={run}") == 0
        seen.append(torch.are_deterministic_algorithms_enabled())
        weights.append(load_file(tmp_path / run / "model" / "model.safetensors"))
    assert seen == [True, True]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[1][name], value) for name, value in weights[0].items())
