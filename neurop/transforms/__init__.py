"""What is done to a batch of training examples: augmentation, noise, coarse grids, hidden
sensors.
"""

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
