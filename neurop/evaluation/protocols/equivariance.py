"""Equivariance: the predictions of moved inputs compared with moved predictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import xarray as xr
from torch import Tensor

from neurop.errors import InputError, nearest
from neurop.evaluation.batches import check_compatible, iterate_pairs, variable
from neurop.evaluation.protocols.protocol import Protocol
from neurop.fields.fieldset import FieldSet
from neurop.geometry.grid import Grid
from neurop.geometry.signed_permutation import SignedPermutation, check_cube, symmetries
from neurop.inference.domain import measure
from neurop.inference.evaluating import evaluating
from neurop.metrics.norms import relative_l2
from neurop.transforms.mirror import mirrored

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


@dataclass(frozen=True)
class Equivariance(Protocol):
    r"""Errors of a surrogate f under the rotations and reflections g of a square grid.

    .. math:: \frac{\lVert f(g\,x) - g\,f(x) \rVert}{\lVert f(x) \rVert}, \qquad
       \frac{\lVert f(g\,x) - g\,y \rVert}{\lVert y \rVert}

    of all samples or windows, relative L2 as in the scores: the error of equivariance, and that of
    the prediction on moved test data, whose truth is g y if the equation has the symmetry. With
    :math:`(g x)(s) = \pm x(g^{-1} s)`, where the sign of a pseudoscalar under a reflection is -1;
    conditions move with the fields. On a periodic domain g turns about its first point, otherwise
    about its centre. Every sample is evaluated once for each of the 8 elements, the identity
    included, which is the error of the scores.

    Parameters
    ----------
    pseudoscalars
        Names of the fields and conditions that change their sign under a reflection, such as
        ``vorticity``. The others are scalars; components of vectors are neither.

    Raises
    ------
    InputError
        In a call, if the grid is not a square of as many points along both axes (a cube in three
        dimensions), or there is no field of a name.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, Surrogate
    >>> states = np.random.default_rng(0).random((1, 3, 1, 8, 8))
    >>> data = FieldSet(states, (Field("vorticity"),), Grid.periodic(2))
    >>> found = Equivariance(["vorticity"])(Surrogate.of(data, "gfno"), data)
    >>> bool(found.rotations < 1e-5), bool(found.reflections > 1e-3)
    (True, True)
    """

    pseudoscalars: Sequence[str] = ()

    def __call__(self, surrogate: Surrogate, test: FieldSet, batch_size: int = 16) -> xr.Dataset:
        """Return mean and largest error by element of the group, and the largest of each kind."""
        test = check_compatible(surrogate, test)
        check_cube(test.grid)
        if len(set(test.shape)) > 1:
            raise InputError.of("shape", test.shape, "as many points along all axes are needed")
        self._check_names(surrogate)
        group = symmetries(test.grid.dimensions)
        found: dict[SignedPermutation, list[Tensor]] = {g: [] for g in group}
        with evaluating(surrogate):
            for x, y, given in iterate_pairs(surrogate, test, batch_size):
                for g, errors in self._errors(surrogate, x, y, given):
                    found[g].append(errors)
        values = torch.stack([torch.cat(found[g], 1) for g in group]).cpu()
        own, moved = values.unbind(1)  # (element, sample) each
        rotation = torch.tensor([g.determinant == 1 for g in group])
        kinds = {"rotations": own[rotation], "reflections": own[~rotation]}
        names = test.grid.names
        return xr.Dataset(
            {
                "mean": variable(["element"], own.mean(1), "mean error of equivariance"),
                "largest": variable(["element"], own.amax(1), "largest"),
                "moved": variable(["element"], moved.mean(1), "mean error on moved data"),
                **{
                    kind: variable([], some.max(), f"largest error of equivariance, {kind}")
                    for kind, some in kinds.items()
                },
            },
            {"element": [f"({', '.join(names)}) -> {g.of(*names)}" for g in group]},
            {"title": f"equivariance, relative L2, {own.shape[1]} samples or windows"},
        )

    def _check_names(self, surrogate: Surrogate) -> None:
        card = surrogate.card
        fields = (*card.inputs, *card.outputs, *(c.field for c in card.conditions))
        names = sorted({field.name for field in fields})
        for name in self.pseudoscalars:
            if name not in names:
                raise InputError.of("pseudoscalars", name, nearest(name, names))

    def _errors(
        self, surrogate: Surrogate, x: Tensor, y: Tensor, given: Tensor | None
    ) -> Iterator[tuple[SignedPermutation, Tensor]]:
        """Yield the elements and both errors of each sample, ``(2, batch)``."""
        card, grid = surrogate.card, surrogate.card.grid
        weights = measure(card, y, given)
        inputs = [field.name for field in card.inputs] * card.history
        outputs = [field.name for field in card.outputs]
        conditions = [c.field.name for c in card.conditions for _ in c.channels]
        first = surrogate(x, given=given).to(y)
        for g in symmetries(grid.dimensions):
            turned = None if given is None else self._moved(given, g, grid, conditions)
            p = surrogate(self._moved(x, g, grid, inputs), given=turned).to(y)
            pairs = ((p, self._moved(fields, g, grid, outputs)) for fields in (first, y))
            cells = measure(card, y, turned) if turned is not None else weights
            yield g, torch.stack([relative_l2(*pair, cells, surrogate.scale) for pair in pairs])

    def _moved(self, x: Tensor, g: SignedPermutation, grid: Grid, names: Sequence[str]) -> Tensor:
        """Return moved fields ``(batch, channels, *grid)`` of these names."""
        made = x.permute(0, 1, *(2 + axis for axis in g.axes))
        for dim, (sign, axis) in enumerate(zip(g.signs, grid.axes, strict=True), start=2):
            made = mirrored(made, dim, axis, vanishes=False) if sign < 0 else made
        odd = [g.determinant < 0 and name in self.pseudoscalars for name in names]
        signs = torch.tensor([-1.0 if one else 1.0 for one in odd]).to(x)
        return made * signs.view(-1, *[1] * grid.dimensions)
