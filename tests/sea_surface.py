"""Sea-surface temperature around land, by finite volumes, without values on it."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

DIFFUSIVITY = 0.2
"""Share of the difference between two neighbours that is exchanged per frame."""
LATITUDE, LONGITUDE = np.linspace(90, -90, 19), np.arange(36) * 10.0


def land() -> NDArray[np.bool_]:
    """Return the land of the globe, ``(latitude, longitude)``: both poles and two continents."""
    y, x = np.meshgrid(LATITUDE, LONGITUDE, indexing="ij")
    continents = [(20.0, 100.0, 30.0, 35.0), (-10.0, 270.0, 25.0, 20.0)]
    found = np.abs(y) > 75
    for north, east, tall, wide in continents:
        found |= ((y - north) / tall) ** 2 + ((x - east) / wide) ** 2 < 1
    return found


def step(t: NDArray[np.float64], sea: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the temperatures ``(..., latitude, longitude)`` after exchange between sea cells."""
    change = np.zeros_like(t)
    for axis in (-2, -1):
        if axis == -1:
            open_, flux = sea & np.roll(sea, -1, -1), np.roll(t, -1, -1) - t
            flux = np.where(open_, DIFFUSIVITY * flux, 0)
            change += flux - np.roll(flux, 1, -1)
        else:
            flux = np.where(sea[1:] & sea[:-1], DIFFUSIVITY * np.diff(t, axis=-2), 0)
            change[..., :-1, :] += flux
            change[..., 1:, :] -= flux
    return t + change


def sea_surface(samples: int = 12, frames: int = 6, seed: int = 0) -> xr.Dataset:
    """Return ``sst`` in kelvin, ``(sample, time, latitude, longitude)``, NaN over land."""
    rng, sea = np.random.default_rng(seed), ~land()
    noise = np.fft.rfft2(rng.normal(size=(samples, *sea.shape)))
    damping = np.exp(-0.5 * (np.arange(noise.shape[-1]) / 4.0) ** 2)
    wave = np.fft.fftfreq(sea.shape[0], 1 / sea.shape[0])[:, None]
    smooth = np.fft.irfft2(noise * damping * np.exp(-0.5 * (wave / 3) ** 2), s=sea.shape)
    t = 285 + 15 * np.cos(np.deg2rad(LATITUDE))[:, None] + 20 * smooth
    states = [t]
    for _ in range(frames - 1):
        states.append(step(states[-1], sea))
    values = np.where(sea, np.stack(states, 1), np.nan)
    dims = ("sample", "time", "latitude", "longitude")
    return xr.Dataset(
        {
            "sst": (dims, values, {"units": "K", "long_name": "sea surface temperature"}),
            "land": (dims[2:], land().astype(np.float32), {"units": "1"}),
        },
        {
            "time": ("time", np.arange(frames) * 24.0, {"units": "h"}),
            "latitude": ("latitude", LATITUDE, {"units": "degrees_north"}),
            "longitude": ("longitude", LONGITUDE, {"units": "degrees_east"}),
        },
    )
