"""Data and files of a run, made by hand in milliseconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from neurop.fields import Field, FieldSet
from neurop.fields.times import Times
from neurop.geometry.grid import Grid

FIELDS = (Field("temperature", "K"), Field("wind_speed", "m s-1"))


def waves(fields: tuple[Field, ...] = FIELDS, points: tuple[int, ...] = (12, 8)) -> FieldSet:
    """Return two trajectories of five frames every 1800 s, waves that move along the first axis."""
    x, t = np.arange(points[0]) / points[0], np.arange(5) / 16
    wave = np.sin(2 * np.pi * (x - t[:, None])).reshape(5, points[0], *[1] * (len(points) - 1))
    values = np.broadcast_to(wave, (5, *points))
    scales = np.arange(1.0, 1 + 2 * len(fields)).reshape(2, 1, len(fields), *[1] * len(points))
    return FieldSet(
        (scales * values[None, :, None]).astype(np.float32),
        fields,
        Grid.periodic(len(points)),
        times=Times(1800.0 * np.arange(5), "s"),
        source="waves",
    )


EVIL = "</script><script>window.taken = 1</script><img src=x onerror='window.taken = 2'>"
"""What a stranger may call a field, a setting or a result."""


def pairs(name: str = "pressure", unit: str = "Pa") -> FieldSet:
    """Return a map of 1-D fields."""
    data = waves(FIELDS[:1], (16,))
    targets = 2 * data.values[:, :1]
    target = (Field(name, unit, name),)
    return FieldSet(data.values[:, :1], FIELDS[:1], data.grid, targets, target, source="map")


def write(folder: Path, files: dict[str, Any]) -> None:
    """Write files: text, or JSON of other values."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))


TRAINED = {
    "config.yaml": "seed: 0\nmodel:\n  width: 4\n",
    "overrides.yaml": "- model.width=4\n",
    "versions.json": {"python": "3.11.7", "torch": "2.13.0"},
    "train.json": {"seed": 0, "seconds": 444.0, "train_seconds": 400.0, "steps": 1234, "epochs": 2}
    | {"step_ms": 12.5, "peak_mb": 300.0, "parameters": 5},
    "metrics.csv": "epoch,step,train/loss_epoch,val/relative_l2\n0,1,0.5,0.4\n1,2,0.05,0.04\n",
}
"""What a training leaves, but for the surrogate."""
