"""A neural operator with its normalisers and constraints: physical units in and out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from neurop import models
from neurop.card import Card
from neurop.constraints.constraint import Constraint, Context
from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.fields.normalizer import Normalizer
from neurop.fields.standardize import Standardize
from neurop.model_folder import check_weights, mismatch, read_parts, write_folder
from neurop.problems import Problem, problem_of
from neurop.registry import Spec
from neurop.spectral import resample

if TYPE_CHECKING:
    import xarray as xr

    from neurop.models.operator import Operator


class Surrogate(nn.Module):
    r"""A network with normalisers and constraints: maps fields to fields in physical units.

    .. math:: y = C\Bigl([x_{\text{last}}] + \sigma_y\,
       \mathcal{N}\!\left(\frac{x - \mu_x}{\sigma_x}\right)
       + \mu_y\Bigr)

    with :math:`\mathcal{N}` the network and C the constraints, applied in turn. The last input
    frame is added if the network predicts increments.

    Parameters
    ----------
    card
        Model and arguments, problem, fields, grid and constraints.
    input_norm, output_norm
        Normalisers of inputs and outputs, fitted on the training split; see :meth:`of`.

    Shape
    -----
    ``(batch, history * channels, *grid) -> (batch, out channels, *grid)``, frames outermost.

    Raises
    ------
    InputError
        If a normaliser has another number of fields than the card, or a constraint does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop.fields import Field, Times
    >>> from neurop.geometry.grid import Grid
    >>> waves = np.sin(2 * np.pi * (np.arange(16) - np.arange(5)[:, None]) / 16)[None, :, None]
    >>> fields, times = (Field("u", "m s-1"),), Times(np.arange(5.0), "s")
    >>> train = FieldSet(waves, fields, Grid.periodic(1), times=times)
    >>> surrogate = Surrogate.of(train, models.FNO.spec(modes=4, width=8, depth=1))
    >>> surrogate.rollout(train.initial(), steps=2).time.values
    array([1., 2.])
    """

    def __init__(self, card: Card, input_norm: Normalizer, output_norm: Normalizer) -> None:
        super().__init__()
        self.card = card
        self.input_norm, self.output_norm = input_norm, output_norm
        for norm, fields in ((input_norm, card.inputs), (output_norm, card.outputs)):
            if (channels := len(norm.std)) != len(fields):
                key = "input_norm" if norm is input_norm else "output_norm"
                remedy = f"channels, but {len(fields)} fields are named; give one for each"
                raise InputError.of(key, channels, remedy)
        for constraint in card.constraints:
            constraint.check(self.context)
        sizes = card.in_channels, card.out_channels
        self.net: Operator = models.create(card.model, *sizes, card.grid)

    @classmethod
    def of(
        cls,
        train: FieldSet,
        model: Spec | str,
        problem: Problem | None = None,
        constraints: Sequence[Constraint] = (),
        normalizer: Standardize | None = None,
    ) -> Surrogate:
        """Return an untrained surrogate, its normalisers fitted on the training split.

        Parameters
        ----------
        train
            The training split; no other data are looked at.
        model
            A registered name, or ``neurop.models.FNO.spec(modes=16)``: name and arguments.
        problem
            Map or evolution; by default a map if the data have targets, else an evolution.
        constraints
            Constraints on the predictions, applied in the order of their ranks.
        normalizer
            Fit of the normalisers; standardisation by default.

        Raises
        ------
        InputError
            If a field is constant, or problem, model or constraints do not fit the data.
        """
        problem = problem or problem_of(train)
        card = Card.of(train, Spec.of(model), problem, constraints)
        return cls(card, *(normalizer or Standardize()).fit(train, problem.increments))

    @property
    def name(self) -> str:
        """Registered name of the model."""
        return self.card.model.name

    @property
    def context(self) -> Context:
        """Grid, fields and normaliser of the predictions, for the constraints."""
        norm = self.input_norm if self.card.is_state else self.output_norm
        return Context(self.card.grid, self.card.outputs, norm, self.card.is_state)

    @property
    def scale(self) -> Tensor:
        """Standard deviation of each predicted field over the training data, ``(out channels,)``.

        Errors are measured in this unit: see :func:`neurop.metrics.norms.relative_l2`.
        """
        return (self.input_norm if self.card.is_state else self.output_norm).std

    def forward(self, x: Tensor, grid: Sequence[int] | None = None) -> Tensor:
        """Return the next state, or the mapped fields, ``(batch, out channels, *grid)``.

        Parameters
        ----------
        x
            ``(batch, history * channels, *grid)`` in physical units, at any resolution.
        grid
            Points per axis of the result (spectral interpolation); those of `x` by default.

        Raises
        ------
        InputError
            If `x` has other axes or channels, or another precision than the weights.
        """
        card = self.card
        if x.dim() != 2 + card.grid.dimensions or x.shape[1] != card.in_channels:
            names = ", ".join(card.grid.names)
            raise InputError(
                f"input has shape {tuple(x.shape)}; need (batch, {card.in_channels}, {names}): "
                f"{card.history} frames of {', '.join(f.name for f in card.inputs)}",
                "x",
                tuple(x.shape),
            )
        if x.dtype != self.output_norm.std.dtype:
            remedy = (
                f"the surrogate is of {self.output_norm.std.dtype}; convert one of them: x.to(...) "
                "or surrogate.double()"
            )
            raise InputError.of("x", x.dtype, remedy)
        y = self.output_norm.inverse(self.net(self.input_norm(x)))
        last = x[:, -card.out_channels :]
        if card.problem.increments:
            y = y + last
        if grid is not None:
            y = resample(y, card.grid, tuple(grid))
        if card.constraints:
            context = self.context
            for constraint in card.constraints:
                y = constraint(y, last, context)
        return y

    def steps(self, frames: Tensor) -> Iterator[Tensor]:
        """Yield the predicted states of an autoregressive rollout, without end.

        Parameters
        ----------
        frames
            Initial frames ``(batch, history, channels, *grid)``.

        Yields
        ------
        Tensor
            ``(batch, channels, *grid)``; only one for a map, whose output cannot be its input.
        """
        while True:
            made = self(frames.flatten(1, 2))
            yield made
            if not self.card.is_state:
                return
            frames = torch.cat([frames[:, 1:], made[:, None]], dim=1)

    def trajectory(self, frames: Tensor, steps: int) -> Tensor:
        """Return the first `steps` states of :meth:`steps`, ``(batch, steps, channels, *grid)``."""
        states = self.steps(frames)
        return torch.stack([next(states) for _ in range(steps)], dim=1)

    @torch.no_grad()
    def at(self, x: Tensor, points: Tensor) -> Tensor:
        """Return the prediction at scattered points, ``(batch, out channels, P)``.

        Parameters
        ----------
        x
            Input of :meth:`forward`.
        points
            Coordinates ``(P, d)`` in the units of the grid; any value along a periodic axis.

        Raises
        ------
        InputError
            If `points` has another number of axes than the grid, or a point lies outside an axis
            that is not periodic.
        """
        grid = self.card.grid
        return resample(self(x), grid, grid.fractions(points))

    def predict(self, data: xr.Dataset) -> xr.Dataset:
        """Return the next state, or the mapped fields, as a labelled dataset.

        Parameters
        ----------
        data
            One variable per input field; dimensions in any order: the axes of the grid, optionally
            ``sample`` and ``time`` (the last `history` frames are used).

        Raises
        ------
        InputError
            If a field or an axis is missing, in another unit, or on other coordinates.
        """
        from neurop.inference.predict import predict

        return predict(self, data, 1)

    def rollout(self, data: xr.Dataset, steps: int) -> xr.Dataset:
        """Return the next `steps` states, an autoregressive rollout; `data` as in :meth:`predict`.

        Raises
        ------
        InputError
            As :meth:`predict`; and if the surrogate is a map, or `steps` is below 1.
        """
        from neurop.inference.predict import predict

        if not self.card.is_state:
            raise InputError.of("problem", "map", "it has no time to roll out; use predict")
        if steps < 1:
            raise InputError.of("steps", steps, "give at least 1")
        return predict(self, data, steps)

    def parameters_count(self) -> int:
        """Return the number of trainable parameters (all are real numbers)."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    def save(self, folder: str | Path) -> None:
        """Write ``model.safetensors`` and ``model.json``; create the folder if it is missing."""
        about: dict[str, Any] = {
            "distribution": models.REGISTRY.distribution_of(self.name),
            "module": models.REGISTRY.module_of(self.name),
            "citation": self.net.citation,
        }
        write_folder(Path(folder), self.state_dict(), self.card.to_dict() | about)

    @classmethod
    def load(cls, folder: str | Path) -> Surrogate:
        """Return the surrogate saved in a folder, on the CPU, in evaluation mode.

        Raises
        ------
        InputError
            If a file is missing or damaged, or the weights are those of another model.
        """
        card, norms, state, plain = read_parts(Path(folder))
        models.REGISTRY.require(card.model.name, plain.get("distribution"), plain.get("module"))
        models.check_arguments(card.model, sum(value.numel() for value in state.values()))
        surrogate = cls(card, *norms)
        weights = (
            value.dtype
            for key, value in state.items()
            if key.startswith("net.") and value.is_floating_point()
        )
        surrogate.to(next(weights, torch.float32))
        if different := mismatch(surrogate.state_dict(), state):
            key, mine, theirs = different
            raise InputError.in_file(
                folder,
                f"{key} has shape {theirs} in model.safetensors, {mine} by model.json; they are "
                "of two models",
            )
        check_weights(Path(folder), surrogate.state_dict(), state)
        surrogate.load_state_dict(state)
        return surrogate.eval()
