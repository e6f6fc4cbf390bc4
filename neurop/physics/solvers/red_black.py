"""Symmetric five-point operators on red and black points, with contiguous neighbours in memory."""

from __future__ import annotations

import torch
from torch import Tensor

RED, BLACK = 0, 1


class RedBlack:
    r"""A batch of five-point operators on (n+1) x (n+1) nodes, zero on the boundary.

    .. math:: (Au)_p = d_p u_p - \sum_{q \sim p} t_{pq} u_q, \qquad
       d_p = \sum_{q \sim p} t_{pq}, \qquad t_{pq} = t_{qp}.

    Rows of an odd number of entries (one is added where n is odd) make the colour of a node, the
    parity of i + j, that of its place in the flattened array. So the red nodes are ``flat[0::2]``
    and the black ones ``flat[1::2]``, every neighbour of one colour has the other, and it lies at a
    fixed distance: a sweep is a few products of contiguous slices.

    Parameters
    ----------
    x_faces
        Coupling t between the nodes (i, j) and (i+1, j): ``(batch, n, n+1)``.
    y_faces
        Coupling t between the nodes (i, j) and (i, j+1): ``(batch, n+1, n)``.

    Attributes
    ----------
    diagonal, inverse
        Diagonal d and 1/d of the red and of the black nodes; 1/d is 0 outside the interior.
    """

    def __init__(self, x_faces: Tensor, y_faces: Tensor) -> None:
        n = self.n = y_faces.shape[-1]
        self.width = n + 1 + n % 2
        self.half = self.width // 2
        self.size = ((n + 1) // 2 + 1) * self.width
        # The interior of either colour, with some boundary nodes between its rows.
        self.inner = (self.half + 1, (self.width * (n + 1) + 1) // 2 - self.half - 1)
        y, x = y_faces[:, 1:n], x_faces[:, :, 1:n]
        diagonal = self.split(y[..., 1:] + y[..., :-1] + x[:, 1:] + x[:, :-1], 1)
        inverse = [torch.where(d > 0, d.reciprocal(), 0.0) for d in diagonal]
        self.diagonal, self.inverse = diagonal, (inverse[RED], inverse[BLACK])
        # The nodes of the boundary are zero, so only couplings inside are stored.
        self._y = self.split(y[..., 1:-1], 1)
        self._x = self.split(x[:, 1:-1], 1)

    def split(self, field: Tensor, corner: int = 0) -> tuple[Tensor, Tensor]:
        """Return the red and the black entries of a field, ``(batch, size)`` each.

        The first entry of the field is the node (corner, corner).
        """
        flat = field.new_zeros(len(field), 2 * self.size)
        nodes = flat[:, : self.width * (self.n + 1)].view(-1, self.n + 1, self.width)
        nodes[:, corner : corner + field.shape[1], corner : corner + field.shape[2]] = field
        return flat[:, 0::2].contiguous(), flat[:, 1::2].contiguous()

    def join(self, red: Tensor, black: Tensor) -> Tensor:
        """Return ``(batch, n+1, n+1)`` from its red and black entries."""
        rows = torch.stack((red, black), -1).flatten(1)[:, : self.width * (self.n + 1)]
        return rows.view(len(red), self.n + 1, self.width)[..., : self.n + 1]

    def neighbours(self, colour: int, x: Tensor, out: Tensor, b: Tensor | None = None) -> Tensor:
        r"""Write :math:`b_p + \sum_q t_{pq} x_q` at the interior nodes of a colour to `out`.

        x are the entries of the other colour.
        """
        half, (start, stop) = self.half, self.inner
        same, other = (RED, BLACK) if colour == RED else (BLACK, RED)
        back = 1 if colour == RED else 0
        # Faces towards larger j and i belong to the node, those towards smaller ones to the
        # neighbour.
        terms = (
            (self._y[same], 0, 1 - back),
            (self._y[other], -back, -back),
            (self._x[same], 0, half + 1 - back),
            (self._x[other], -half - back, -half - back),
        )
        inner = out[:, start:stop]
        for t, face, node in terms:
            pieces = (t[:, start + face : stop + face], x[:, start + node : stop + node])
            if t is not self._y[same]:
                inner.addcmul_(*pieces)
            elif b is None:
                torch.mul(*pieces, out=inner)
            else:
                torch.addcmul(b[:, start:stop], *pieces, out=inner)
        return out

    def relax(self, colour: int, x: Tensor, out: Tensor, b: Tensor | None = None) -> Tensor:
        """Solve the equations of a colour for fixed x of the other colour: half a sweep.

        The solution is written to `out`.
        """
        start, stop = self.inner
        self.neighbours(colour, x, out, b)[:, start:stop].mul_(self.inverse[colour][:, start:stop])
        return out

    def dense(self) -> Tensor:
        """Return the matrices of the interior nodes, ``(batch, (n-1)^2, (n-1)^2)``."""
        m = self.n - 1
        diagonal, y, x = (
            self.join(*part)[:, 1:-1, 1:-1].flatten(1) for part in (self.diagonal, self._y, self._x)
        )
        matrix = torch.diag_embed(diagonal)
        if m > 1:
            upper = torch.diag_embed(y[:, :-1], 1) + torch.diag_embed(x[:, :-m], m)
            matrix = matrix - upper - upper.mT
        return matrix
