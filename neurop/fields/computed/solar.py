"""Incident solar radiation at the top of the atmosphere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.computed.computed import Computed
from neurop.fields.field import Field

SOLAR_CONSTANT = 1361.0
"""Irradiance at one astronomical unit [W m-2]; its cycle of eleven years is 0.1 %.

Kopp and Lean, Geophys. Res. Lett. 38 (2011) L01706.
"""
J2000 = np.datetime64("2000-01-01T12:00", "s")


@dataclass(frozen=True)
class Solar(Computed):
    r"""Mean flux on a horizontal surface over the hours that end at the date.

    .. math:: F = \frac{S_0}{R^2}\,\frac{1}{h_2 - h_1}\int_{h_1}^{h_2}
       \max(0, \sin\varphi\sin\delta + \cos\varphi\cos\delta\cos h)\,dh

    with the hour angle h, the declination :math:`\delta` and the distance R [au] of the sun at the
    middle of the interval (:func:`sun`). The integral is exact. One hour is the convention of ERA5:
    its variable ``tisr`` [J m-2] is this flux times 3600 s.

    Parameters
    ----------
    hours
        Length of the interval, above 0 and at most 24 [h]; 24 is the mean of a day.

    Raises
    ------
    InputError
        If the hours are out of their bounds.

    Examples
    --------
    >>> dates = np.array(["2026-03-21T12:30"], "datetime64[s]")  # the hour around noon
    >>> round(Solar().values(dates, np.zeros((1, 1)), np.zeros(1)).item())
    1367
    """

    hours: float = 1.0

    fields = (Field("solar", "W m-2", "incident solar radiation at the top of the atmosphere"),)
    role = "forcing"
    on_sphere = True

    def __post_init__(self) -> None:
        if not 0 < self.hours <= 24:
            raise InputError.of("hours", self.hours, "give hours above 0, at most 24")

    def values(
        self,
        dates: NDArray[np.datetime64],
        latitude: NDArray[np.float64],
        longitude: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return the flux [W m-2], ``(1, time, latitude, longitude)``."""
        past = np.timedelta64(round(self.hours * 1.8e6), "ms")
        middle: NDArray[Any] = dates.astype("datetime64[ms]") - past
        declination, early, distance = (x[:, None, None] for x in sun(middle))
        share = (middle - middle.astype("datetime64[D]")) / np.timedelta64(1, "D")
        noon = 2 * np.pi * share[:, None, None] - np.pi + early + longitude
        height = np.sin(latitude) * np.sin(declination)
        swing = np.cos(latitude) * np.cos(declination)
        half = np.pi * self.hours / 24
        light = _daylight(noon + half, height, swing) - _daylight(noon - half, height, swing)
        flux: NDArray[np.float64] = SOLAR_CONSTANT / distance**2 * light / (2 * half)
        # The difference of the two integrals rounds below 0 at night.
        return np.maximum(flux, 0.0)[None]


def sun(
    dates: NDArray[np.datetime64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    r"""Return declination [rad], equation of time [rad] and distance [au] of the sun.

    With the days d since the noon of 1 January 2000, the mean anomaly g and the mean longitude q,

    .. math:: \lambda = q + 1.915\sin g + 0.020\sin 2g, \qquad
       \epsilon = 23.439 - 3.6\cdot 10^{-7} d, \qquad
       \sin\delta = \sin\epsilon\sin\lambda, \qquad
       \tan\alpha = \cos\epsilon\tan\lambda

    in degrees; the equation of time is :math:`q - \alpha`, apparent minus mean solar time. Within
    two centuries of 2000 the angles are off by about a minute of arc.

    Examples
    --------
    >>> solstice = sun(np.array(["2024-06-20T20:51"], "datetime64[s]"))
    >>> [round(float(x.item()), 3) for x in (np.rad2deg(solstice[0]), solstice[2])]
    [23.436, 1.016]

    References
    ----------
    U.S. Naval Observatory, Computing approximate solar coordinates, from The Astronomical Almanac.
    """
    day = (dates.astype("datetime64[ms]") - J2000) / np.timedelta64(1, "D")
    anomaly, mean, tilt = (
        np.deg2rad(x)
        for x in (
            357.529 + 0.98560028 * day,
            280.459 + 0.98564736 * day,
            23.439 - 3.6e-7 * day,
        )
    )
    longitude = mean + np.deg2rad(1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    ascension = np.arctan2(np.cos(tilt) * np.sin(longitude), np.cos(longitude))
    early = (mean - ascension + np.pi) % (2 * np.pi) - np.pi
    distance = 1.00014 - 0.01671 * np.cos(anomaly) - 0.00014 * np.cos(2 * anomaly)
    return np.arcsin(np.sin(tilt) * np.sin(longitude)), early, distance


def _daylight(
    angle: NDArray[np.float64], height: NDArray[np.float64], swing: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the integral of max(0, height + swing cos h) from noon to an hour angle."""
    turns = np.round(angle / (2 * np.pi))
    # The pole has no swing: the sun is up or down all day.
    ratio = -height / np.maximum(swing, 1e-12)
    sunset = np.arccos(np.clip(ratio, -1.0, 1.0))
    rest = np.clip(angle - 2 * np.pi * turns, -sunset, sunset)
    whole = 2 * (height * sunset + swing * np.sin(sunset))
    found: NDArray[np.float64] = turns * whole + height * rest + swing * np.sin(rest)
    return found
