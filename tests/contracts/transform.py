"""What every transform of batches must hold: a test inherits :class:`TransformContract`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import torch
from small import FIELDS, evolution, surrogate
from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.transforms import REGISTRY
from neurop.transforms.transform import Batch, Setting, Transform

SHAPE = (8, 8)


def setting(
    grid: Grid | None = None, shape: tuple[int, ...] = SHAPE, is_state: bool = True
) -> Setting:
    """Return what transforms look at: a grid, and the normaliser of the waves of :mod:`small`."""
    grid = grid or Grid.periodic(len(shape))
    norm = surrogate(evolution(shape, grid=grid)).input_norm
    return Setting(grid, shape, norm, is_state)


def noise(samples: int = 5, frames: int = 2, shape: tuple[int, ...] = SHAPE) -> Tensor:
    """Return ``(sample, frame, field, *grid)`` without any symmetry."""
    generator = torch.Generator().manual_seed(3)
    return torch.randn(samples, frames, len(FIELDS), *shape, generator=generator)


def laplacian(x: Tensor) -> Tensor:
    """Return the spectral Laplacian on a unit torus of two axes, which knows every symmetry."""
    k = [torch.fft.fftfreq(n, 1 / n, dtype=torch.float64) for n in x.shape[-2:]]
    symbol = -((2 * torch.pi) ** 2) * (k[0][:, None] ** 2 + k[1] ** 2)
    return torch.fft.ifft2(torch.fft.fft2(x.double()) * symbol).real.to(x)


class TransformContract:
    """Properties of a transform on a periodic plane.

    Attributes
    ----------
    transform
        A transform that changes most samples.
    progress
        Share of the training at which it acts.
    random
        Whether it draws anything.
    symmetry
        Whether it moves input and target alike, so that it commutes with an operator of that
        symmetry; otherwise it leaves the target as it is.
    """

    transform: ClassVar[Transform]
    progress: ClassVar[float] = 0.0
    random: ClassVar[bool] = True
    symmetry: ClassVar[bool] = False

    def solve(self, x: Tensor) -> Tensor:
        """Return an operator that has the symmetry."""
        return laplacian(x) + x**2

    def batch(self, dtype: torch.dtype = torch.float32) -> Batch:
        x = noise().to(dtype)
        return {"input": x, "target": self.solve(x)}

    def apply(self, batch: Batch, seed: int = 0) -> Batch:
        rng = np.random.default_rng(seed)
        return self.transform(batch, setting(), rng, self.progress)

    def test_it_has_a_meaning_on_a_periodic_plane(self) -> None:
        self.transform.check(setting())

    def test_it_changes_the_input(self) -> None:
        before, after = self.batch(), self.apply(self.batch())
        assert not torch.equal(after["input"], before["input"])

    def test_the_random_numbers_decide(self) -> None:
        first, again, other = (self.apply(self.batch(), seed) for seed in (4, 4, 5))
        assert all(torch.equal(first[name], again[name]) for name in first)
        assert torch.equal(first["input"], other["input"]) != self.random

    def test_no_other_random_numbers_are_drawn(self) -> None:
        batch, where, rng = self.batch(), setting(), np.random.default_rng(0)
        before = torch.random.get_rng_state()
        self.transform(batch, where, rng, self.progress)
        assert torch.equal(torch.random.get_rng_state(), before)

    def test_the_given_batch_stays(self) -> None:
        batch = self.batch()
        before = {name: x.clone() for name, x in batch.items()}
        self.apply(batch)
        assert batch.keys() == before.keys()
        assert all(torch.equal(batch[name], x) for name, x in before.items())

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_precision_stays(self, dtype: torch.dtype) -> None:
        made = self.apply(self.batch(dtype))
        assert {x.dtype for x in made.values()} == {dtype}
        if dtype is torch.float32:
            double = self.apply({name: x.double() for name, x in self.batch().items()})
            np.testing.assert_allclose(made["input"], double["input"], atol=1e-3, rtol=1e-5)

    def test_the_target_fits_the_input(self) -> None:
        before, after = self.batch(torch.float64), self.apply(self.batch(torch.float64))
        expected = self.solve(after["input"]) if self.symmetry else before["target"]
        torch.testing.assert_close(after["target"], expected, atol=1e-7, rtol=1e-9)

    def test_a_batch_without_target_passes(self) -> None:
        alone = self.apply({"input": self.batch()["input"]})
        assert alone.keys() == {"input"}
        assert torch.equal(alone["input"], self.apply(self.batch())["input"])

    def test_it_has_a_name(self) -> None:
        assert REGISTRY.create(REGISTRY.spec_of(self.transform)) == self.transform


def refused(transform: Transform, where: Setting, key: str, value: object) -> None:
    """Assert that a transform is refused for a setting, and by which argument."""
    with pytest.raises(InputError) as error:
        transform.check(where)
    assert (error.value.key, error.value.value) == (key, value)
