"""A trained neural operator that takes and returns physical units, knows its grid, and lives in
a folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from neurop import models
from neurop._folder import mismatch, read_folder, write_folder
from neurop.constraints import keep_means, limit_deviation
from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.fields.labelled import from_xarray, later, squeezed
from neurop.fields.normalizer import Normalizer
from neurop.fields.statistics import summary
from neurop.specification import Specification
from neurop.spectral import resample

if TYPE_CHECKING:
    import xarray as xr


class Surrogate(nn.Module):
    r"""A network between two normalisers: physical units in, physical units out.

    .. math:: y = [x_{\text{last}}] + \sigma_y\,
       \mathcal{N}\!\left(\frac{x - \mu_x}{\sigma_x}\right) + \mu_y,

    the last frame being added where the network predicts increments, the result projected on a band
    where one is given, held to a limit, and the means of conserved fields put back to those of the
    last frame.

    Parameters
    ----------
    specification
        The model and its arguments, what goes in and comes out.
    input_norm, output_norm
        Fitted on the training split; see :meth:`fit_norms`.

    Shape
    -----
    ``(batch, history * channels, *grid)``, frames outermost, to ``(batch, out channels, *grid)``,
    on any grid.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop.data import Field
    >>> from neurop.physics import Grid
    >>> waves = np.sin(2 * np.pi * (np.arange(16) - np.arange(5)[:, None]) / 16)
    >>> train = FieldSet(waves[None, :, None], (Field("u", "m s-1"),), Grid.periodic(1), times=np.arange(5.0), time_unit="s")
    >>> surrogate = Surrogate.of(train, "fno", {"modes": 4, "width": 8, "depth": 1})
    >>> surrogate.rollout(train.frames(slice(1)).to_xarray(), steps=2).time.values
    array([1., 2.])
    """

    def __init__(
        self, specification: Specification, input_norm: Normalizer, output_norm: Normalizer
    ) -> None:
        super().__init__()
        s = specification
        self.specification, self.name = s, s.model
        self.net = models.create(s.model, s.in_channels, s.out_channels, s.grid, **s.arguments)
        self.input_norm, self.output_norm = input_norm, output_norm
        for what, norm, fields in (
            ("input", input_norm, s.inputs),
            ("output", output_norm, s.outputs),
        ):
            if len(norm.std) != len(fields):
                raise InputError(
                    f"the {what} normaliser is for {len(norm.std)} channels, but {len(fields)} "
                    "fields are named"
                )
        self.inputs, self.outputs, self.grid, self.train_shape = (
            s.inputs,
            s.outputs,
            s.grid,
            s.train_shape,
        )
        self.is_map, self.history, self.step, self.step_unit = (
            s.is_map,
            s.history,
            s.step,
            s.step_unit,
        )

    @classmethod
    def of(
        cls,
        train: FieldSet,
        model: str,
        arguments: dict[str, Any] | None = None,
        history: int = 1,
        increments: bool = True,
        anomalies: bool = False,
        band: Sequence[int] | None = None,
        conserve: Sequence[str] = (),
        limit: float | None = None,
    ) -> Surrogate:
        """Return an untrained surrogate, its normalisers fitted on the training split.

        Parameters
        ----------
        train
            The training split, the only data that it ever sees the statistics of.
        model, arguments
            Registered name, and arguments of its constructor beside channels and domain.
        history
            Frames that go in.
        increments
            Predict the change of the last frame; of no meaning for a map.
        anomalies
            Take from the input the mean at each point rather than of the whole field.
        band
            Points per axis of a grid whose band the predictions are held to: what lies beyond, and
            is never damped by a network that adds to the last frame, is cut off.
        conserve
            Fields of an evolution whose mean over the domain no step changes, for example the depth
            of water or, on a periodic domain or a sphere, vorticity.
        limit
            Most deviations of the training data that a predicted field may be away from their mean,
            as a root mean square over space: a rollout cannot leave that ball. An ordinary frame
            has about 1, the start of a flow that decays more.

        Raises
        ------
        InputError
            If a field is constant, the model refuses its arguments, the band is none of the grid, a
            conserved field is none of the evolution, or the limit is not above 0.
        """
        specification = Specification.of(
            train, model, arguments, history, increments, band, conserve, limit
        )
        found = summary(train, anomalies)
        input_norm = output_norm = Normalizer.of(found.values, train.grid)
        if train.is_map or increments:
            output_norm = Normalizer.of(
                found.targets if train.is_map else found.increments, train.grid
            )
        return cls(specification, input_norm, output_norm)

    def forward(self, x: Tensor, grid: Sequence[int] | None = None) -> Tensor:
        """Return the next state, or the mapped fields.

        Parameters
        ----------
        x
            ``(batch, history * channels, *grid)`` in physical units, at any resolution.
        grid
            Points per axis of the result, carried there by the spectral interpolant; the input's by
            default.

        Raises
        ------
        InputError
            If `x` has other axes or channels.
        """
        s = self.specification
        if x.dim() != 2 + s.grid.dimensions or x.shape[1] != s.in_channels:
            raise InputError(
                f"input has shape {tuple(x.shape)}; need (batch, {s.in_channels}, "
                f"{', '.join(s.grid.names)}): "
                f"{s.history} frames of {', '.join(f.name for f in s.inputs)}"
            )
        y = self.output_norm.inverse(self.net(self.input_norm(x)))
        if s.increments:
            y = y + x[:, -s.out_channels :]
        if grid is not None or s.band is not None:
            y = resample(y, s.grid, tuple(grid or x.shape[2:]), band=s.band)
        if s.limit is not None:
            y = limit_deviation(y, self.input_norm, s.limit, s.grid)
        return (
            keep_means(
                y, x[:, -s.out_channels :], [f.name in s.conserve for f in self.outputs], s.grid
            )
            if s.conserve
            else y
        )

    def trajectory(self, frames: Tensor, steps: int) -> Tensor:
        """Return `steps` states after the given ones, each made from those before it.

        ``(batch, history, channels, *grid) -> (batch, steps, channels, *grid)``.
        """
        made = [self(frames.flatten(1, 2))]
        for _ in range(steps - 1):  # one for a map, whose output is no input
            frames = torch.cat([frames[:, 1:], made[-1][:, None]], dim=1)
            made.append(self(frames.flatten(1, 2)))
        return torch.stack(made, dim=1)

    @torch.no_grad()
    def at(self, x: Tensor, points: Tensor) -> Tensor:
        """Return the prediction at scattered points.

        Parameters
        ----------
        x
            As in :meth:`forward`.
        points
            ``(P, d)``, in the units of the grid's coordinates; a periodic axis takes any value.

        Returns
        -------
        Tensor
            ``(batch, out channels, P)``, values of the spectral interpolant.

        Raises
        ------
        InputError
            If `points` has another number of axes, or one lies beyond the end of an axis that is
            not periodic.
        """
        axes = self.grid.axes
        if points.dim() != 2 or points.shape[1] != len(axes):
            raise InputError(
                f"points have shape {tuple(points.shape)}; need (points, {len(axes)}): "
                f"{', '.join(self.grid.names)}"
            )
        fractions = torch.stack(
            [(points[:, i].double() - a.start) / a.length for i, a in enumerate(axes)], dim=1
        )
        for i, axis in enumerate(axes):
            outside = (fractions[:, i] - 0.5).abs() > 0.5 + 1e-6
            if axis.boundary != "periodic" and outside.any():
                raise InputError(
                    f"a point lies at {axis.name}={float(points[outside, i][0]):g}, outside "
                    f"{axis.start:g} to {axis.start + axis.length:g}"
                )
        return resample(self(x), self.grid, fractions)

    def predict(self, data: xr.Dataset) -> xr.Dataset:
        """Return the next state, or the mapped fields, of labelled fields in physical units.

        Parameters
        ----------
        data
            One variable per input field; dimensions by name, in any order: the grid's axes,
            optionally ``sample`` and ``time`` (the last `history` frames are used).

        Raises
        ------
        InputError
            If a field or an axis is missing, in another unit, or on other coordinates.
        """
        return self._run(data, 1)

    def rollout(self, data: xr.Dataset, steps: int) -> xr.Dataset:
        """Return the next `steps` states; `data` as in :meth:`predict`."""
        if self.is_map:
            raise InputError(
                "the surrogate maps inputs to targets and has no time to roll out; use predict"
            )
        if steps < 1:
            raise InputError(f"steps={steps}; give at least 1")
        return self._run(data, steps)

    @torch.no_grad()
    def _run(self, data: xr.Dataset, steps: int) -> xr.Dataset:
        given = from_xarray(data, self.inputs, self.grid)
        if given.values.shape[1] < self.history:
            raise InputError(
                f"{given.values.shape[1]} frames are given; the surrogate sees {self.history}"
            )
        times, unit = later(given, self.step, self.step_unit, steps, self.history)
        like = next(self.parameters())
        training = self.training
        frames = torch.from_numpy(given.values[:, -self.history :]).to(like)
        made = self.eval().trajectory(frames, steps).cpu().numpy()
        self.train(training)
        result = FieldSet(
            made, self.outputs, self.grid, times=times, time_unit=unit, source=f"neurop {self.name}"
        )
        return squeezed(result.to_xarray(), data, keep_time=steps > 1)

    def parameters_count(self) -> int:
        """Return the number of trainable real numbers."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    def save(self, folder: str | Path) -> None:
        """Write ``model.safetensors`` and ``model.json``; the folder is made if it is not there."""
        write_folder(Path(folder), self.state_dict(), self.specification.to_dict())

    @classmethod
    def load(cls, folder: str | Path) -> Surrogate:
        """Return the surrogate of a folder, on the CPU, in evaluation mode; nothing is unpickled.

        Raises
        ------
        InputError
            If a file is missing or damaged, or the weights are those of another model.
        """
        state, card = read_folder(Path(folder))
        try:
            specification = Specification.from_dict(card)
            norms = [
                Normalizer(state[f"{n}.mean"], state[f"{n}.std"], specification.grid)
                for n in ("input_norm", "output_norm")
            ]
        except KeyError as error:
            raise InputError(
                f"{folder}: model.json or model.safetensors lacks {error}; copy the folder again"
            ) from error
        except TypeError as error:
            raise InputError(
                f"{folder}: model.json is no card of a surrogate ({error}); copy the folder again"
            ) from error
        surrogate = cls(specification, *norms)
        surrogate.to(
            next(
                (value.dtype for key, value in state.items() if key.startswith("net.")),
                torch.float32,
            )
        )
        if different := mismatch(surrogate.state_dict(), state):
            key, mine, theirs = different
            raise InputError(
                f"{folder}: {key} has shape {theirs} in model.safetensors, {mine} by model.json; "
                "they are of two models"
            )
        surrogate.load_state_dict(state)
        return surrogate.eval()


def load(path: str | Path) -> Surrogate:
    """Return the surrogate of a run folder or of its ``model/`` folder; see
    :meth:`Surrogate.load`.
    """
    folder = Path(path)
    inner = folder / "model"
    return Surrogate.load(
        inner
        if (inner / "model.json").is_file() and not (folder / "model.json").is_file()
        else folder
    )
