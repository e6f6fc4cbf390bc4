"""Images and curves of the viewers: every value at its place, in its colour."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import Normalize
from PIL import Image

from neurop.report import panel
from neurop.report.pictures import of_file
from neurop.report.raster import image
from neurop.report.sections.generic import tables
from neurop.report.viewer import viewer


def pixels(address: str) -> np.ndarray:
    content = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))


def test_an_image_has_the_colours_of_its_values_with_north_up() -> None:
    values = np.array([[0.0, 1.0], [0.5, np.nan]])
    shown = pixels(image(values, Normalize(0, 1), "viridis"))
    colors = (255 * mpl.colormaps["viridis"]([0.0, 1.0, 0.5])).round()
    np.testing.assert_allclose(shown[1, 0], colors[0], atol=1)
    np.testing.assert_allclose(shown[1, 1], colors[1], atol=1)
    np.testing.assert_allclose(shown[0, 0], colors[2], atol=1)
    assert shown[0, 1, 3] == 0


def test_the_image_of_a_large_field_is_small() -> None:
    noise = np.random.default_rng(0).normal(size=(721, 1440))
    address = image(noise, Normalize(-3, 3), "RdBu_r")
    assert pixels(address).shape[:2] == (241, 240)
    assert len(address) < 100_000


def test_cells_surround_their_points_in_the_panel() -> None:
    coarse, fine = (
        xr.DataArray(np.zeros((n, n)), {"x": np.arange(n) / n, "y": np.arange(n) / n}, ("x", "y"))
        for n in (2, 4)
    )
    drawing = panel.of_image(coarse, Normalize(0, 1), "viridis")
    left, top, width, height = drawing.box
    assert panel.place(drawing, coarse) == pytest.approx([left, top, width, height])
    # The finer grid begins at -1/8 in place of -1/4 and ends at 7/8 in place of 3/4.
    moved = panel.place(drawing, fine)
    assert moved == pytest.approx([left + width / 8, top - height / 8, width, height], abs=0.01)
    places = {text: at for at, text in drawing.across}
    assert places["0"] == pytest.approx(left + width / 4)
    assert places["0.50"] == pytest.approx(left + 3 * width / 4)


def test_curves_are_points_of_the_panel_and_gaps_where_nothing_is_known() -> None:
    line = xr.DataArray([0.0, 1.0, np.nan, 1.0, 0.0], {"x": np.arange(5.0)}, ("x",))
    drawing = panel.of_curves(line, 0.0, 1.0, "m", ("error",))
    left, top, width, height = drawing.box
    path = panel.curve(drawing, line)
    assert re.sub(r"[^ML]", "", path) == "MLML"
    numbers = [float(word) for word in re.findall(r"-?[\d.]+", path)]
    x, y = left + width * np.array([0, 0.25, 0.75, 1]), top + height * np.array([1, 0, 0, 1])
    np.testing.assert_allclose(numbers, np.stack([x, y], 1).ravel(), atol=0.05)
    assert drawing.labels == ("x", "m")


def test_volumes_say_where_they_are_cut_and_many_fields_that_some_are_left_out() -> None:
    dims = ("field", "x", "y", "z")
    coords = {"field": [f"u{i}" for i in range(14)], "z": ("z", np.arange(4.0), {"units": "m"})}
    solid = xr.DataArray(np.random.default_rng(0).normal(size=(14, 3, 3, 4)), coords, dims)
    made = viewer("a", "Lead time", ["1"], [solid], [solid], "Fields.")
    said = "The panels show the slice z = 2 m. 2 more fields are in the files."
    assert made.caption == f"Fields. {said}"
    assert len(made.groups) == 12
    first = pixels(made.groups["u0"][0].frames[0][0])
    assert first.shape[:2] == (3, 3)


def test_tables_of_results_that_nobody_knows() -> None:
    record = {
        "model": "fno",
        "level": 0.9,
        "shape": [64, 64],
        "coverage": {"u": 0.91, "v": 0.89},
        "width": {"u": 2.0, "v": 3.0},
        "leads": [1, 2],
        "factor": {"u": [1.5, 2.5]},
        "rows": [{"case": "a", "value": 1}, {"case": "b", "value": None}],
        "empty": [],
        "deep": {"one": {"two": {"three": 3}}},
    }
    found = {one.caption: one for one in tables("Result", json.loads(json.dumps(record)))}
    assert found["Result"].rows == [["level", 0.9], ["shape", [64, 64]], ["empty", []]]
    assert found["Result: coverage, width"].rows == [["u", 0.91, 2.0], ["v", 0.89, 3.0]]
    by_lead = found["Result: by lead"]
    assert by_lead.columns == ["leads", "factor: u"]
    assert by_lead.rows == [[1, 1.5], [2, 2.5]]
    assert found["Result: rows"].cells == [["a", "1"], ["b", "–"]]
    assert found["Result: deep: one: two"].rows == [["three", 3]]


def test_a_picture_of_the_run_folder_is_made_smaller_and_nothing_else_is_taken(
    tmp_path: Path,
) -> None:
    Image.new("RGB", (4000, 1000), "red").save(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("<svg onload='alert(1)'/>")
    made = of_file(tmp_path / "a.png", "Bands")
    assert made is not None
    assert pixels(made.light).shape[:2] == (400, 1600)
    assert of_file(tmp_path / "b.png", "no image") is None
