r"""Error of a finite-volume solution on the public Darcy files, due to their coarse coefficients.

The two-point flux scheme with harmonic means of :math:`-\nabla\cdot(a \nabla y) = 1` on the points
of the files, with the permeabilities that their Laplacians imply (1/50.2 and 1/2.78, see the card
of the data set) and zero on the boundary. Prints the mean relative L2 error on the test set per
resolution, as JSON.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import spsolve

from neurop.datasets import DarcyPublic

PERMEABILITY = (1 / 50.2, 1 / 2.78)


def solution(phase: NDArray[Any]) -> NDArray[np.float64]:
    """Return y at the points j/n of a phase indicator at the same points."""
    n = len(phase)
    # The far edges are not in the file; the coefficient there is that of the neighbours.
    a = np.pad(np.where(phase > 0, PERMEABILITY[1], PERMEABILITY[0]), ((0, 1), (0, 1)), mode="edge")
    number = np.full((n + 1, n + 1), -1)
    number[1:n, 1:n] = np.arange((n - 1) ** 2).reshape(n - 1, n - 1)
    here = (slice(1, n), slice(1, n))
    rows, columns, values, diagonal = [], [], [], np.zeros((n - 1, n - 1))
    for i, j in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        there = (slice(1 + i, n + i), slice(1 + j, n + j))
        flux = 2 * a[here] * a[there] / (a[here] + a[there]) * n**2
        diagonal += flux
        inside = number[there] >= 0
        rows.append(number[here][inside])
        columns.append(number[there][inside])
        values.append(-flux[inside])
    rows.append(number[here].ravel())
    columns.append(number[here].ravel())
    values.append(diagonal.ravel())
    matrix = csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))))
    y = np.zeros((n, n))
    y[here] = spsolve(matrix, np.ones((n - 1) ** 2)).reshape(n - 1, n - 1)
    return y


def main() -> None:
    """Print the errors."""
    source, found = DarcyPublic(), {}
    for n in (16, 32):
        test = source.at((n, n))
        assert test.targets is not None
        pairs = zip(test.values[:, 0, 0], test.targets[:, 0, 0], strict=True)
        found[str(n)] = float(
            np.mean([np.linalg.norm(solution(phase) - y) / np.linalg.norm(y) for phase, y in pairs])
        )
    print(
        json.dumps(
            {"data": source.name, "scheme": "two-point flux, harmonic means", "relative_l2": found},
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
