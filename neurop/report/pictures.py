"""Figures of curves as images inside the page, drawn for a light and for a dark page."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from PIL import Image

from neurop.report.blocks import Picture
from neurop.report.raster import png

INK, PAPER = "#e6e6e6", "#16191d"
"""Colours of text and background of the dark page."""
MOST_SVG = 400_000
"""Largest vector image in bytes; a figure of more lines becomes a bitmap."""
MOST_WIDTH = 1600
"""Largest side in pixels of a picture from the run folder."""
_DARK: Any = dict.fromkeys(
    (
        "text.color",
        "axes.edgecolor",
        "axes.labelcolor",
        "axes.titlecolor",
        "xtick.color",
        "ytick.color",
        "legend.labelcolor",
    ),
    INK,
)
# Black and the dark tones of the palette have too little contrast on the dark page.
_LIGHTER = {
    "#000000": "#ffffff",
    "#0072b2": "#56b4e9",
    "#777777": "#a5a5a5",
    "#b2b2b2": "#8a8a8a",
    "#999999": "#8a8a8a",
    "#f0f0f0": "#2a2f35",
    "#ebebeb": "#33383e",
}


def picture(make: Callable[[], Figure], alt: str, caption: str) -> Picture:
    """Return the figure that `make` draws, in both themes.

    Parameters
    ----------
    make
        Function that draws the figure.
    alt
        Description for those who do not see it.
    caption
        Text under it.
    """
    light = make()
    with mpl.rc_context(_DARK):
        dark = make()
        _lighten(dark)
    width = round(96 * 1.3 * light.get_size_inches()[0])
    return Picture(_address(light), _address(dark), alt, caption, width)


def of_file(path: Path, caption: str) -> Picture | None:
    """Return a PNG of the run folder, smaller and on white; None if it is no image."""
    try:
        with Image.open(path, formats=["PNG"]) as opened:
            opened.thumbnail((MOST_WIDTH, MOST_WIDTH))
            small = opened.convert("RGB").quantize(128)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return Picture(
        png(small), "", f"{caption}, as the command has drawn it.", caption, small.width // 2
    )


def _lighten(figure: Figure) -> None:
    for line in figure.findobj(Line2D):
        color = to_hex(line.get_color())
        line.set_color(_LIGHTER.get(color, color))
    for patch in figure.findobj(Patch):
        color = to_hex(patch.get_facecolor())
        if color in _LIGHTER:
            patch.set_facecolor(_LIGHTER[color])


def _address(figure: Figure) -> str:
    """Return a figure without background as ``data:`` address."""
    for axes in figure.axes:
        axes.patch.set_alpha(0)
    buffer = io.BytesIO()
    fixed: Any = {"svg.hashsalt": "neurop", "svg.fonttype": "path"}
    with mpl.rc_context(fixed):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    kind, content = "svg+xml", buffer.getvalue()
    if len(content) > MOST_SVG:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=200, transparent=True)
        kind, content = "png", buffer.getvalue()
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
