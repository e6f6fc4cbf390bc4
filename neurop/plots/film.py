"""Files of animations: GIF in one palette, and MP4 where ffmpeg is installed."""

from __future__ import annotations

import shutil
import subprocess
import warnings
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import KDTree

from neurop.files import replacing
from neurop.plots.style import COLORS

Frames = Sequence[NDArray[np.uint8]]
SECONDS = 8.0
"""Duration of an animation, within the limits of its speed."""
SLOWEST, FASTEST = 2, 20


def speed(frames: int) -> int:
    """Return the frames per second with which an animation lasts about eight seconds.

    Examples
    --------
    >>> speed(5), speed(40), speed(120), speed(1000)
    (2, 5, 15, 20)
    """
    return int(np.clip(round(frames / SECONDS), SLOWEST, FASTEST))


def write_gif(frames: Frames, path: Path, fps: int, cmaps: Sequence[str]) -> None:
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
    with replacing(path) as part:
        images[0].save(
            part,
            format="GIF",
            save_all=True,
            append_images=images[1:],
            duration=10 * round(100 / fps),  # GIF counts hundredths of a second
            loop=0,
            optimize=False,
        )


def write_mp4(frames: Frames, path: Path, fps: int) -> bool:
    """Write frames as H.264 with ffmpeg; return whether there is one that can.

    A failure of ffmpeg is a warning, since the GIF shows the same.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        return False
    height, width = (size + size % 2 for size in frames[0].shape[:2])  # H.264 needs even sizes
    command = [program, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{width}x{height}", "-r", str(fps), "-i", "-", "-an"]
    command += ["-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p"]
    command += ["-movflags", "+faststart", "-f", "mp4"]
    pad = [(0, height - frames[0].shape[0]), (0, width - frames[0].shape[1]), (0, 0)]
    content = b"".join(np.pad(f, pad, constant_values=255).tobytes() for f in frames)
    try:
        with replacing(path) as part:
            subprocess.run([*command, str(part)], input=content, capture_output=True, check=True)
    except (subprocess.CalledProcessError, OSError) as error:
        said = getattr(error, "stderr", b"") or str(error).encode()
        line = said.decode(errors="replace").strip().splitlines()[-1]
        warnings.warn(f"{path.name} was not written; ffmpeg: {line}", stacklevel=2)
        return False
    return True


def _tints(levels: int) -> NDArray[np.float64]:
    """Return the colours of the curves, each fading to white like the edge of a line."""
    tones = [to_rgb(COLORS[name]) for name in ("prediction", "interpolated")]
    fade = np.linspace(0, 1, levels // len(tones))[:, None]
    return np.concatenate([fade * np.array(tone) + 1 - fade for tone in tones])
