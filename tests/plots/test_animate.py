"""Animations: number of frames, one palette, no leftover files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from neurop.plots import animate

Make = Callable[..., xr.Dataset]


@pytest.fixture(autouse=True)
def no_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the programs of the machine."""
    monkeypatch.setenv("PATH", "")


@pytest.mark.parametrize("dimensions", [1, 2])
def test_a_film_has_one_frame_per_step(run: Make, tmp_path: Path, dimensions: int) -> None:
    (path,) = animate(run(dimensions=dimensions), tmp_path / "film.gif", fps=5, dpi=40)
    with Image.open(path) as film:
        assert film.n_frames == 6
        assert film.info["duration"] == 200
        assert film.info["loop"] == 0
        film.seek(5)
        assert np.asarray(film.convert("RGB"))[0, 0].tolist() == [255, 255, 255]
    assert [p.name for p in tmp_path.iterdir()] == ["film.gif"]


def test_a_long_rollout_is_thinned_and_lasts_eight_seconds(
    run: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["neurop.plots.animate"], "FRAMES", 24)
    (path,) = animate(run(steps=40, known=3, dimensions=1), tmp_path / "film.gif", dpi=20)
    with Image.open(path) as film:
        assert film.n_frames == 24
        assert film.n_frames * film.info["duration"] == pytest.approx(8000, rel=0.02)


def test_a_prediction_that_is_not_finite_can_be_shown(run: Make, tmp_path: Path) -> None:
    broken = run(known=0)
    broken["prediction"][:, 3:] = np.inf
    assert animate(broken, tmp_path / "film.gif", dpi=40)[0].is_file()


PROGRAM = """#!{python}
import sys
content = sys.stdin.buffer.read()
if {fails}:
    sys.exit("Unknown encoder 'libx264'")
width, height = map(int, sys.argv[sys.argv.index("-s") + 1].split("x"))
frames, rest = divmod(len(content), 3 * width * height)
rate = sys.argv[sys.argv.index("-r") + 1]
open(sys.argv[-1], "w").write(f"{{frames}} {{rest}} {{width % 2}} {{height % 2}} {{rate}}")
"""


@pytest.fixture
def ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Put a program of that name on the path, which writes what it was given."""

    def install(fails: bool) -> None:
        program = tmp_path / "bin" / "ffmpeg"
        program.parent.mkdir()
        program.write_text(PROGRAM.format(python=sys.executable, fails=fails))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent))

    return install


def test_with_ffmpeg_there_is_an_mp4_of_even_size(
    run: Make, tmp_path: Path, ffmpeg: Callable[[bool], None]
) -> None:
    ffmpeg(False)
    gif, film = animate(run(dimensions=1), tmp_path / "out" / "film.gif", dpi=41)
    assert (gif.name, film.name) == ("film.gif", "film.mp4")
    assert film.read_text().split() == ["6", "0", "0", "0", "2"]


def test_an_ffmpeg_that_cannot_is_a_warning(
    run: Make, tmp_path: Path, ffmpeg: Callable[[bool], None]
) -> None:
    ffmpeg(True)
    with pytest.warns(UserWarning, match="film.mp4 was not written.*libx264"):
        animate(run(dimensions=1), tmp_path / "out" / "film.gif", dpi=41)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["film.gif"]
