"""The sharp filter and the exact stress: the identity of the filtered equation."""

import math

import pytest
import torch

from neurop.errors import InputError
from neurop.physics.les.strain import curl_of_divergence
from neurop.physics.les.subfilter import filter_width, sharp_filter, subfilter_stress
from neurop.physics.random_fields.periodic import random_field
from neurop.physics.solvers.vorticity import advection


def flow(shape: tuple[int, int], samples: int = 2) -> torch.Tensor:
    return random_field(range(samples), shape, alpha=1.5, tau=5.0, sigma=20.0)


def test_the_width_is_half_the_shortest_wave() -> None:
    for n in (32, 48):
        cut = 2 * math.pi * n / 3
        assert filter_width((n, n)) == pytest.approx(math.pi / cut, rel=1e-15)
    assert filter_width((30, 60), (2.0, 1.0)) == pytest.approx(math.sqrt(0.1 * 0.025), rel=1e-15)


@pytest.mark.parametrize(("own", "shape"), [((48, 36), (16, 12)), ((33, 27), (15, 11))])
def test_the_filter_keeps_the_modes_below_a_third_and_is_a_projection(
    own: tuple[int, int], shape: tuple[int, int]
) -> None:
    u = flow(own)
    once = sharp_filter(u, shape)
    assert once.shape == (2, *shape)
    torch.testing.assert_close(sharp_filter(once, shape), once, rtol=0, atol=1e-14)
    before, after = (torch.fft.fft2(v, norm="forward") for v in (u, once))
    for i in range(-(shape[0] // 2), shape[0] // 2 + 1):
        for j in range(-(shape[1] // 2), shape[1] // 2 + 1):
            kept = 3 * abs(i) < shape[0] and 3 * abs(j) < shape[1]
            exact = before[:, i, j] if kept else torch.zeros_like(before[:, i, j])
            torch.testing.assert_close(after[:, i, j], exact, rtol=0, atol=1e-15)


@pytest.mark.parametrize(("own", "shape"), [((64, 64), (24, 24)), ((60, 45), (20, 15))])
def test_with_the_exact_stress_the_coarse_equation_is_the_filtered_one(
    own: tuple[int, int], shape: tuple[int, int]
) -> None:
    w = flow(own)

    def advected(field: torch.Tensor) -> torch.Tensor:
        grid = (field.shape[-2], field.shape[-1])
        hat = torch.fft.rfft2(field, norm="forward")
        return torch.fft.irfft2(advection(grid)(hat), s=grid, norm="forward")

    exact = sharp_filter(advected(w), shape)
    without = advected(sharp_filter(w, shape))
    term = curl_of_divergence(-subfilter_stress(w, shape))
    scale = float(exact.abs().max())
    torch.testing.assert_close(without + term, exact, rtol=0, atol=1e-13 * scale)
    assert (without - exact).abs().max() > 1e-2 * scale


def test_a_resolved_flow_has_no_stress() -> None:
    w = sharp_filter(flow((32, 32)), (32, 32))
    assert subfilter_stress(w, (32, 32)).abs().max() == 0


def test_a_finer_model_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        subfilter_stress(flow((16, 16)), (16, 18))
    assert (caught.value.key, caught.value.value) == ("shape", (16, 18))
