"""A neural operator with its normalisers and constraints: physical units in and out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import torch
from torch import Tensor, nn

from neurop import models
from neurop.card import Card
from neurop.constraints.constraint import Constraint, Context
from neurop.fields.fieldset import FieldSet
from neurop.fields.noise_input import NoiseInput, read_noise
from neurop.fields.normalizer import Normalizer
from neurop.fields.standardize import Standardize, fit_conditions
from neurop.inference import ensemble, training_inputs
from neurop.inference.check_input import check_input, check_norms
from neurop.inference.conformal.calibration import Calibration
from neurop.inference.conformal.file import read_bands, write_bands
from neurop.inference.network_input import network_input
from neurop.inference.network_output import network_output
from neurop.inference.steps import steps
from neurop.model_folder import read_parts, restore, write_folder
from neurop.problems import Problem, problem_of
from neurop.registry import Spec
from neurop.spectral import resample

if TYPE_CHECKING:
    import xarray as xr

    from neurop.inference.as_dataset import Labelled
    from neurop.models.operator import Operator


class Surrogate(nn.Module):
    r"""A network with normalisers and constraints: maps fields to fields in physical units.

    .. math:: y = C\Bigl([x_{\text{last}}] + \sigma_y\,
       \mathcal{N}\!\left(\frac{x - \mu_x}{\sigma_x}\right) + \mu_y\Bigr)

    with :math:`\mathcal{N}` the network and C the constraints, applied in turn. The last input
    frame is added if the network predicts increments. Outside a mask the normalised input is 0, and
    the output that of the last frame.

    Parameters
    ----------
    card
        Model and arguments, problem, fields, grid and constraints.
    input_norm, output_norm, given_norm
        Normalisers of inputs, outputs and conditions, fitted on the training split; see :meth:`of`.
    noise
        Random fields that a probabilistic network takes too; they are 0 except in :meth:`member`.

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
    >>> from neurop import Field, Grid, Times
    >>> waves = np.sin(2 * np.pi * (np.arange(16) - np.arange(5)[:, None]) / 16)[None, :, None]
    >>> u, times = Field("u", "m s-1"), Times(np.arange(5.0), "s")
    >>> train = FieldSet(waves, (u,), Grid.periodic(1), times=times)
    >>> surrogate = Surrogate.of(train, models.FNO.spec(modes=4, width=8, depth=1))
    >>> surrogate.rollout(train.initial(), steps=2).time.values
    array([1., 2.])
    """

    bands: Calibration | None = None
    """Error bands, if it is calibrated (:func:`neurop.evaluation.calibrate`)."""
    noise: NoiseInput | None = None
    draw: ensemble.NoiseStream | None = None

    def __init__(
        self,
        card: Card,
        input_norm: Normalizer,
        output_norm: Normalizer,
        given_norm: Normalizer | None = None,
        noise: NoiseInput | None = None,
    ) -> None:
        super().__init__()
        self.card, self.noise = card, noise
        self.input_norm, self.output_norm, self.given_norm = input_norm, output_norm, given_norm
        check_norms(card, input_norm, output_norm, given_norm)
        for constraint in card.constraints:
            constraint.check(self.context)
        sizes = card.in_channels + (noise.channels if noise else 0), card.out_channels
        self.net: Operator = models.create(card.model, *sizes, card.grid, card.number_channels)

    @classmethod
    def of(
        cls,
        train: FieldSet,
        model: Spec | str,
        problem: Problem | None = None,
        constraints: Sequence[Constraint] = (),
        normalizer: Standardize | None = None,
        noise: NoiseInput | None = None,
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
        noise
            Random fields that the network takes too, those of the objective (``objective.noise``).

        Raises
        ------
        InputError
            If a field is constant, or the arguments do not fit the data.
        """
        problem = problem or problem_of(train)
        card = Card.of(train, Spec.of(model), problem, constraints)
        norms = (normalizer or Standardize()).fit(problem.typical(train), problem.increments)
        made = cls(card, *norms, fit_conditions(train, problem.conditions(train)), noise)
        return training_inputs.fitted(made, train)

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
        """Training deviation of each predicted field, the unit of errors, ``(out channels,)``."""
        return self.context.norm.std

    def forward(
        self, x: Tensor, grid: Sequence[int] | None = None, given: Tensor | None = None
    ) -> Tensor:
        """Return the next state, or the mapped fields, ``(batch, out channels, *grid)``.

        Parameters
        ----------
        x
            ``(batch, history * channels, *grid)`` in physical units, at any resolution.
        grid
            Points per axis of the result (spectral interpolation); those of `x` by default.
        given
            Conditions of the step where the surrogate takes some, ``(batch, given channels,
            *grid)``; see :meth:`neurop.FieldSet.given`.

        Raises
        ------
        InputError
            If an input has other axes or channels, or another precision than the weights.
        """
        card = self.card
        check_input(card, x, given, self.output_norm.std.dtype, grid)
        y = self.net(network_input(self, x, given))
        return network_output(self, y, x[:, -card.out_channels :], given, grid)

    @overload
    def steps(self, frames: Tensor, given: Tensor | None = None) -> Iterator[Tensor]: ...

    @overload
    def steps(self, frames: Labelled, given: xr.Dataset | None = None) -> Iterator[xr.Dataset]: ...

    def steps(self, frames: Any, given: Any = None) -> Iterator[Any]:
        """Return an iterator over the states of an autoregressive rollout.

        Parameters
        ----------
        frames
            Initial frames ``(batch, history, channels, *grid)``, or labelled data as for
            :meth:`predict`; the states are of the same kind.
        given
            Conditions of each step, ``(batch, steps, given channels, *grid)``; for labelled data
            the `forcing` of :meth:`rollout`.

        Returns
        -------
        iterator of Tensor or of xarray.Dataset
            Without end; as many states as steps are `given`; one of a map.
        """
        if isinstance(frames, Tensor):
            return steps(self, frames, given)
        from neurop.inference.predict import states

        return states(self, frames, given)

    def trajectory(self, frames: Tensor, steps: int, given: Tensor | None = None) -> Tensor:
        """Return the first `steps` states of :meth:`steps`, ``(batch, steps, channels, *grid)``."""
        return torch.stack(list(islice(self.steps(frames, given), steps)), dim=1)

    @torch.no_grad()
    def at(self, x: Tensor, points: Tensor, given: Tensor | None = None) -> Tensor:
        """Return the prediction at scattered points, ``(batch, out channels, P)``.

        Parameters
        ----------
        x, given
            Inputs of :meth:`forward`.
        points
            Coordinates ``(P, d)`` in the units of the grid; any value along a periodic axis.

        Raises
        ------
        InputError
            If `points` has other axes, one lies outside an axis, or the surrogate takes a mask.
        """
        grid = self.card.grid
        check_input(self.card, x, given, self.output_norm.std.dtype, points.shape)
        return resample(self(x, given=given), grid, grid.fractions(points))

    # Methods of a probabilistic surrogate.
    member, sample = ensemble.member, ensemble.sample

    def predict(self, data: Labelled, forcing: xr.Dataset | None = None) -> xr.Dataset:
        """Return the next state, or the mapped fields, as a labelled dataset.

        Parameters
        ----------
        data
            One variable per input field, parameter and static field, with the axes of the grid and
            optionally ``sample`` and ``time`` (the last `history` frames are used), in any order.
            Other spellings of names (``lat``), orders and units are understood. Arrays instead of a
            dataset: :func:`neurop.inference.as_dataset.as_dataset`.
        forcing
            Forcings at the last given frame and at the predicted one, along ``time``.

        Raises
        ------
        InputError
            If a field or an axis is missing, in another unit, or on other coordinates.
        """
        from neurop.inference.predict import predict

        return predict(self, data, 1, forcing)

    def rollout(self, data: Labelled, steps: int, forcing: xr.Dataset | None = None) -> xr.Dataset:
        """Return the next `steps` states; `data` and `forcing`, after every step, as in `predict`.

        Raises
        ------
        InputError
            As :meth:`predict`; and for a map, or if `steps` is below 1.
        """
        from neurop.inference.predict import rollout

        return rollout(self, data, steps, forcing)

    def parameters_count(self) -> int:
        """Return the number of trainable parameters (all are real numbers)."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    def save(self, folder: str | Path, weights: Mapping[str, Tensor] | None = None) -> None:
        """Write weights (by default its own), card and, if it is calibrated, error bands."""
        state = dict(weights or self.state_dict())
        about = models.origin_of(self.card.model) | {"citation": self.net.citation}
        noise = {"noise": asdict(self.noise)} if self.noise else {}
        write_folder(Path(folder), state, self.card.to_dict() | about | noise)
        write_bands(Path(folder), self.bands, state)

    @classmethod
    def load(cls, folder: str | Path) -> Surrogate:
        """Return the surrogate saved in a folder, on the CPU, in evaluation mode.

        Raises
        ------
        InputError
            If a file is missing or damaged, or the weights are those of another model.
        """
        card, norms, state, plain = read_parts(path := Path(folder))
        models.require(card.model, plain.get("distribution"), plain.get("module"))
        models.check_arguments(card.model, numbers := sum(map(Tensor.numel, state.values())))
        first, second, *given = norms
        noise = read_noise(plain, numbers)
        surrogate = cls(card, first, second, given[0] if given else None, noise)
        restore(path, surrogate, state)
        surrogate.bands = read_bands(path, card, surrogate.state_dict())
        return surrogate.eval()
