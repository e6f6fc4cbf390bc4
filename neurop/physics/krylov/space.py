"""A space that is known to an operator, and the part of it that is worth keeping."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from neurop.physics.krylov.arnoldi import Cycle

DEPENDENT = 1e-12
"""Images whose part outside the others is smaller, relative to the largest, are dropped."""


class Space(NamedTuple):
    r"""Vectors U and their orthonormal images C: :math:`A U = C,\ C^H C = I`.

    Attributes
    ----------
    vectors, images
        Rows, ``(k, size)``.
    """

    vectors: NDArray[Any]
    images: NDArray[Any]

    @classmethod
    def of(cls, vectors: NDArray[Any], images: NDArray[Any]) -> Space:
        """Return the space with combinations of vectors whose images are orthonormal.

        Examples
        --------
        >>> space = Space.of(np.eye(2, 3), 2 * np.ones((2, 3)))  # dependent images: one is left
        >>> space.vectors.shape, bool(np.allclose(np.linalg.norm(space.images, axis=1), 1))
        ((1, 3), True)
        """
        if not len(vectors):
            return cls(vectors, images)
        q, r, order = scipy.linalg.qr(images.T, mode="economic", pivoting=True)
        diagonal = np.abs(np.diagonal(r))
        rank = int((diagonal > DEPENDENT * diagonal[0]).sum())
        u = scipy.linalg.solve_triangular(r[:rank, :rank].T, vectors[order[:rank]], lower=True)
        return cls(u, np.ascontiguousarray(q[:, :rank].T))

    def solve(self, residual: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        r"""Return :math:`U C^H r`, the best step in the space, and the residual after it."""
        part = (self.images @ residual.conj()).conj()
        return part @ self.vectors, residual - part @ self.images


class Extended:
    r"""A space and the Krylov space of a cycle: :math:`A \hat V = \hat W G`.

    .. math:: \hat V = [U D, V], \qquad \hat W = [C, W], \qquad
              G = \begin{pmatrix} D & B \\ 0 & \bar H \end{pmatrix}

    with D that gives the vectors of U the length 1.

    Parameters
    ----------
    space
        U and C.
    cycle
        Cycle of Arnoldi's method in the complement of C.
    """

    def __init__(self, space: Space, cycle: Cycle) -> None:
        k, self.basis = len(space.vectors), cycle.basis
        lengths = np.linalg.norm(space.vectors, axis=1)
        self._start = k
        self._vectors = np.concatenate([space.vectors / lengths[:, None], cycle.basis[k:-1]])
        self._matrix = np.concatenate([np.eye(len(cycle.basis), k), cycle.matrix], axis=1)
        self._matrix[range(k), range(k)] = 1 / lengths

    def solve(self, residual: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the step that leaves the least residual, and that residual."""
        target = np.zeros(len(self.basis), residual.dtype)
        target[self._start] = np.linalg.norm(residual)
        y = np.linalg.lstsq(self._matrix, target)[0]
        return y @ self._vectors, residual - (self._matrix @ y) @ self.basis

    def smallest(self, count: int) -> Space:
        r"""Return the space of the harmonic Ritz vectors with the smallest Ritz values.

        .. math:: G^H G z = \theta\, G^H \hat W^H \hat V z

        solved as :math:`G^+ \hat W^H \hat V z = \theta^{-1} z`, which does not square the condition
        of G. Of a real operator the real and imaginary parts of conjugate pairs are taken.
        """
        if not count:
            return Space(self._vectors[:0], self.basis[:0])
        known = self._vectors[: self._start]
        cross = np.eye(*self._matrix.shape, dtype=self._matrix.dtype)
        cross[:, : self._start] = self.basis.conj() @ known.T
        inverse, z = np.linalg.eig(np.linalg.lstsq(self._matrix, cross)[0])
        keep = np.argsort(-np.abs(inverse), kind="stable")[:count]
        z, inverse = z[:, keep], inverse[keep]
        if not np.iscomplexobj(self.basis):
            z = np.where(inverse.imag < 0, z.imag, z.real)
        combinations, coordinates = Space.of(z.T, (self._matrix @ z).T)
        return Space(combinations @ self._vectors, coordinates @ self.basis)
