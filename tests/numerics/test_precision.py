"""Rounding errors of every layer and transform, within the budget of a table.

Errors are relative L2 errors compared with float64; that of the gradients is the largest over the
inputs and parameters. A budget is about three times what was measured with four seeds, with the
compiled kernels and without. It is in units of the unit roundoff: 2^-24 (6.0e-8) in single
precision, 2^-9 (2.0e-3) with bfloat16 autocast. A layer that autocast leaves in single precision
has no budget of its own there: that of single precision holds, and - stands for it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from numerics.catalogue import CASES, LAYERS, errors, public_layers

from neurop.spectral import fused

BUDGETS = """
SpectralConv                    |   15 |   15 |    - |    -
SpectralConv, walls             |   15 |   15 |    - |    -
SpectralConv, padded            |   15 |   15 |    - |    -
AxisConv                        |    8 |   15 |    - |    -
SphericalConv                   |   15 |   15 |    - |    -
SphericalConv, axis             |   15 |   15 |    - |    -
FourierBlock                    |    2 |   60 |    1 |   10
SphericalBlock                  |    2 |   50 |  1.5 |   15
CoefficientTransform            |  7.5 |    5 |    - |    -
CoefficientTransform, inverse   |    5 |  8.5 |    - |    -
CoefficientBlock                |  6.5 |   15 |    - |    -
CoefficientUNet                 |   20 |   60 |  4.5 |   25
Tucker                          |   15 |   30 |    - |    -
CP                              |   20 |   20 |    - |    -
TensorTrain                     |   15 |   30 |    - |    -
LayerSlice                      |   15 |   75 |    - |    -
GroupWeight                     |   10 |   12 |    - |    -
GroupLinear                     |    3 |   55 |    5 |    7
LiftToGroup                     |    3 |   55 |    5 |    5
SumOverGroup                    |    3 |  450 |    5 |   11
PolarFilter                     |  4.5 |   22 |    5 |    6
DynamicFilter                   |  4.5 |   23 |    5 |   14
DenseFilter                     |    4 |  4.5 |    6 |  5.5
Generator                       |    4 |    7 |    4 |  4.5
ShellScale                      |  1.5 |  1.5 |    - |    -
GeneratorBlock                  |    7 |   37 |  4.5 |    7
PreBlock                        |  2.5 |   45 |    1 |    7
DoubleFourierConv               |   10 |   23 |    - |    -
SpherePosition                  |    1 |    1 |    - |    -
Halve                           |    2 |    1 |    - |    -
Double                          |    3 |    4 |    - |    -
Patches                         |    5 |    3 |    - |    -
PatchHead                       |    4 |   50 |    5 |    5
ModeMLP                         |   13 |   32 |    - |    -
TokenBlock                      |    4 |   66 |    1 |   13
ChannelMLP                      |  7.5 |   50 |    7 |    9
Coordinates                     |    1 |    1 |    - |    -
Position                        |    1 |    1 |    - |    -
FiLM                            |    3 |   20 |    3 |   15
BoundaryPadding                 |    1 |  1.5 |    - |    -
PaddedConv                      |    8 |   75 |  4.5 |  7.5
HalvingConv                     |  5.5 |   45 |    5 |  5.5
DoublingConv                    |    3 |   90 |  5.5 |  5.5
ConvNeXtBlock                   |    3 |   85 |    2 |  200
UnitNorm                        |  2.5 |  6.5 |    - |    -
ResidualBlock                   |    9 |   75 |  6.5 |   25
DifferenceConv                  |  6.5 |   50 |    - |    -
IntegralConv                    |   20 |   55 |    - |    -
DiscoConv                       |   15 |   55 |    - |    -
SphereDifference                |  5.5 |   55 |    - |    -
LocalOperator                   |   15 |  250 |  6.5 |   25
LocalBlock                      |    9 |  150 |    4 |   20
analyze, Fourier                |    8 |    6 |  5.5 |  5.5
synthesize, Fourier             |  5.5 |  8.5 |  5.5 |  5.5
analyze, cosine and sine        |  8.5 |    5 |    6 |    6
synthesize, cosine and sine     |  4.5 |  8.5 |  5.5 |  5.5
analyze, padded Fourier         |  8.5 |    6 |    6 |  5.5
synthesize, padded Fourier      |    6 |  8.5 |  5.5 |  5.5
analyze, Gauss sphere           |  8.5 |  7.5 |    6 |  5.5
synthesize, Gauss sphere        |  7.5 |    8 |  5.5 |    6
analyze, sphere with poles      |  8.5 |  7.5 |    6 |    6
synthesize, sphere with poles   |  7.5 |    8 |  5.5 |    6
analyze, sphere of cells        |  8.5 |  7.5 |    6 |    6
synthesize, sphere of cells     |  7.5 |    8 |    6 |    6
resample, plane                 |   15 |   15 |  7.5 |  7.5
resample, walls                 |   15 |   15 |  7.5 |  7.5
resample, sphere                |   15 |   15 |    8 |    8
mix                             |    4 |  4.5 |    6 |  5.5
"""
"""Name; in single precision values, gradients; in autocast values, gradients."""
SINGLE, HALF = 2.0**-24, 2.0**-9
Budget = tuple[float, float, float, float]


def table() -> dict[str, Budget]:
    """Return the budgets as relative errors, by name."""
    found = {}
    for line in BUDGETS.strip().splitlines():
        name, *cells = (cell.strip() for cell in line.split("|"))
        single = [float(cell) * SINGLE for cell in cells[:2]]
        half = [
            own if cell == "-" else float(cell) * HALF
            for cell, own in zip(cells[2:], single, strict=True)
        ]
        found[name] = (*single, *half)
    return found


def test_every_layer_has_a_budget() -> None:
    assert table().keys() == CASES.keys()
    assert {name.split(",")[0] for name in LAYERS} == public_layers()


@pytest.fixture(params=["kernels", "plain"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Compute with the compiled kernels, where there are any, or without."""
    if request.param == "plain":
        monkeypatch.setattr(fused, "have_kernels", lambda *tensors: False)
    return str(request.param)


