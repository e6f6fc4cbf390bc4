"""Transforms of training batches: augmentation, noise, coarse grids, masks."""

from __future__ import annotations

from neurop.registry import Registry

REGISTRY = Registry(
    "transform",
    {
        "coarse_to_fine": "neurop.transforms.coarse_to_fine:CoarseToFine",
        "mirror": "neurop.transforms.mirror:Mirror",
        "noise": "neurop.transforms.noise:Noise",
        "sensor_mask": "neurop.transforms.sensor_mask:SensorMask",
        "shift": "neurop.transforms.shift:Shift",
        "swap": "neurop.transforms.swap:Swap",
    },
    "neurop.transforms",
)
"""Registered name to class."""
