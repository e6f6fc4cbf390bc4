import math
from pathlib import Path

import numpy as np
import pytest
import torch
from raising import leaf, raises_input

from neurop.datasets.filtered_turbulence import FilteredTurbulence
from neurop.datasets.kolmogorov_flow import KolmogorovFlow
from neurop.physics.operators import truncate

FLOW = {"reynolds": 200.0, "wavenumber": 2, "spin_up": 3.0}


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", str(tmp_path))


def small(resolution: int = 16, factor: int = 4, **changes: object) -> FilteredTurbulence:
    given = {"flow": FLOW, "steps": 2, "interval": 0.5, "storage": {"held_out": 1}} | changes
    return FilteredTurbulence(3, resolution, factor, **given)  # type: ignore[arg-type]


def cut(values: np.ndarray, points: int) -> np.ndarray:
    """Return the fields with the modes |k| < points/2 alone, on a grid of `points` squared."""
    hat = torch.fft.rfft2(torch.from_numpy(values).double(), norm="forward")
    kept = truncate(hat, values.shape[-2:], (points, points))
    return torch.fft.irfft2(kept, s=(points, points), norm="forward").numpy()


def test_the_fields_are_the_spectral_cut_of_the_finer_set() -> None:
    source = small()
    coarse, fine = source.splits()["test"], source.at((64, 64))
    assert fine.values.shape == (1, 3, 1, 64, 64)
    assert source.discretisation((64, 64)) == source.discretisation((16, 16))
    np.testing.assert_allclose(coarse.values, cut(fine.values, 16), atol=2e-6)
    # The finer set is that of the flow on 64^2 points.
    flow = KolmogorovFlow(
        3, 64, FLOW, steps=2, interval=0.5, solver={"points": 64}, storage={"held_out": 1}
    )
    np.testing.assert_array_equal(flow.splits()["test"].values, fine.values)


def test_the_filter_is_in_the_attributes() -> None:
    source = small()
    for points in (16, 32):
        attributes = source.at((points, points)).attributes
        assert attributes["filter_width"] == pytest.approx(2 * math.pi / points, rel=1e-12)
        assert (attributes["solver"], attributes["reynolds"]) == (64, 200.0)
    outline = small(steps=3).outline()
    assert outline is not None
    assert outline["train"].attributes["filter_width"] == pytest.approx(math.pi / 8)


def test_the_filter_removes_what_the_coarse_grid_cannot_follow() -> None:
    """A solver on the coarse grid departs from the filtered solution; one on 64^2 does not."""
    source = small()
    fine = source.at((64, 64)).values[:, :, 0].astype(np.float64)
    beyond = np.linalg.norm(fine - cut(cut(fine, 16), 64)) / np.linalg.norm(fine)
    assert beyond > 0.02
    start = torch.from_numpy(cut(fine, 16)[:, 0])
    coarse = source._advance(start, 0.5, 2).numpy()
    truth = cut(fine, 16)
    errors = np.linalg.norm(coarse - truth, axis=(-2, -1)) / np.linalg.norm(truth, axis=(-2, -1))
    assert errors[0, 0] < 1e-12
    assert errors[0, 2] > 0.02
    again = source._advance(torch.from_numpy(fine[:, 0]), 0.5, 2, (16, 16)).numpy()
    assert np.linalg.norm(again[:, 2] - truth[:, 2]) < 1e-5 * np.linalg.norm(truth[:, 2])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"factor": 1}, "use 2 or more"),
        ({"factor": 3, "flow": {"reynolds": 1000.0}}, "needs 127"),
        ({"steps": 0}, "use 1 or more"),
        ({"resolution": 4, "factor": 32}, "use 8 or more"),
    ],
)
def test_unusable_parameters_are_one_line(changes: dict[str, object], message: str) -> None:
    with raises_input(*leaf(changes), message):
        small(**changes)  # type: ignore[arg-type]


def test_a_grid_finer_than_the_solver_is_one_line() -> None:
    with raises_input("points", 64):
        small().at((96, 96))
