"""What a section of a report consists of; the template draws one kind after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from neurop.report.text import number


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    kind: str = "text"


@dataclass(frozen=True)
class Code:
    """Text of a file, shown on request under its title.

    Parameters
    ----------
    title
        What it is.
    text
        The text.
    opened
        Whether it is shown at once.
    """

    title: str
    text: str
    opened: bool = False
    kind: str = "code"


@dataclass(frozen=True)
class Table:
    """A table, whose first column names the row.

    Parameters
    ----------
    caption
        What the table shows.
    columns
        Headings; empty for pairs of name and value.
    rows
        Cells of each row, any values.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    kind: str = "table"

    @property
    def cells(self) -> list[list[str]]:
        """Return the text of the cells."""
        return [[number(value) for value in row] for row in self.rows]

    @property
    def numeric(self) -> list[bool]:
        """Return for each column whether it has numbers, which are aligned right."""
        columns = zip(*self.rows, strict=True)
        return [
            all(isinstance(v, int | float | None) and not isinstance(v, bool) for v in column)
            for column in columns
        ]


@dataclass(frozen=True)
class Picture:
    """A figure in colours for a light and for a dark page.

    Parameters
    ----------
    light, dark
        The image as ``data:`` address; no `dark` for an image on white, which both pages show.
    alt
        Description for those who do not see it.
    caption
        Text under it.
    width
        Width in CSS pixels at which its text has the size of the page's.
    """

    light: str
    dark: str
    alt: str
    caption: str
    width: int
    kind: str = "picture"


@dataclass(frozen=True)
class Panel:
    """One panel of a viewer: the axes, which stay, and what is drawn at each position.

    Parameters
    ----------
    title
        Name of the panel.
    drawing
        Sizes, ticks and labels, from :mod:`neurop.report.panel`.
    frames
        At each position of the slider the ``data:`` address of an image, or paths of curves.
    """

    title: str
    drawing: Any
    frames: Sequence[Any]


@dataclass(frozen=True)
class Viewer:
    """Fields at several positions, chosen by a slider: lead times, samples or resolutions.

    Parameters
    ----------
    name
        Identifier within the page.
    label
        What the slider chooses.
    positions
        Text of each position.
    groups
        Panels of each field, by its name and unit.
    caption
        Text under it.
    """

    name: str
    label: str
    positions: Sequence[str]
    groups: dict[str, list[Panel]]
    caption: str
    kind: str = "viewer"

    @property
    def frames(self) -> list[list[Sequence[Any]]]:
        """Return the frames by group and panel, for the script of the page."""
        return [[panel.frames for panel in panels] for panels in self.groups.values()]


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Parameters
    ----------
    name
        Identifier within the page.
    title
        Heading.
    blocks
        Content in order.
    """

    name: str
    title: str
    blocks: list[Any] = field(default_factory=list)
