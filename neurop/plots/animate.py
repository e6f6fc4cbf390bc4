"""Animation of a rollout: truth, prediction, error."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import KDTree

from neurop.plots.orientation import plane, proportion, raster
from neurop.plots.panels import bar, draw, error_scale, scale
from neurop.plots.style import COLORS, STYLE, axis_label, field_label, step_text

FRAMES = 120
"""Largest number of frames of an animation; longer rollouts are thinned evenly."""


def animate(
    run: xr.Dataset, path: Path | str, sample: int = 0, field: int = 0, fps: int = 8, dpi: int = 100
) -> Path:
    """Write a GIF of one sample of :func:`neurop.evaluation.rollout.rollout`, atomically.

    Limits are those of the truth over all steps; after the end of the truth, its panel and the
    error are empty. A prediction that is not finite is empty too.

    Parameters
    ----------
    run
        Result of the rollout.
    path
        Path of the file.
    sample, field
        Index of the sample and of the field.
    fps, dpi
        Frames per second, and points per inch.

    Returns
    -------
    Path
        Path of the file.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    shown = run.isel(sample=sample, field=field)
    steps = np.unique(
        np.linspace(0, run.sizes["step"] - 1, min(FRAMES, run.sizes["step"])).astype(int)
    )
    part = path.with_name(f".{path.stem}.{os.getpid()}.gif")
    try:
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
        _write(frames, part, fps, update.cmaps)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _size(shown: xr.Dataset, lines: bool) -> tuple[float, float]:
    return (6.4, 2.5) if lines else (7.2, 1.75 * proportion(plane(shown.truth.isel(step=0))) + 0.8)


def _write(frames: list[NDArray[np.uint8]], path: Path, fps: int, cmaps: Sequence[str]) -> None:
    """Write frames with one palette of colour maps and greys, undithered, for equal colours."""
    levels = 208 // max(len(cmaps), 1)
    maps = [mpl.colormaps[cmap](np.linspace(0, 1, levels))[:, :3] for cmap in cmaps] or [
        _tints(levels)
    ]
    colors = np.concatenate(
        [*maps, np.repeat(np.linspace(0, 1, 256 - levels * len(maps))[:, None], 3, 1)]
    )
    palette = (255 * colors).round().astype(np.uint8)
    nearest = KDTree(palette.astype(np.float64))
    images = []
    for frame in frames:
        unique, index = np.unique(frame.reshape(-1, 3), axis=0, return_inverse=True)
        chosen = nearest.query(unique)[1].astype(np.uint8)[index.ravel()]
        images.append(Image.fromarray(chosen.reshape(frame.shape[:2])))
        images[-1].putpalette(palette.ravel().tolist())
    images[0].save(
        path,
        save_all=True,
        append_images=images[1:],
        duration=round(1000 / fps),
        loop=0,
        optimize=False,
    )


def _tints(levels: int) -> NDArray[np.float64]:
    """Return the colours of the curves, each fading to white like the edge of a line."""
    tones = [to_rgb(COLORS[name]) for name in ("prediction", "interpolated")]
    fade = np.linspace(0, 1, levels // len(tones))[:, None]
    return np.concatenate([fade * np.array(tone) + 1 - fade for tone in tones])


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
        self.figure.suptitle(
            f"{field_label(self.shown.truth)}, {step_text(self.shown, step)}", fontsize=9
        )


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
        both.legend(loc="upper right")
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
