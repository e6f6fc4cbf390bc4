"""Implementations of a case: the engine, eager and compiled, and its baselines."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn

from neurop.bench.cases import Case
from neurop.bench.fft import FFTBlock, FFTConv
from neurop.bench.peer import HINT, available, in_float64, peer_layer, peer_model
from neurop.errors import InputError, nearest
from neurop.geometry.grid import Grid
from neurop.layers import FourierBlock, SpectralConv
from neurop.models import FNO, create

PATHS = ("neurop", "neurop-first", "neurop-compiled", "torch-fft", "neuraloperator")
FAMILY = ("neurop-fno", "neurop-tfno", "neurop-ffno", "neurop-t1")
"""Models of the scope `family`, with the same width, depth and modes, otherwise their defaults."""
DEPTH = 4


def installed() -> tuple[str, ...]:
    """Return the paths that can run here."""
    return tuple(path for path in PATHS if path != "neuraloperator" or available())


def of_scope(scope: str, paths: Iterable[str] | None = None) -> tuple[str, ...]:
    """Return those of `paths` that a scope includes, by default all that can run here.

    Compiled code is for models, since a layer gains little; the layer on fields with the channels
    first is for layers, since the models have them last.
    """
    elsewhere = {"layer": "neurop-compiled", "model": "neurop-first"}
    if scope == "family":
        return tuple(path for path in FAMILY if paths is None or path in paths)
    return tuple(
        p
        for p in (paths or installed())
        if p not in FAMILY
        and (p != elsewhere[scope] or (paths is not None and p != "neurop-first"))
    )


def check_paths(paths: Iterable[str]) -> tuple[str, ...]:
    """Return `paths`; raise InputError if one is unknown or not installed."""
    paths = tuple(paths)
    for path in paths:
        if path not in (*PATHS, *FAMILY):
            raise InputError.of("paths", path, nearest(path, (*PATHS, *FAMILY)))
        if path not in (*installed(), *FAMILY):
            raise InputError.of("paths", path, HINT)
    return paths


def build(path: str, case: Case, scope: str, seed: int = 0) -> nn.Module:
    """Return the layer, or the model with one input and one output field, of a path.

    The weights are determined by `seed`. All layers are the same function; so are all models except
    that of neuraloperator, which has another architecture, and those of a family.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if scope == "layer":
            conv = SpectralConv(case.width, case.width, case.bands)
            if path == "torch-fft":
                return FFTConv(conv)
            return peer_layer(conv) if path == "neuraloperator" else _maybe_compiled(conv, path)
        if path == "neuraloperator":
            return peer_model(case, DEPTH)
        if path in FAMILY:
            name = path.removeprefix("neurop-")
            return create(
                name,
                1,
                1,
                Grid.periodic(case.dimensions),
                modes=list(case.bands),
                width=case.width,
                depth=DEPTH,
            )
        # The MLP of the blocks has the width of neuraloperator's.
        model = FNO(1, 1, modes=case.bands, width=case.width, depth=DEPTH, expansion=0.5)
        if path == "torch-fft":
            model.blocks = nn.ModuleList(
                FFTBlock(cast(FourierBlock, block)) for block in model.blocks
            )
        return _maybe_compiled(model, path)


def sample(path: str, case: Case, scope: str, seed: int = 0) -> Tensor:
    """Return white noise ``(batch, channels, *grid)``: `width` channels for a layer, else one.

    The channels are last in memory for the engine's layer, as from its blocks; first for
    neurop-first and the others.
    """
    channels = case.width if scope == "layer" else 1
    x = torch.randn(
        case.batch, channels, *case.shape, generator=torch.Generator().manual_seed(seed)
    )
    last = path.startswith("neurop") and path != "neurop-first"
    return x.movedim(1, -1).contiguous().movedim(-1, 1) if last else x


def error(
    path: str, case: Case, scope: str, module: nn.Module, x: Tensor, y: Tensor, seed: int = 0
) -> float:
    """Return the relative L2 distance of the first sample of `y` to the same function in float64.

    Parameters
    ----------
    path, case, scope, seed
        Arguments of :func:`build` that created `module`.
    module, x, y
        Module that was run, its input and its output.
    """
    if path == "neuraloperator" and scope == "model":
        exact = in_float64(module, case)
    else:
        exact = copy.deepcopy(
            build(path if path in FAMILY else "neurop", case, scope, seed)
        ).double()
    with torch.no_grad():
        truth = exact(x[:1].double())
    return float((y[:1].detach() - truth).norm() / truth.norm())


def _maybe_compiled(module: nn.Module, path: str) -> nn.Module:
    if path != "neurop-compiled":
        return module
    module.compile(dynamic=False, fullgraph=True)
    return module
