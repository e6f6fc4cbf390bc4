"""Candidates of one case, timed in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from neurop.bench.cases import Case
from neurop.bench.paths import build, error, sample
from neurop.tensor_memory import peak_bytes

# Short calls are repeated until they fill this time, and their mean is one observation.
FILL_MS = 50.0


class Candidate:
    """One path of a case, warmed up.

    Parameters
    ----------
    path, case, scope, seed
        Arguments of :func:`neurop.bench.paths.build`.
    """

    def __init__(self, path: str, case: Case, scope: str, seed: int = 0) -> None:
        self.module: nn.Module = build(path, case, scope, seed)
        # Within a model a layer passes a gradient to the preceding layer.
        self.x = sample(path, case, scope, seed).requires_grad_(scope == "layer")
        # A rate of 0 costs the same, and the error is measured with unchanged weights. The fused
        # step is PyTorch's fastest, and takes no complex parameters.
        fused = not any(p.is_complex() for p in self.module.parameters())
        self.optimizer = torch.optim.AdamW(self.module.parameters(), lr=0.0, fused=fused)
        # The gradient of a layer's output has the memory layout of the output, as it would from the
        # next layer.
        y = self.forward()
        self.target = torch.zeros_like(y)
        self.gradient = torch.randn_like(y) / y.numel() if scope == "layer" else None
        self.step()
        # A step takes about three evaluations.
        fill = FILL_MS / max(_mean_ms(self.forward, 1), 1e-3)
        self._forwards, self._steps = max(round(fill), 1), max(round(fill / 3), 1)
        self._error = partial(error, path, case, scope, self.module, self.x, seed=seed)

    def forward(self) -> Tensor:
        """Evaluate without a graph."""
        with torch.no_grad():
            return self.module(self.x)

    def step(self) -> None:
        """Take a training step: forward, loss (for a layer a given gradient), backward, AdamW."""
        self.optimizer.zero_grad(set_to_none=True)
        self.x.grad = None
        if self.gradient is None:
            mse_loss(self.module(self.x), self.target).backward()
        else:
            self.module(self.x).backward(self.gradient)
        self.optimizer.step()

    def facts(self) -> dict[str, float]:
        """Return the error compared with float64, and the peak memory of a step in MB."""
        return {"error": self._error(self.forward()), "peak_mb": peak_mb(self.step, self.optimizer)}

    def observe(self) -> tuple[float, float]:
        """Return milliseconds of one evaluation and of one training step."""
        return _mean_ms(self.forward, self._forwards), _mean_ms(self.step, self._steps)


class Bench:
    """The candidates of a case, each observed once per round, in an order that rotates."""

    def __init__(self, case: Case, scope: str, paths: Sequence[str], seed: int = 0) -> None:
        if "neurop-compiled" in paths:
            # Compiled code is cached per function, with a limit on its variants.
            torch.compiler.reset()
        self.candidates = {path: Candidate(path, case, scope, seed) for path in paths}
        self._turn = 0

    def facts(self) -> dict[str, dict[str, float]]:
        """Return :meth:`Candidate.facts` per path."""
        return {path: one.facts() for path, one in self.candidates.items()}

    def round(self) -> dict[str, tuple[float, float]]:
        """Return milliseconds of evaluation and training step per path."""
        paths = list(self.candidates)
        turn = self._turn % len(paths)
        self._turn += 1
        return {path: self.candidates[path].observe() for path in paths[turn:] + paths[:turn]}


def peak_mb(step: Callable[[], object], optimizer: torch.optim.Optimizer) -> float:
    """Return the peak memory of the tensors of a training step in MB (10^6 bytes).

    Weights, optimizer state and input are not included.
    """
    optimizer.zero_grad(set_to_none=True)
    return (peak_bytes(step) or 0) / 1e6


def _mean_ms(call: Callable[[], object], calls: int) -> float:
    start = perf_counter()
    for _ in range(calls):
        call()
    return (perf_counter() - start) / calls * 1e3
