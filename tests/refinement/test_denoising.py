"""A denoising stage on top of a trained surrogate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from raising import raises_input
from small import evolution, mapping, surrogate

import neurop
from neurop import Field, FieldSet, Grid, models
from neurop.models.denoised import Denoised
from neurop.objectives.denoising import Denoising
from neurop.refinement import denoising
from neurop.registry import Spec


@torch.no_grad()
@pytest.mark.parametrize("make", [evolution, mapping])
def test_the_base_stays_and_it_returns_through_a_folder(make: object, tmp_path: Path) -> None:
    data = make()  # type: ignore[operator]
    base = surrogate(data).eval()
    s = denoising(base, data, Spec("unet", {"width": 4, "levels": 1}), steps=2).eval()
    assert isinstance(s.net, Denoised)
    x = torch.as_tensor(data.values[:, 0], dtype=torch.float32)
    sigmas, s.net.sigmas = s.net.sigmas, (0.0, 0.0)
    torch.testing.assert_close(s(x), base(x))
    s.net.sigmas = sigmas
    s.save(tmp_path)
    again = neurop.load(tmp_path)
    assert torch.equal(again(x), s(x))
    # Nine points resolve 4 frequencies and the mean: those of the noise on every grid.
    assert again.card.model.arguments["frequencies"] == 4
    fine = torch.nn.functional.interpolate(x, (18, 16))
    assert again(fine).shape[2:] == (18, 16)


def test_it_takes_no_second_time_its_own_kind() -> None:
    data = evolution()
    s = denoising(surrogate(data), data)
    with raises_input("model", "denoised", "choose a network for the stage by model="):
        denoising(s, data)
    again = denoising(s, data, "fno")
    assert [part.name for part in models.parts(again.card.model)] == [
        "denoised",
        "denoised",
        "fno",
        "fno",
        "fno",
    ]


@pytest.mark.parametrize(
    ("key", "given", "remedy"),
    [
        ("largest", {"largest": -1.0}, "give a number between 0 and 1"),
        ("largest", {"largest": 1.5}, "give a number between 0 and 1"),
        ("smallest", {"largest": 0.1, "smallest": 0.0}, "give a number between 0 and 0.1"),
        ("smallest", {"largest": 0.1, "smallest": 1.0}, "give a number between 0 and 0.1"),
        ("steps", {"steps": 0}, "give at least 1"),
    ],
)
def test_bounds(key: str, given: dict[str, float], remedy: str) -> None:
    data = evolution()
    with raises_input(key, given[key], remedy):
        denoising(surrogate(data), data, **given)  # type: ignore[arg-type]


@pytest.mark.slow
def test_it_corrects_a_wave_that_the_base_neglects() -> None:
    """A wave of a hundredth of the amplitude, which a network of two modes cannot predict."""
    rng = np.random.default_rng(0)
    phase = rng.uniform(0, 2 * np.pi, (400, 1, 1, 1))
    x = 2 * np.pi * np.arange(32) / 32
    weak = 0.02 * np.cos(5 * (x + phase))
    fields = (Field("a"),), Grid.periodic(1)
    data = FieldSet(np.cos(x + phase), *fields, np.cos(x + phase) + weak, (Field("u"),))
    torch.manual_seed(0)
    base = neurop.fit(models.FNO.spec(modes=3, width=8, depth=1), data, epochs=20)
    stage = models.FNO.spec(modes=8, width=16, depth=2)
    refined = neurop.fit(denoising(base, data, stage), data, objective=Denoising(), epochs=60)
    before, after = (float(neurop.evaluate(s, data).relative_l2) for s in (base, refined))
    assert after < 0.5 * before
