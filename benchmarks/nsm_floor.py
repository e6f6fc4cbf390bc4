r"""What discretisations in time can reach at most: floors of the errors of benchmarks/nsm.py.

python benchmarks/nsm_floor.py [--fields 100] [--viscosity 0.05]

The prediction with the least residual, without any network: diffusion of the initial fields of
`data=reaction_diffusion`, wave by wave, :math:`u_k' = -\nu (2 \pi k)^2 u_k`, by least squares on 64
frames with differences in time and at Chebyshev points. The error is the relative L2 over the times
1/64 .. 63/64, mean over the fields. Fisher's reaction is smoother in time than the fast waves.
"""

from __future__ import annotations

import argparse
import json

import numpy as np
from numpy.typing import NDArray

from neurop.datasets import ReactionDiffusion
from neurop.geometry.axis import Axis
from neurop.physics.derivatives.differences import difference_matrix
from neurop.spectral.chebyshev import Chebyshev

Array = NDArray[np.float64]
FRAMES, WAVES = 64, 17
AT = np.arange(1, FRAMES) / FRAMES


def frames(rate: float, accuracy: int) -> Array:
    """Return the decay from 1 at the times, by differences of an order of accuracy."""
    n = FRAMES + 1
    matrix = difference_matrix(n, 1, accuracy, 1 / FRAMES, periodic=False) + rate * np.eye(n)
    return np.linalg.lstsq(matrix[:, 1:], -matrix[:, 0], rcond=None)[0][:-1]


def polynomial(rate: float, times: int) -> Array:
    """Return the decay from 1 at the times, by a polynomial at Chebyshev points."""
    axis, basis = Axis("t", "open", layout="chebyshev"), Chebyshev(times)
    fine, analysis = 2 * times - 1, basis.analysis(axis, times)
    values = basis.functions(axis.points(fine)) * basis.norms()
    residual = values @ (basis.derivative_matrix() + rate * np.eye(times)) @ analysis
    residual *= np.sqrt(axis.weights(fine))[:, None]
    later = np.linalg.lstsq(residual[:, 1:], -residual[:, 0], rcond=None)[0]
    return basis.functions(AT) * basis.norms() @ analysis @ np.concatenate([[1.0], later])


def main() -> None:
    """Print the floors."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--fields", type=int, default=100)
    parser.add_argument("--viscosity", type=float, default=0.05)
    given = parser.parse_args()
    source = ReactionDiffusion(samples=10**6, viscosity=given.viscosity, steps=FRAMES)
    power = np.abs(np.fft.rfft(source.start(range(given.fields), 64)))[:, :WAVES] ** 2
    power[:, 1:] *= 2
    rates = given.viscosity * (2 * np.pi * np.arange(WAVES)) ** 2
    exact = np.exp(-np.outer(rates, AT))
    for name, solve, options in (
        ("frames, differences of order", frames, (2, 4, 6)),
        ("Chebyshev times", polynomial, (13, 17, 25, 33)),
    ):
        for option in options:
            wrong = np.stack([solve(rate, option) for rate in rates]) - exact
            errors = np.sqrt((power @ wrong**2).sum(1) / (power @ exact**2).sum(1))
            print(json.dumps({"time": f"{name} {option}", "relative_l2": float(errors.mean())}))


if __name__ == "__main__":
    main()
