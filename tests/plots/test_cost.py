"""Cost against resolution and against modes."""

import numpy as np

from neurop.bench import as_dataset
from neurop.plots import cost
from neurop.plots.style import CYCLE


def row(
    case: str, path: str, forward: float, scope: str = "layer", allocator: str = "same"
) -> dict[str, object]:
    times = {"forward_ms": forward, "step_ms": 3 * forward, "peak_mb": 1.0, "error": 1e-7}
    return {
        "case": case,
        "scope": scope,
        "path": path,
        "device": "cpu",
        "allocator": allocator,
        **times,
    }


def test_cost_shows_the_largest_families() -> None:
    rows = [
        row(f"2d-4x8x{n}-m4", path, n * scale)
        for n in (64, 16, 32)
        for path, scale in (("neurop", 1.0), ("torch-fft", 2.0))
    ]
    rows += [row(f"2d-4x8x32-m{m}", "neurop", float(m)) for m in (8, 16)]
    rows += [row("3d-1x8x16-m4", "neurop", 1.0), row("2d-4x8x128-m4", "neurop", 1.0, scope="model")]
    rows += [row("2d-4x8x256-m4", "neurop", 1.0, allocator="shipped")]
    figure = cost(as_dataset(rows))
    left, right, below, _ = figure.axes
    lines = {line.get_label(): line for line in left.get_lines()}
    np.testing.assert_array_equal(lines["neurop"].get_xydata(), [[16, 16], [32, 32], [64, 64]])
    np.testing.assert_array_equal(lines["torch-fft"].get_ydata(), [32, 64, 128])
    np.testing.assert_array_equal(right.get_lines()[0].get_xydata(), [[4, 32], [8, 8], [16, 16]])
    np.testing.assert_array_equal(below.get_lines()[0].get_ydata(), [48, 96, 192])
    assert lines["neurop"].get_color() == CYCLE[0]
    alone = cost(as_dataset([one for one in rows if one["path"] == "torch-fft"]))
    assert alone.axes[0].lines[0].get_color() == lines["torch-fft"].get_color() == CYCLE[1]
    assert left.get_title() == "2-D layer, 4 × 8 channels, 4 modes"
    assert below.get_xlabel() == "points per axis"


def test_cost_of_models_where_there_are_no_layers() -> None:
    figure = cost(as_dataset([row("1d-2x4x32-m4", "neurop", 2.0, scope="model")]))
    np.testing.assert_array_equal(figure.axes[0].get_lines()[0].get_xydata(), [[32, 2]])
    assert figure.axes[1].get_title() == "1-D model, 2 × 4 channels, 32 points per axis"
