"""Every shipped choice of every group trains for two steps; a new file is covered by being
there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

CONF = Path(__file__).parents[2] / "conf"
FILES = sorted(
    file
    for file in CONF.glob("*/*.yaml")
    if file.parent.name
    not in (
        *("hydra", "recommended", "experiment", "storage"),
        *("guarantee", "method", "correct", "protocol"),
    )
    # Of neurop refine.
    and (file.parent.name, file.stem)
    not in (("objective", "denoising"), ("objective", "thermalizing"))
)
# Slow, or trained by another test: test_other_loggers_write_into_the_run.
RARE = ("compile", "mlflow", "wandb")
EXPERIMENTS = sorted(CONF.glob("experiment/*.yaml"))
RECOMMENDED = sorted(CONF.glob("recommended/*.yaml"))
# What makes a data set or a model small, where its file has such a setting.
SMALL_DATA = {"samples": 6, "storage.held_out": 1, "steps": 2, "train_steps": 2}
# What makes the solver of an experiment cheap.
SMALL_SOLVER = {
    "resolution": 16,
    "truncation": 15,
    "viscosity": 1e-2,
    "interval": 0.1,
    "spin_up": 0.5,
}
SMALL_MODEL = {"modes": 4, "width": 4, "depth": 1}
# Of a data set that is made of another, that other's.
SMALL_SOURCE = {"samples": 6, "storage.held_out": 1, "steps": 9, "resolution": 16}
LISTS = ("augment", "callback", "constraint")
# What a choice needs that its file does not know.
MORE = {
    ("augment", "coarse_to_fine"): ["augment.coarse_to_fine.shape=[8,8]"],
    ("constraint", "band_limit"): ["constraint.band_limit.band=[8,8]"],
    ("constraint", "boundary_values"): ["constraint.boundary_values.fields=[pressure]"],
    ("constraint", "means"): ["constraint.means.fields=[vorticity]"],
    ("constraint", "positivity"): ["constraint.positivity.fields=[vorticity]"],
    ("data", "dam_break"): ["data.solver=32"],
    ("data", "filtered_turbulence"): ["data.factor=8", "data.flow.spin_up=0"],
    ("data", "fitzhugh_nagumo"): ["data.modes=16", "data.diffusion=[0.01,0.05]"],
    ("data", "gray_scott"): ["data.warmup=0"],
    ("data", "kolmogorov_flow"): ["data.flow.spin_up=0"],
    ("data", "lorenz96"): ["data.frames=1", "data.warmup=0"],
    ("loader", "online"): ["data.storage.mode=online"],
    ("loader", "streamed"): ["data.storage.mode=online"],
    ("model", "mono"): [f"model.expert.{key}=4" for key in ("modes", "width")],
    ("model", "patched"): [f"model.network.{key}=4" for key in ("modes", "width")],
    ("objective", "pino"): ["problem.unroll=2"],
    ("objective", "residual"): ["problem.unroll=2"],
    ("problem", "lead_times"): ["problem.leads=[1,2]"],
}
RUN = ("hydra.run.dir=run", "trainer.accelerator=cpu")


def small(group: str, choice: str, sizes: dict[str, int]) -> list[str]:
    settings = OmegaConf.load(CONF / group / f"{choice}.yaml")
    if choice in ("space_time", "chebyshev_times"):  # made of another set
        return [
            f"{group}={choice}",
            *(["data.steps=null", "data.given=1"] if choice == "space_time" else ["data.times=9"]),
            *(f"{group}.source.{name}={value}" for name, value in SMALL_SOURCE.items()),
        ]
    if choice == "file":  # which has the size that it has
        return [f"{group}={choice}"]
    has = {
        *settings,
        *(
            str(part).split("'")[1].removeprefix("/storage@")
            for part in settings.get("defaults", [])
            if "@" in str(part)
        ),
    }
    return [
        f"{group}={choice}",
        *(f"{group}.{name}={value}" for name, value in sizes.items() if name.split(".")[0] in has),
    ]


def check(folder: Path, steps: int | None = 2) -> Any:
    record = json.loads((folder / "train.json").read_text())
    assert record["steps"] == steps or steps is None
    assert all(
        math.isfinite(value) for name, value in record.items() if name.startswith(("test/", "val/"))
    )
    assert 0 < record["test/relative_l2"] < 10
    for name in (
        "model/model.safetensors",
        "checkpoints/last.ckpt",
        "metrics.csv",
        "plots/loss.png",
    ):
        assert (folder / name).stat().st_size > 0
    return OmegaConf.load(folder / "config.yaml")


@pytest.mark.parametrize(
    "file",
    [pytest.param(f, marks=[pytest.mark.slow] if f.stem in RARE else []) for f in FILES],
    ids=lambda f: f"{f.parent.name}-{f.stem}",
)
def test_a_choice_trains(file: Path, neurop: Callable[..., int], tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", u=np.random.default_rng(0).random((10, 3, 16, 16)))
    group, choice = file.parent.name, file.stem
    data = {
        "sfno": "era5",
        "map": "darcy_public",
        "boundary_values": "darcy",
        "initial_value": "chebyshev_times",
    }.get(choice, "navier_stokes")
    model = "patched" if choice == "patch_by_patch" else "fno"
    chosen = {"data": data, "model": model} | {group: f"[{choice}]" if group in LISTS else choice}
    parts = [
        *small("data", chosen.pop("data"), SMALL_DATA | {"resolution": 16}),
        *small("model", chosen.pop("model"), SMALL_MODEL),
        *(f"{name}={value}" for name, value in chosen.items()),
        *(
            [
                "data.path=own.npz",
                "data.input=u",
                "data.axes=[sample,time,x,y]",
                "data.boundary=periodic",
            ]
            if choice == "file"
            else []
        ),
        *MORE.get((group, choice), ()),
        *([] if group == "debug" else ["debug=default"]),
    ]
    assert neurop("train", *parts, "~recommended", "loader.batch_size=2", *RUN) == 0
    config = check(tmp_path / "run", None if group == "debug" else 2)
    if group != "debug":
        node = config[group][choice] if group in LISTS else config[group]
        assert node["_target_"] == OmegaConf.load(file)["_target_"]


@pytest.mark.parametrize("file", RECOMMENDED, ids=lambda f: f.stem)
def test_what_is_recommended_trains_and_is_printed(
    file: Path, neurop: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (CONF / "data" / file.name).is_file()
    assert neurop("train", *small("data", file.stem, SMALL_DATA), "debug=default", *RUN) == 0
    config = check(tmp_path / "run", None)
    (line,) = (
        text for text in capsys.readouterr().out.splitlines() if text.startswith("recommended: ")
    )
    assert line.endswith(" (~recommended refuses them)")
    shown = dict(word.split("=", 1) for word in line.split()[1:-3])
    for key, value in leaves(OmegaConf.to_container(OmegaConf.load(file)), ""):
        used = OmegaConf.select(config, key)
        # The two steps of debug=default go before the recommended length, the command before all.
        if value == "auto":
            assert used != "auto"
        elif key == "model.modes":  # at most those that the small grid resolves
            pairs = zip(*([v] if isinstance(v, int) else v for v in (used, value)))
            assert all(1 <= kept <= wanted for kept, wanted in pairs)
        elif not key.startswith("trainer.") and key.split(".")[-1] not in SMALL_DATA:
            assert used == value
        if used is not None and used == value:
            assert shown[key] == str(value).replace(" ", "")


def leaves(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        where = f"{path}.{key}".lstrip(".")
        if isinstance(value, dict):
            yield from leaves(value, where)
        elif not key.startswith("_"):
            yield where, value


@pytest.mark.slow
@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda f: f.stem)
def test_an_experiment_trains_on_its_data(
    file: Path, neurop: Callable[..., int], tmp_path: Path
) -> None:
    own = OmegaConf.load(file)
    chosen = {
        key.split("/")[-1]: choice
        for default in own.defaults
        for key, choice in default.items()
        if isinstance(choice, str)
    }
    sizes = (
        SMALL_DATA
        | SMALL_SOLVER
        | ({"solver.points": 64} if chosen["data"] == "navier_stokes" else {})
    )
    parts = [part for part in small("data", chosen["data"], sizes) if not part.startswith("data=")]
    parts += [
        part
        for part in small("model", chosen.get("model", "fno"), SMALL_MODEL)
        if not part.startswith("model=")
    ]
    # Those of the full size do not fit a small grid.
    coarse = [f"{key}=null" for key in ("augment.coarse_to_fine", "constraint.band_limit")]
    own_shape = chosen["data"] in ("navier_stokes", "burgers")
    parts += coarse if own_shape else []
    assert neurop("train", f"experiment={file.stem}", "debug=default", *parts, *RUN) == 0
    config = check(tmp_path / "run", None)
    assert config.data._target_ == OmegaConf.load(CONF / "data" / f"{chosen['data']}.yaml")._target_
    assert config.optimizer.lr == own.get("optimizer", config.optimizer).lr


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda f: f.stem)
def test_an_experiment_names_its_anchor(file: Path) -> None:
    assert sum(line.startswith("# published: ") for line in file.read_text().splitlines()) == 1
    assert file.stem.endswith("_cpu") == (
        "two CPU cores" in file.read_text()
    ) or file.stem.startswith(("era5", "swe_sfno"))


def test_every_group_is_covered() -> None:
    groups = {
        folder.name for folder in CONF.iterdir() if folder.is_dir() and list(folder.glob("*.yaml"))
    }
    assert {file.parent.name for file in FILES} | {
        "recommended",
        "experiment",
        "storage",
        "guarantee",  # of neurop calibrate
        "method",  # of neurop refine
        "correct",  # of neurop eval
        "protocol",  # of neurop eval
    } == groups
    assert groups >= {"data", "model", "objective", "augment", "constraint", "callback", "loader"}


def test_tensorboard_writes_its_events(neurop: Callable[..., int], tmp_path: Path) -> None:
    parts = [
        *small("data", "navier_stokes", SMALL_DATA | {"resolution": 16}),
        *small("model", "fno", SMALL_MODEL),
    ]
    assert neurop("train", *parts, "~recommended", "debug=default", "logger=tensorboard", *RUN) == 0
    (events,) = (tmp_path / "run" / "tensorboard").glob("events.out.tfevents.*")
    assert b"val/relative_l2" in events.read_bytes()


@pytest.mark.parametrize(
    ("logger", "pattern"),
    [
        ("wandb", "wandb/offline-run-*/run-*.wandb"),
        ("mlflow", "mlruns/*/*/metrics/val/relative_l2"),
    ],
)
def test_other_loggers_write_into_the_run(
    logger: str, pattern: str, neurop: Callable[..., int], tmp_path: Path
) -> None:
    pytest.importorskip(logger)
    parts = [
        *small("data", "navier_stokes", SMALL_DATA | {"resolution": 16}),
        *small("model", "fno", SMALL_MODEL),
    ]
    jobs = ("-m", "seed=0,1", "hydra.sweep.dir=sweep", "trainer.accelerator=cpu")
    words = ("~recommended", "debug=default", f"logger={logger}")
    assert neurop("train", *parts, *words, *jobs) == 0
    for job in range(2):  # each with a log of its own
        run = tmp_path / "sweep" / f"{job}-navier_stokes-fno"
        (log,) = run.glob(pattern)
        assert log.stat().st_size > 0
        assert (run / "metrics.csv").stat().st_size > 0
    assert {f.name for f in tmp_path.iterdir()} == {"sweep"}
