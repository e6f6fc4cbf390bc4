"""Candidates of one case, timed in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss
from torch.profiler import ProfilerActivity, profile

from neurop.bench.cases import Case
from neurop.bench.paths import build, error, sample

# Short calls are repeated until they fill this time, and their mean is one observation.
FILL_MS = 50.0


class Candidate:
    """One path of a case, warmed up.

    Parameters
    ----------
    path, case, scope, seed
        Of :func:`neurop.bench.paths.build`.
    """

    def __init__(self, path: str, case: Case, scope: str, seed: int = 0) -> None:
        self.module: nn.Module = build(path, case, scope, seed)
        # Within a model a layer hands a gradient on to what is before it.
        self.x = sample(path, case, scope, seed).requires_grad_(scope == "layer")
        # A rate of 0 takes the same work, and the weights stay those that the error is measured
        # with. The fused step is the quickest that PyTorch has, and takes no complex parameters.
        fused = not any(p.is_complex() for p in self.module.parameters())
        self.optimizer = torch.optim.AdamW(self.module.parameters(), lr=0.0, fused=fused)
        # The gradient that comes back to a layer lies as its output does, as it would from a layer
        # behind it.
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
        """Take a training step: forward, loss (a layer: a gradient that is given), backward,
        AdamW.
        """
        self.optimizer.zero_grad(set_to_none=True)
        self.x.grad = None
        if self.gradient is None:
            mse_loss(self.module(self.x), self.target).backward()
        else:
            self.module(self.x).backward(self.gradient)
        self.optimizer.step()

    def facts(self) -> dict[str, float]:
        """Return what does not vary: the error against float64, and the peak memory of a step in
        MB.
        """
        return {"error": self._error(self.forward()), "peak_mb": peak_mb(self.step, self.optimizer)}

    def observe(self) -> tuple[float, float]:
        """Return milliseconds of one evaluation and of one training step."""
        return _mean_ms(self.forward, self._forwards), _mean_ms(self.step, self._steps)


class Bench:
    """The candidates of a case, each observed once per round, in an order that turns from round
    to round.
    """

    def __init__(self, case: Case, scope: str, paths: Sequence[str], seed: int = 0) -> None:
        if "neurop-compiled" in paths:
            # Compiled code is kept per function, with a limit on its variants.
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
    """Return the most that tensors occupy at once in a training step, beyond weights, optimizer
    state and input, in MB (10^6 bytes).
    """
    optimizer.zero_grad(set_to_none=True)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        step()
    results = record.profiler.kineto_results if record.profiler else None
    events = sorted(
        (e for e in (results.events() if results else []) if e.name() == "[memory]"),
        key=lambda e: e.start_ns(),
    )
    held = peak = 0
    for event in events:
        held += event.nbytes()
        peak = max(peak, held)
    return peak / 1e6


def _mean_ms(call: Callable[[], object], calls: int) -> float:
    start = perf_counter()
    for _ in range(calls):
        call()
    return (perf_counter() - start) / calls * 1e3
