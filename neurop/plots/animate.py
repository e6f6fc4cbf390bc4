"""Animation of a rollout: truth, prediction, error."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from neurop.plots.film import speed, write_gif, write_mp4
from neurop.plots.orientation import plane, proportion, raster, slice_text
from neurop.plots.panels import bar, draw, error_scale, scale
from neurop.plots.style import COLORS, STYLE, axis_label, field_label, step_text

FRAMES = 120
"""Largest number of frames of an animation; longer rollouts are thinned evenly."""


def animate(
    run: xr.Dataset,
    path: Path | str,
    sample: int = 0,
    field: int = 0,
    fps: int | None = None,
    dpi: int = 100,
) -> list[Path]:
    """Write an animation of one sample of :func:`neurop.evaluation.rollout.rollout`, atomically.

    It is a GIF, and also an MP4 of the same name where ffmpeg is installed. Limits are those of the
    truth over all steps; after the end of the truth, its panel and the error are empty. A
    prediction that is not finite is empty too.

    Parameters
    ----------
    run
        Result of the rollout.
    path
        Path of the GIF.
    sample, field
        Index of the sample and of the field.
    fps
        Frames per second; by default as many as make it last about eight seconds.
    dpi
        Points per inch.

    Returns
    -------
    list of Path
        Paths of the files.
    """
    path = Path(path)
    shown = run.isel(sample=sample, field=field)
    steps = np.unique(
        np.linspace(0, run.sizes["step"] - 1, min(FRAMES, run.sizes["step"])).astype(int)
    )
    with mpl.rc_context(STYLE):
        lines = plane(shown.truth.isel(step=0)).ndim == 1
        figure = Figure(figsize=_size(shown, lines), dpi=dpi, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        update = _Lines(figure, shown) if lines else _Images(figure, shown)
        frames = []
        for step in steps:
            update(int(step))
            canvas.draw()
            # The layout of the first frame is fixed, so that panels do not move.
            figure.set_layout_engine("none")
            frames.append(np.array(canvas.buffer_rgba())[..., :3])
    fps = speed(len(frames)) if fps is None else fps
    write_gif(frames, path, fps, update.cmaps)
    film = path.with_suffix(".mp4")
    return [path, film] if write_mp4(frames, film, fps) else [path]


def _size(shown: xr.Dataset, lines: bool) -> tuple[float, float]:
    return (6.4, 2.8) if lines else (7.2, 1.75 * proportion(plane(shown.truth.isel(step=0))) + 0.8)


class _Images:
    """Three panels whose images are exchanged step by step."""

    def __init__(self, figure: Figure, shown: xr.Dataset) -> None:
        self.figure, self.shown = figure, shown
        self.truth = [plane(shown.truth.isel(step=i)) for i in range(shown.sizes["step"])]
        self.prediction = [plane(shown.prediction.isel(step=i)) for i in range(shown.sizes["step"])]
        known = np.stack([t.values for t in self.truth])
        if not np.isfinite(known).any():
            known = self.prediction[0].values
        error = np.stack(
            [p.values - t.values for p, t in zip(self.prediction, self.truth, strict=True)]
        )
        # Values that have diverged do not set the scale.
        error[~(np.abs(error) < np.nanmax(known) - np.nanmin(known))] = np.nan
        scales = [scale(known), scale(known), error_scale(error)]
        self.cmaps = tuple(dict.fromkeys(cmap for _, cmap in scales))
        panels = figure.subplots(1, 3)
        self.images = []
        for axes, name, (limits, colors) in zip(
            panels, ("truth", "prediction", "error"), scales, strict=True
        ):
            self.images.append(draw(axes, self.truth[0], limits, colors, ticks=name == "truth"))
            axes.set_title(name)
            axes.set_facecolor("0.94")
        for axes, image in zip(panels[1:], self.images[1:], strict=True):
            bar(axes, image)

    def __call__(self, step: int) -> None:
        truth, prediction = self.truth[step], self.prediction[step]
        for image, values in zip(self.images, (truth, prediction, prediction - truth), strict=True):
            image.set_data(raster(values))
        cut = slice_text(self.shown.truth[step])
        parts = [field_label(self.shown.truth), cut, step_text(self.shown, step)]
        self.figure.suptitle(", ".join(filter(None, parts)), fontsize=9)


class _Lines:
    """Two panels of curves."""

    def __init__(self, figure: Figure, shown: xr.Dataset) -> None:
        self.figure, self.shown, self.cmaps = figure, shown, ()
        name = str(shown.truth.dims[-1])
        both, error = figure.subplots(1, 2)
        x = shown[name].values
        (self.truth,) = both.plot(x, shown.truth[0], color=COLORS["truth"], label="truth")
        (self.prediction,) = both.plot(
            x, shown.truth[0], "--", color=COLORS["prediction"], label="prediction"
        )
        (self.error,) = error.plot(x, 0 * x, color=COLORS["interpolated"])
        known = shown.truth.values[np.isfinite(shown.truth.values)]
        low, high = (known.min(), known.max()) if known.size else (-1.0, 1.0)
        margin = 0.1 * (high - low) or 1.0
        both.set_ylim(low - margin, high + margin)
        distance = np.abs(shown.prediction.values - shown.truth.values)
        distance = distance[np.isfinite(distance) & (distance < 1.5 * (high - low))]
        reach = 1.1 * float(distance.max()) if distance.size and distance.max() > 0 else 1.0
        error.set_ylim(-reach, reach)
        # Above is the title.
        figure.legend(handles=[self.truth, self.prediction], loc="outside lower center", ncols=2)
        for axes, title in ((both, "truth and prediction"), (error, "error")):
            axes.set_title(title)
            axes.set_xlabel(axis_label(shown.truth, name))
            axes.set_ylabel(field_label(shown.truth))

    def __call__(self, step: int) -> None:
        truth, prediction = self.shown.truth.values[step], self.shown.prediction.values[step]
        for line, values in (
            (self.truth, truth),
            (self.prediction, prediction),
            (self.error, prediction - truth),
        ):
            line.set_ydata(values)
        self.figure.suptitle(
            f"{field_label(self.shown.truth)}, {step_text(self.shown, step)}", fontsize=9
        )
