"""A file of the user's own becomes a data set."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from raising import raises_input

from neurop.cli import main
from neurop.datasets import File
from neurop.datasets.darcy_public import SAMPLES


def waves(samples: int = 10, frames: int = 5, n: int = 16) -> np.ndarray:
    """Return waves that move by one point per frame, each sample with a phase of its own."""
    x = np.arange(n) / n
    return np.stack(
        [np.sin(2 * np.pi * (x - np.arange(frames)[:, None] / n + i / 7)) for i in range(samples)]
    )


@pytest.fixture
def evolution(tmp_path: Path) -> Path:
    np.savez(tmp_path / "waves.npz", u=waves())
    return tmp_path / "waves.npz"


def test_an_evolution_is_split_by_sample(evolution: Path) -> None:
    source = File(
        str(evolution),
        "u",
        axes=["sample", "time", "x"],
        boundary="periodic",
        domain={"length": 2.0},
        step=0.5,
    )
    splits = source.splits()
    assert {name: len(part) for name, part in splits.items()} == {"train": 8, "val": 1, "test": 1}
    np.testing.assert_allclose(splits["test"].values[0, :, 0], waves()[9], atol=1e-7)
    np.testing.assert_allclose(splits["train"].times.values, [0, 0.5, 1.0, 1.5, 2.0])
    assert splits["train"].grid.axes[0].length == 2.0
    assert source.at((16,)).digest() == splits["test"].digest()
    with raises_input("shape", (32,)):
        source.at((32,))


def test_one_trajectory_is_split_in_time(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", waves(1, 30)[0])
    # The only array in a file needs no name.
    splits = File(str(tmp_path / "one.npy"), axes=["time", "x"], boundary="periodic").splits()
    assert [part.values.shape[:2] for part in splits.values()] == [(1, 24), (1, 3), (1, 3)]
    np.testing.assert_allclose(splits["test"].values[0, :, 0], waves(1, 30)[0, 27:], atol=1e-7)


def test_too_few_samples_are_an_input_error(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", waves(1, 4)[0])
    with raises_input("path", str(tmp_path / "one.npy"), "4 frames"):
        File(str(tmp_path / "one.npy"), axes=["time", "x"], boundary="periodic").splits()
    np.savez(tmp_path / "pair.npz", a=np.zeros((1, 4)), b=np.zeros((1, 4)))
    with raises_input("path", str(tmp_path / "pair.npz"), "1 sample"):
        File(str(tmp_path / "pair.npz"), "a", "b", ["sample", "x"], "open").splits()


def test_two_trajectories_are_split_in_time(tmp_path: Path) -> None:
    np.save(tmp_path / "two.npy", waves(2, 20))
    splits = File(str(tmp_path / "two.npy"), axes=["sample", "time", "x"], boundary="open").splits()
    assert [part.values.shape[:2] for part in splits.values()] == [(2, 16), (2, 2), (2, 2)]


def test_a_map_with_channels_and_two_boundaries(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((10, 4, 6, 2)), rng.random((10, 4, 6, 1))
    np.savez(tmp_path / "pairs.npz", a=a, b=b)
    source = File(
        str(tmp_path / "pairs.npz"),
        "a",
        "b",
        ["sample", "x", "y", "channel"],
        {"x": "periodic", "y": "dirichlet"},
    )
    test = source.splits()["test"]
    assert test.targets is not None
    np.testing.assert_array_equal(test.values[0, 0, 1], a[9, :, :, 1].astype("f4"))
    np.testing.assert_array_equal(test.targets[0, 0, 0], b[9, :, :, 0].astype("f4"))
    assert [f.name for f in test.fields] == ["a0", "a1"]
    assert [a.boundary for a in test.grid.axes] == ["periodic", "dirichlet"]


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        ({"axes": ["sample", "x", "y"]}, "axes", ["sample", "x", "y"]),
        ({"axes": ["sample", "time", "x"], "target": "u"}, "target", "u"),
        ({"axes": ["sample", "time", "x"], "target": "v"}, "target", "v"),
        ({"axes": ["sample", "time", "x", "y"]}, "axes", ["sample", "time", "x", "y"]),
        ({"axes": ["sample", "time", "x"], "input": "w"}, "input", "w"),
    ],
)
def test_wrong_axes_and_names_are_input_errors(
    evolution: Path, arguments: dict, key: str, value: Any
) -> None:
    with raises_input(key, value):
        File(**({"path": str(evolution), "input": "u"} | arguments)).splits()


@pytest.mark.parametrize(
    ("arguments", "key", "value", "text"),
    [
        ({"axes": ["sample", "time"]}, "axes", ("sample", "time"), "once"),
        ({"input": None, "target": "u"}, "target", "u", "input"),
        ({"step": 0}, "step", 0, "above 0"),
        ({"boundary": {"y": "open"}}, "boundary", {"y": "open"}, "'y'; choose from x"),
        ({"boundary": "periodc"}, "boundary", "periodc", "periodic"),
        ({"storage": {"held_out": 0.5}}, "held_out", 0.5, "below 0.5"),
    ],
)
def test_wrong_arguments_are_named(
    evolution: Path, arguments: dict, key: str, value: object, text: str
) -> None:
    given = {"path": str(evolution), "input": "u", "axes": ["sample", "time", "x"]} | arguments
    with raises_input(key, value, text):
        File(**given).splits()


def test_a_value_that_is_no_number_is_named(tmp_path: Path) -> None:
    u = waves()
    u[4, 2, 7] = np.nan
    np.savez(tmp_path / "w.npz", u=u)
    with raises_input("field", "u", r"w.npz.*sample 4, frame 2 is nan at point \(7,\)"):
        File(str(tmp_path / "w.npz"), "u", axes=["sample", "time", "x"], boundary="open").splits()


def test_the_command_of_the_readme(
    evolution: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [
        f"data.path={evolution}",
        "data.input=u",
        "data.axes=[sample,time,x]",
        "data.boundary=periodic",
        "model.modes=4",
        "model.width=8",
        "model.depth=1",
    ]
    assert main(["train", "data=file", *words, "trainer.max_epochs=1", "loader.batch_size=4"]) == 0
    assert list(tmp_path.glob("runs/file-fno/*/model/model.json"))


def test_a_known_file_needs_its_path_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["train", "data=file", f"data.path={SAMPLES / 'darcy_test_16.pt'}", "debug=default"]
    assert main(words) == 0
    assert (
        "model.modes=[10, 10]: all that 16 x 16 points resolve"
        in capsys.readouterr().out.splitlines()
    )
    (card,) = tmp_path.glob("runs/file-fno/*/model/model.json")
    assert json.loads(card.read_text())["model"]["arguments"]["modes"] == [10, 10]
    # What was asked for is not changed in silence.
    assert main([*words, "model.modes=12"]) == 2
    assert "use 10 or fewer" in capsys.readouterr().err
