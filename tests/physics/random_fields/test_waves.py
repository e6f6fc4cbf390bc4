from dataclasses import fields

import numpy as np
import pytest
from raising import raises_input

from neurop.physics.random_fields.periodic import normals, uniforms
from neurop.physics.random_fields.waves import Recipe, Waves, random_waves, waves_std

X = np.arange(1024) / 1024
MANY = 3000


def part(waves: Waves, which: np.ndarray) -> Waves:
    return Waves(*(getattr(waves, field.name)[which] for field in fields(Waves)))


def bare(waves: Waves) -> np.ndarray:
    """Samples that are sums of waves alone."""
    return np.asarray((waves.signs == 0) & np.isinf(waves.ends[:, 0]))


def test_uniforms_fill_the_interval_and_make_the_normals() -> None:
    drawn = uniforms(range(50), 2000, seed=1)
    assert 0 < drawn.min() < 1e-4
    assert 1 - 1e-4 < drawn.max() < 1
    assert drawn.mean() == pytest.approx(0.5, abs=4 / np.sqrt(12 * drawn.size))
    np.testing.assert_array_equal(normals([4], 3) > 0, uniforms([4], 3) > 0.5)


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        ("paper", [1.1254886064583722, 0.15017649181203857]),
        ("code", [-1.1398591178812085, 0.7927651738371975]),
    ],
)
def test_the_draws_are_pinned(recipe: Recipe, expected: list[float]) -> None:
    """A change of these numbers changes generated data sets: raise the solver versions with it."""
    found = random_waves([0, 2], recipe)(np.array([0.3]))[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_sum_of_two_sines_has_their_coefficients() -> None:
    waves = random_waves(range(40))
    waves = part(waves, bare(waves) & (waves.wavenumbers[:, 0] != waves.wavenumbers[:, 1]))
    hat = np.fft.rfft(waves(X), norm="forward")
    for row, k, a, p in zip(hat, waves.wavenumbers, waves.amplitudes, waves.phases, strict=True):
        expected = np.zeros(513, np.complex128)
        expected[k.astype(int)] = a / 2 * np.exp(1j * (p - np.pi / 2))
        np.testing.assert_allclose(row, expected, atol=1e-14)


def test_the_code_adds_a_constant_and_doubles_what_is_drawn_twice() -> None:
    waves = random_waves(range(400), "code")
    drawn = waves.wavenumbers / np.arange(1, 5)
    assert set(drawn.sum(1)) == {2.0}
    twice = (drawn == 2).any(1)
    assert 0.15 < twice.mean() < 0.35
    assert waves.wavenumbers.max() == 8
    some = part(waves, bare(waves))
    constant = (some.amplitudes * np.sin(some.phases) * (some.wavenumbers == 0)).sum(1)
    np.testing.assert_allclose(some(X).mean(-1), constant, atol=1e-14)
    assert np.abs(constant).mean() > 0.2


@pytest.mark.parametrize("recipe", ["paper", "code"])
def test_the_distribution_is_the_one_of_the_card(recipe: Recipe) -> None:
    waves = random_waves(range(MANY), recipe)
    share = 4 * np.sqrt(0.09 / MANY)
    assert np.mean(waves.signs != 0) == pytest.approx(0.1, abs=share)
    assert np.mean(np.isfinite(waves.ends[:, 0])) == pytest.approx(0.1, abs=share)
    both = (waves.signs != 0) & np.isfinite(waves.ends[:, 0])
    assert 0 < both.mean() < 0.025
    assert abs(np.sum(waves.signs)) < 4 * np.sqrt(0.1 * MANY)
    ends = waves.ends[np.isfinite(waves.ends[:, 0])]
    assert ((ends > (0.1, 0.55)) & (ends < (0.45, 0.9))).all()
    u = part(waves, bare(waves))(X[::8])
    assert np.sqrt(np.mean(u**2)) == pytest.approx(waves_std(recipe), rel=0.03)
    if recipe == "paper":
        counts = np.bincount(waves.wavenumbers.astype(int).ravel(), minlength=9)
        assert counts[0] == 0
        assert (np.abs(counts[1:] - MANY / 4) < 4.5 * np.sqrt(MANY / 4)).all()


def test_signs_are_absolute_values_and_windows_cut() -> None:
    one, none = np.ones((1, 1)), np.array([[-np.inf, np.inf]])
    ends, phase = np.array([[0.3, 0.6]]), np.zeros((1, 1))
    g = np.sin(2 * np.pi * X)
    np.testing.assert_allclose(Waves(one, one, phase, np.array([-1]), none)(X)[0], -np.abs(g))
    cut = Waves(one, one, phase, np.array([0]), ends)(X)[0]
    np.testing.assert_allclose(cut[(X > 0.4) & (X < 0.5)], g[(X > 0.4) & (X < 0.5)], atol=1e-8)
    np.testing.assert_allclose(cut[(X < 0.1) | (X > 0.8)], 0, atol=1e-15)
    np.testing.assert_allclose(
        Waves(one, one, phase, np.array([0]), ends)(np.array([0.3])),
        0.5 * np.sin(0.6 * np.pi),
        atol=1e-12,
    )


def test_samples_are_functions_of_period_1_fixed_by_seed_and_number() -> None:
    whole = random_waves(range(30), seed=3)
    np.testing.assert_array_equal(random_waves([4], seed=3)(X)[0], whole(X)[4])
    np.testing.assert_array_equal(whole(X[::4]), whole(X)[:, ::4])
    np.testing.assert_allclose(whole(X + 2), whole(X), atol=1e-12)
    assert whole(np.stack([X, X + 0.1])).shape == (30, 2, 1024)
    assert np.abs(random_waves([4], seed=2)(X) - whole(X)[4]).max() > 0.1


@pytest.mark.parametrize("points", [48, 63])
def test_the_truncation_keeps_the_modes_below_half_the_points(points: int) -> None:
    waves = random_waves(range(60))
    smooth, rough = part(waves, bare(waves)), part(waves, waves.signs != 0)
    x = np.arange(points) / points
    np.testing.assert_allclose(smooth.truncated(points), smooth(x), atol=1e-13)
    kept = np.fft.rfft(rough.truncated(points), norm="forward")[:, : (points + 1) // 2]
    fine = np.fft.rfft(rough.truncated(3000), norm="forward")[:, : (points + 1) // 2]
    np.testing.assert_allclose(kept, fine, atol=1e-14)
    assert 1e-3 < np.abs(rough.truncated(points) - rough(x)).max() < 0.2


def test_the_coefficients_of_a_truncation_are_those_of_the_function() -> None:
    """Those of |sin| are known; samples on a grid would have an alias of 1e-4."""
    one, none = np.ones((1, 1)), np.array([[-np.inf, np.inf]])
    sine = Waves(one, one, np.zeros((1, 1)), np.array([1]), none)
    k = np.arange(0, 32, 2)
    found = np.fft.rfft(sine.truncated(64)[0], norm="forward")[:32:2].real
    np.testing.assert_allclose(found, 2 / np.pi / (1 - k**2), atol=2e-9)


def test_normalised_fields_have_the_extrema_0_and_1() -> None:
    u = random_waves(range(30)).truncated(4096, normalised=True)
    assert np.abs(u.min(-1)).max() < 2e-3
    assert np.abs(u.max(-1) - 1).max() < 2e-3


def test_unusable_arguments_are_one_line() -> None:
    with raises_input("recipe", "papr", "did you mean 'paper'"):
        random_waves([0], "papr")  # type: ignore[arg-type]
    with raises_input("seed", -1):
        random_waves([0], seed=-1)
