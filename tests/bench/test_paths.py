"""Every path of the bench computes the same function."""

import copy

import pytest
import torch
from raising import raises_input

from neurop.bench import parse
from neurop.bench.fft import FFTConv, complex_weight, real_weight
from neurop.bench.paths import build, check_paths, error, sample
from neurop.bench.peer import available
from neurop.layers import SpectralConv

CASES = ["1d-2x3x16-m5", "2d-2x3x16-m5", "2d-2x3x16-m8", "2d-3x2x15-m1", "3d-2x3x8-m3"]
needs_peer = pytest.mark.skipif(not available(), reason="neuraloperator is not installed")


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("scope", ["layer", "model"])
def test_torch_fft_is_the_same_function_in_float64(name: str, scope: str) -> None:
    case = parse(name)
    x = sample("torch-fft", case, scope, seed=1).double()
    ours, theirs = (build(path, case, scope, seed=2) for path in ("neurop", "torch-fft"))
    if scope == "layer":
        # The complex weights are doubled from the real ones, as Module.double leaves complex
        # parameters alone.
        theirs = FFTConv(ours.double())  # type: ignore[arg-type]
    else:
        for block, source in zip(theirs.double().blocks, copy.deepcopy(ours).double().blocks):
            block.spectral = FFTConv(source.spectral)
        ours = ours.double()
    with torch.no_grad():
        expected, given = ours(x), theirs(x)
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(given, expected, rtol=0, atol=1e-13)


def test_torch_fft_works_on_unequal_axes() -> None:
    conv = SpectralConv(2, 3, (4, 2, 3)).double()
    x = torch.randn(2, 2, 9, 8, 7, dtype=torch.float64)
    torch.testing.assert_close(FFTConv(conv)(x), conv(x), rtol=0, atol=1e-13)


def test_torch_fft_has_the_same_gradient() -> None:
    conv = SpectralConv(2, 2, (3, 3)).double()
    x = torch.randn(1, 2, 8, 8, dtype=torch.float64, requires_grad=True)
    ours, theirs = (torch.autograd.grad(f(x).square().sum(), x)[0] for f in (conv, FFTConv(conv)))
    torch.testing.assert_close(theirs, ours, rtol=0, atol=1e-12)


def test_weights_return_from_complex_numbers() -> None:
    conv = SpectralConv(2, 3, (3, 4, 2))
    assert torch.equal(real_weight(complex_weight(conv), conv), conv.weight)


@needs_peer
@pytest.mark.parametrize("name", CASES[:3] + CASES[4:])
def test_neuraloperator_has_the_same_layer(name: str) -> None:
    case = parse(name)
    x = sample("neuraloperator", case, "layer", seed=1)
    with torch.no_grad():
        expected, given = (
            build(path, case, "layer", seed=2)(x) for path in ("neurop", "neuraloperator")
        )
    assert float((given - expected).norm() / expected.norm()) < 1e-5


@needs_peer
@pytest.mark.parametrize("name", ["1d-2x3x16-m5", "2d-2x3x16-m5", "3d-2x3x8-m3"])
def test_neuraloperators_model_is_judged_by_its_own_function(name: str) -> None:
    case = parse(name)
    module, x = build("neuraloperator", case, "model"), sample("neuraloperator", case, "model")
    assert error("neuraloperator", case, "model", module, x, module(x)) < 1e-5


@pytest.mark.parametrize("scope", ["layer", "model"])
def test_error_is_measured(scope: str) -> None:
    case = parse("2d-2x3x16-m5")
    module, x = build("neurop", case, scope), sample("neurop", case, scope)
    y = module(x)
    assert 0 < error("neurop", case, scope, module, x, y) < 1e-5
    assert error("neurop", case, scope, module, x, 1.01 * y) == pytest.approx(0.01, rel=1e-3)


def test_building_leaves_the_random_state_alone() -> None:
    before = torch.get_rng_state()
    build("neurop", parse("1d-1x2x8-m2"), "layer")
    assert torch.equal(torch.get_rng_state(), before)


def test_a_wrong_path_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with raises_input("paths", "neurops", "did you mean 'neurop'"):
        check_paths(["neurops"])
    monkeypatch.setattr("neurop.bench.paths.available", lambda: False)
    with raises_input("paths", "neuraloperator", "pip install"):
        check_paths(["neuraloperator"])
