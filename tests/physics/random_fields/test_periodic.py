import time

import numpy as np
import pytest
import torch
from raising import raises_input

from neurop.physics.random_fields.periodic import field_std, random_field

NS = {"alpha": 2.5, "tau": 7.0}


def coefficients(u: torch.Tensor) -> torch.Tensor:
    return torch.fft.fftn(u, dim=tuple(range(1, u.ndim)), norm="forward")


@pytest.mark.parametrize(
    ("coarse", "fine"),
    [((12,), (31,)), ((12, 12), (16, 16)), ((9, 12), (20, 15)), ((6, 5, 8), (9, 9, 9))],
)
def test_a_finer_grid_holds_the_same_modes_and_more(
    coarse: tuple[int, ...], fine: tuple[int, ...]
) -> None:
    a, b = (
        coefficients(random_field(range(3), shape, alpha=2.0, tau=3.0, seed=5))
        for shape in (coarse, fine)
    )
    axes = [[k for k in range(-n, n + 1) if 2 * abs(k) < n] for n in coarse]
    where = np.ix_(range(3), *axes)
    assert (a[where].abs() > 1e-12).sum() == 3 * (np.prod([len(k) for k in axes]) - 1)
    torch.testing.assert_close(a[where], b[where], rtol=1e-12, atol=1e-16)
    outside = a.clone()
    outside[where] = 0
    assert outside.abs().max() < 1e-16
    assert b.abs().square().sum() > a.abs().square().sum()


def test_sample_depends_on_seed_and_number_alone() -> None:
    whole = random_field(range(6), (16, 16), seed=3, **NS)
    assert torch.equal(random_field([4], (16, 16), seed=3, **NS)[0], whole[4])
    assert torch.equal(random_field([5, 2], (16, 16), seed=3, **NS), whole[[5, 2]])
    for a in range(6):
        for b in range(a):
            assert (whole[a] - whole[b]).abs().max() > 0.1 * whole.std()
    assert not torch.equal(random_field([0], (16, 16), seed=4, **NS)[0], whole[0])


def test_the_stream_is_pinned() -> None:
    """A change of these numbers changes every generated data set: raise the solver versions with
    it.
    """
    expected = [
        [0.4954686287531662, 0.8675608762712269],
        [1.7326098249767754, -0.20324661456404525],
    ]
    u = random_field([0, 1], (4,), alpha=0.0, tau=1.0)
    torch.testing.assert_close(
        u[:, :2], torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-12
    )


def test_covariance_per_mode() -> None:
    u = random_field(range(4000), (8, 8), alpha=1.5, tau=4.0, sigma=3.0, length=2.0)
    measured = coefficients(u).abs().square().mean(0)
    k = torch.fft.fftfreq(8, 1 / 8, dtype=torch.float64)
    expected = 9.0 * (np.pi**2 * (k[:, None] ** 2 + k**2) + 16.0) ** -1.5
    expected[0, 0] = expected[4, :] = expected[:, 4] = 0.0
    # An exponential variable has deviation 1 over its mean: 4 deviations of the mean of 4000.
    assert ((measured - expected).abs() <= 4.5 * expected / 4000**0.5 + 1e-30).all()


def test_pointwise_deviation_is_that_of_the_formula() -> None:
    u = random_field(range(400), (32, 32), sigma=2.0, **NS)
    assert u.std().item() == pytest.approx(field_std((32, 32), sigma=2.0, **NS), rel=0.03)
    assert u.mean((1, 2)).abs().max() < 1e-15


@pytest.mark.parametrize(
    ("sigma2", "std"), [(2 * 7.0**3, 0.26196), (7.0**3, 0.18523), (7.0**1.5, 0.04304)]
)
def test_amplitudes_of_the_navier_stokes_conventions(sigma2: float, std: float) -> None:
    """Released files (torch 1.6: both parts of unit variance), present code (complex of unit
    variance), paper's covariance.
    """
    assert field_std((256, 256), sigma=sigma2**0.5, **NS) == pytest.approx(std, abs=1e-5)


def test_drawing_240_fields_takes_a_fraction_of_a_second() -> None:
    start = time.process_time()
    random_field(range(240), (64, 64), **NS)
    assert time.process_time() - start < 2.0


@pytest.mark.parametrize(("samples", "seed", "key"), [([0], -1, "seed"), ([-1], 0, "samples")])
def test_negative_numbers_are_refused(samples: list[int], seed: int, key: str) -> None:
    with raises_input(key, -1):
        random_field(samples, (8,), seed=seed, **NS)
