"""Errors by octaves: an error of known size at a known scale, and completeness."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from neurop import Field, FieldSet, Grid, Surrogate
from neurop.evaluation import rollout, score, superres, truncation_floor
from neurop.evaluation.octaves import octave_floor
from neurop.problems import Evolution
from neurop.registry import Spec

N = 64
X = np.arange(N) / N


def wave(wavenumber: int, size: float = 1.0) -> np.ndarray:
    return size * np.sqrt(2) * np.cos(2 * np.pi * wavenumber * X)


def evolution() -> FieldSet:
    """Return states that do not change: waves in three octaves."""
    u = sum(wave(k, size) for k, size in ((1, 1.0), (5, 0.1), (20, 0.01)))
    return FieldSet(np.tile(u, (3, 4, 1, 1)), (Field("u"),), Grid.periodic(1))


class Wrong(torch.nn.Module):
    """Adds waves of known size to persistence."""

    def forward(self, x: Tensor, *_: object) -> Tensor:
        error = wave(5, 0.01) + wave(20, 0.005)
        return torch.from_numpy(error).to(x).expand(len(x), 1, N)


def test_an_error_of_known_size_at_known_scales() -> None:
    data = evolution()
    surrogate = Surrogate.of(data, "fno", Evolution(increments=False))
    surrogate.forward = lambda x, *_, **__: x[:, -1:] + Wrong()(x)  # type: ignore[method-assign]
    surrogate.trajectory = (
        lambda x, steps, *_: torch.stack(  # type: ignore[method-assign]
            [x.flatten(1, -2)[:, -1:] + Wrong()(x) for _ in range(steps)], 1
        )
    )
    found = score(surrogate, data)
    assert found.octave.values.tolist() == [0, 1, 2, 4, 8, 16, 32]
    assert found.octave_end.values.tolist() == [0, 1, 3, 7, 15, 31, 32]
    relative = found.octave_relative_l2.values[:, 0]
    np.testing.assert_allclose(relative[[1, 3, 5]], [0, 0.1, 0.5], atol=1e-5)
    # Octaves in which the truth has no power have no relative error.
    assert np.isnan(relative[[0, 2, 4, 6]]).all()
    share = found.octave_error_share.values[:, 0]
    np.testing.assert_allclose(share, [0, 0, 0, 0.8, 0, 0.2, 0], atol=1e-5)
    truth = found.octave_truth_share.values[:, 0]
    np.testing.assert_allclose(truth[[1, 3, 5]], np.array([1, 0.01, 1e-4]) / 1.0101, rtol=1e-5)
    # The squares add up to that of the whole field.
    total = np.sqrt(np.nansum(relative**2 * truth))
    assert total == pytest.approx(float(found.relative_l2), rel=1e-5)


def test_each_step_of_a_rollout_has_its_own() -> None:
    data = evolution()
    surrogate = Surrogate.of(data, "fno", Evolution(increments=False))
    surrogate.trajectory = (
        lambda x, steps, *_: torch.stack(  # type: ignore[method-assign]
            [x.flatten(1, -2)[:, -1:] + (n + 1) * Wrong()(x) for n in range(steps)], 1
        )
    )
    found = rollout(surrogate, data, steps=5).octave_relative_l2.isel(field=0)
    np.testing.assert_allclose(found.sel(octave=4)[:3], [0.1, 0.2, 0.3], rtol=1e-4)
    np.testing.assert_allclose(found.sel(octave=16)[:3], [0.5, 1.0, 1.5], rtol=1e-4)
    assert np.isnan(found.sel(octave=32)).all()
    assert np.isnan(found[3:]).all()  # after the end of the truth


def test_each_grid_of_a_super_resolution_has_its_own() -> None:
    x = np.arange(128) / 128
    fine = sum(s * np.sqrt(2) * np.cos(2 * np.pi * k * x) for k, s in ((1, 1.0), (40, 0.1)))
    sets = {
        64: evolution(),
        128: FieldSet(np.tile(fine, (3, 4, 1, 1)), (Field("u"),), Grid.periodic(1)),
    }
    surrogate = Surrogate.of(sets[64], "fno", Evolution(increments=False))
    surrogate.forward = lambda x, *_, **__: 0.5 * x[:, -1:]  # type: ignore[method-assign]
    found = superres(surrogate, sets).octave_relative_l2.isel(field=0)
    assert found.octave.values.tolist() == [0, 1, 2, 4, 8, 16, 32, 64]
    coarse, finer = found.sel(resolution=64), found.sel(resolution=128)
    np.testing.assert_allclose(coarse.sel(octave=[1, 4, 16]), 0.5, rtol=1e-5)
    np.testing.assert_allclose(finer.sel(octave=[1, 32]), 0.5, rtol=1e-5)
    assert np.isnan(coarse.sel(octave=[2, 64])).all()
    assert np.isnan(finer.sel(octave=[4, 16])).all()


def test_the_floor_is_what_the_modes_leave_out() -> None:
    data = evolution()
    spec = Spec("t1", {"modes": 8, "width": 4, "depth": 1})
    surrogate = Surrogate.of(data, spec, Evolution(increments=False))
    floor = octave_floor(surrogate, data)
    assert floor is not None
    np.testing.assert_allclose(floor.values[[1, 3, 5], 0], [0, 0, 1], atol=1e-5)
    whole = truncation_floor(surrogate, data)
    assert whole == pytest.approx(np.sqrt(1e-4 / 1.0101), rel=1e-3)
    assert octave_floor(Surrogate.of(data, "fno", Evolution(increments=False)), data) is None


def test_eval_writes_and_prints_them(
    trained: Path, neurop: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("eval", f"ckpt={trained}", "out=found") == 0
    record = json.loads((tmp_path / "found" / "eval.json").read_text())
    found = record["octaves"]
    assert found["wavenumbers"][:4] == [[0, 0], [1, 1], [2, 3], [4, 7]]
    assert sum(found["error_share"]["vorticity"]) == pytest.approx(1)
    assert sum(found["truth_share"]["vorticity"]) == pytest.approx(1)
    lines = capsys.readouterr().out.splitlines()
    assert "  one step by octaves of the wavenumber (cycles per domain)".strip() in map(
        str.strip, lines
    )