@pytest.mark.trust("Float32 is within a rounding budget of float64", "every layer and transform")
@pytest.mark.parametrize("name", CASES)
def test_single_precision(
    name: str, path: str, record_property: Callable[[str, object], None]
) -> None:
    values, gradients, *_ = table()[name]
    found = [errors(CASES[name], seed) for seed in range(2)]
    record_property("trials", len(found))
    assert max(value for value, _ in found) <= values
    assert max(gradient for _, gradient in found) <= gradients


@pytest.mark.trust("Bfloat16 autocast is within a budget of float64", "every layer and transform")
@pytest.mark.parametrize("name", CASES)
def test_autocast(name: str, record_property: Callable[[str, object], None]) -> None:
    *_, values, gradients = table()[name]
    found = [errors(CASES[name], seed, autocast=True) for seed in range(2)]
    record_property("trials", len(found))
    assert max(value for value, _ in found) <= values
    assert max(gradient for _, gradient in found) <= gradients


@pytest.mark.trust(
    "Float32 is within a rounding budget of float64", "a layer with a worse constant"
)
def test_a_budget_notices_a_constant_that_was_rounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A matrix of a transform in half precision exceeds the budget."""
    from neurop.spectral import transform

    exact = transform.analysis_matrix

    def rounded(*arguments: object) -> torch.Tensor:
        made = exact(*arguments)  # type: ignore[arg-type]
        return made.half().to(made.dtype) if made.dtype == torch.float32 else made

    monkeypatch.setattr(transform, "analysis_matrix", rounded)
    assert errors(CASES["SpectralConv"], 0)[0] > 10 * table()["SpectralConv"][0]
