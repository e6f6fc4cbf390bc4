"""A surrogate over space and time with corrected predictions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small import evolution, mapping, surrogate

from neurop import Field, FieldSet, Grid
from neurop.datasets import Burgers, SpaceTime
from neurop.errors import InputError
from neurop.evaluation import score
from neurop.evaluation.batches import iterate_pairs
from neurop.fields.noise_input import NoiseInput
from neurop.geometry.axis import Axis
from neurop.models import FNO
from neurop.physics.equations.burgers import Burgers as BurgersEquation
from neurop.refinement.spectral import Corrected
from neurop.spectral import resample
from neurop.surrogate import Surrogate
from neurop.training.fit import fit


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> SpaceTime:
    folder = str(tmp_path_factory.mktemp("burgers"))
    viscosity = [0.02, 0.05]
    source = Burgers(
        24, 64, viscosity, "pino", steps=16, time=0.4, storage={"held_out": 3, "folder": folder}
    )
    return SpaceTime(source, given=4)


@pytest.fixture(scope="module")
def trained(data: SpaceTime) -> Surrogate:
    torch.manual_seed(0)
    spec = FNO.spec(modes=[8, 4], width=8, depth=2, padding=0.25)
    return fit(Surrogate.of(data.splits()["train"], spec), data, epochs=4, batch_size=4).eval()


def test_predictions_are_corrected(data: SpaceTime, trained: Surrogate) -> None:
    test = data.test()
    weights = {name: value.clone() for name, value in trained.state_dict().items()}
    made = Corrected(trained, data.equation)
    before, after = (float(score(s, test).relative_l2) for s in (trained, made))
    assert after < 1e-3 * before
    assert made.net is trained.net
    assert all(torch.equal(weights[name], v) for name, v in trained.state_dict().items())
    # Labelled predictions too, on the grid and on another one.
    labelled = made.predict(test.initial()).velocity
    ((x, _, given),) = iterate_pairs(made, test, 8)
    with torch.no_grad():
        y, fine = made(x, given=given), made(x, (128, 26), given)
    assert np.allclose(labelled.values, y[:, 0].numpy(), atol=1e-6)
    assert torch.allclose(fine, resample(y, made.card.grid, (128, 26)), atol=1e-6)


def test_at_chebyshev_times_the_first_of_which_is_given() -> None:
    x, times = np.arange(32) / 32, 13
    time = Axis("t", "open", length=0.2, layout="chebyshev")
    u = np.sin(2 * np.pi * x)[None, None, None, :, None] * np.exp(-np.arange(times) / 9)
    start = np.repeat(u[..., :1], times, -1)
    grid = Grid((Axis("x"), time))
    fields = FieldSet(start, (Field("velocity_0"),), grid, u, (Field("velocity"),))
    plain = Surrogate.of(fields, FNO.spec(modes=4, width=4, depth=1)).eval()
    made = Corrected(plain, BurgersEquation(0.05))
    inputs = torch.as_tensor(start[:, 0]).float()
    with torch.no_grad():
        y = made(inputs)
        found = made.refined(inputs, plain(inputs))
    assert y.shape == (1, 1, 32, times)
    assert torch.equal(y[..., 0], inputs[..., 0])
    assert found.after < 0.01 * found.before


def test_no_sweeps_are_the_surrogate(data: SpaceTime, trained: Surrogate) -> None:
    test = data.test()
    made = Corrected(trained, data.equation, sweeps=0)
    assert score(made, test).relative_l2 == score(trained, test).relative_l2


def test_more_times_than_those_of_the_training(data: SpaceTime, trained: Surrogate) -> None:
    """The network is evaluated at twice the times, and agrees at those of the training."""
    x = torch.as_tensor(np.array(data.test().values[:, 0])).float()
    times = x.shape[-1]
    closer = x[..., :1].expand(*x.shape[:-1], 2 * times)
    given = torch.full((len(x), 1, *x.shape[2:-1], 1), 0.03)
    with torch.no_grad():
        once = trained(x, given=given.expand(-1, -1, -1, times))
        twice = trained(closer, given=given.expand(-1, -1, -1, 2 * times))
    assert twice.shape[-1] == 2 * times
    assert (twice[..., ::2] - once).norm() < 0.05 * once.norm()
    with pytest.raises(InputError) as error:
        Corrected(trained, data.equation)(closer, given=given.expand(-1, -1, -1, 2 * times))
    assert (error.value.key, error.value.value) == ("grid", 2 * times)


def test_what_has_no_correction_is_refused(data: SpaceTime, trained: Surrogate) -> None:
    noisy = Surrogate.of(data.splits()["train"], "fno", noise=NoiseInput(1))
    for key, made, equation in (
        ("equation", trained, None),
        ("surrogate", surrogate(evolution()), data.equation),
        ("surrogate", surrogate(mapping()), data.equation),
        ("surrogate", noisy, data.equation),
    ):
        with pytest.raises(InputError) as error:
            Corrected(made, equation)
        assert error.value.key == key
