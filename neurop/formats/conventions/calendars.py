"""Decode the times of a file, in any calendar of the CF conventions.

CF conventions 1.11, section 4.4 (time coordinate), https://cfconventions.org.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.formats.content import Coordinate

_SECONDS = {"microsecond": 1e-6, "millisecond": 1e-3, "second": 1.0, "minute": 60.0}
_SECONDS |= {"hour": 3600.0, "day": 86400.0, "week": 604800.0}
_SHORT = {"us": "microsecond", "ms": "millisecond", "msec": "millisecond", "s": "second"}
_SHORT |= {"sec": "second", "min": "minute", "h": "hour", "hr": "hour", "d": "day"}
_SINCE = re.compile(
    r"\s*(\w+)\s+since\s+(\d{1,4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T\s]+(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}(?:\.\d*)?))?)?)?\s*(?:Z|UTC|GMT|[+-]0?0:?0?0)?\s*",
    re.IGNORECASE,
)
_REAL = ("", "standard", "gregorian", "proleptic_gregorian")
_MONTHS = {
    "noleap": (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31),
    "all_leap": (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31),
    "360_day": (30,) * 12,
}
_SAME = {"365_day": "noleap", "366_day": "all_leap"}
# Dates of the standard calendar before the reform are of the Julian one.
_REFORM, _FIRST, _LAST = (np.datetime64(day, "ms") for day in ("1582-10-15", "1678", "2262"))


def decode_times(values: NDArray[Any], unit: str, calendar: str = "") -> Coordinate:
    """Return dates, or numbers with their unit and origin where a date would not be exact.

    Times in months or years, and in calendars without leap years, of 360 days or Julian, remain
    numbers; so do dates before 1678 or after 2262. Monthly means (days of one month apart) are
    counted in months, annual ones in years. Equal steps that the stored floating-point numbers
    cannot hold exactly become equal.

    Parameters
    ----------
    values, unit, calendar
        Values of the coordinate, and its attributes ``units`` and ``calendar``.

    Examples
    --------
    >>> decode_times(np.arange(3) / 6, "hours since 2020-01-01").values.astype("M8[s]").tolist()[1]
    datetime.datetime(2020, 1, 1, 0, 10)
    >>> decode_times(np.arange(3.0), "days since 2001-02-27", "noleap")
    Coordinate(values=array([0., 1., 2.]), unit='days', origin='2001-02-27 noleap')
    """
    found = _SINCE.fullmatch(unit)
    if values.dtype.kind == "M" or not found or values.dtype.kind not in "iuf":
        return Coordinate(values, "" if values.dtype.kind == "M" else unit)
    word = found[1].lower()
    word = _SHORT.get(word, word.removesuffix("s"))
    kind = _SAME.get(calendar.lower(), calendar.lower())
    year, month, day, hour, minute = (int(found[i] or 0) for i in range(2, 7))
    clock = 3600 * hour + 60 * minute + float(found[7] or 0)
    since = f"{year:04d}-{month:02d}-{day:02d}"
    origin = f"{since}{f'T{hour:02d}:{minute:02d}' if clock else ''} {kind or 'standard'}"
    plain = Coordinate(values.astype(np.float64), f"{word}s", origin)
    if word not in _SECONDS:
        return plain
    seconds = _whole(_even(values) * _SECONDS[word], values) + clock
    if kind in _MONTHS and 1 <= month <= 12:
        start = _ordinal(year, month, day, kind)
        return _counted(_month_of(start + seconds / 86400, kind), kind) or _regular(plain)
    if kind not in _REAL or not 1 <= month <= 12 or not np.isfinite(seconds).all():
        return _regular(plain)
    reference = np.datetime64(since, "ms")
    if np.abs(seconds).max(initial=0) > 1e13:
        return _regular(plain)
    dates = reference + np.round(1e3 * seconds).astype("timedelta64[ms]")
    if (months := months_of(dates)) is not None:
        return months
    ends = sorted([reference, *dates[[0, -1]]]) if len(dates) else [reference]
    reformed = kind != "proleptic_gregorian" and ends[0] < _REFORM
    if reformed or (len(dates) and not (dates.min() > _FIRST and dates.max() < _LAST)):
        return _regular(plain)
    return Coordinate(dates.astype("datetime64[ns]"))


def _regular(line: Coordinate) -> Coordinate:
    return Coordinate(_even(line.values), line.unit, line.origin)


def _even(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return numbers in equal steps, if they differ from them by their rounding only."""
    numbers = values.astype(np.float64)
    if values.dtype.kind != "f" or len(numbers) < 3 or not np.isfinite(numbers).all():
        return numbers
    line = np.linspace(numbers[0], numbers[-1], len(numbers))
    step = abs(line[1] - line[0])
    rounding = min(4 * np.finfo(values.dtype).eps * np.abs(numbers).max(), 0.1 * step)
    return line if np.abs(line - numbers).max() <= rounding else numbers


def _whole(seconds: NDArray[np.float64], stored: NDArray[Any]) -> NDArray[np.float64]:
    """Return equal steps in whole seconds, if they differ from them by the rounding in the file."""
    if stored.dtype.kind != "f" or len(seconds) < 3 or not np.isfinite(seconds).all():
        return seconds
    steps = np.diff(seconds)
    line = seconds[0] + np.round(steps.mean()) * np.arange(len(seconds))
    rounding = 4 * np.finfo(stored.dtype).eps * np.abs(seconds).max()
    near = steps[0] > 1 and np.abs(line - seconds).max() <= min(rounding, 0.1 * steps[0])
    return line if near else seconds


def months_of(dates: NDArray[np.datetime64]) -> Coordinate | None:
    """Return dates of one month, or some months, apart as a count of months; None for others.

    Examples
    --------
    >>> months_of(np.array(["2001-01-16", "2001-02-15", "2001-03-16"], "M8[ns]")).unit
    'months'
    """
    if len(set(np.diff(dates).tolist())) < 2:
        return None
    return _counted(dates.astype("M8[M]").astype(np.int64) + 12 * 1970, "standard")


def _counted(months: NDArray[Any] | None, kind: str) -> Coordinate | None:
    """Return a count of months or years since year 0, if the frames are one or more apart."""
    if months is None or len(months) < 3:
        return None
    steps = np.diff(months)
    if steps[0] < 1 or (steps != steps[0]).any():
        return None
    if steps[0] % 12:
        return Coordinate(months.astype(np.float64), "months", f"0000-01-01 {kind}")
    return Coordinate(months // 12 * 1.0, "years", f"0000-01-01 {kind}")


def _month_of(days: NDArray[np.float64], kind: str) -> NDArray[np.int64] | None:
    """Return the number of the month since year 0 of days in a calendar of equal years.

    None for equal steps: those are a count of days.
    """
    if len(days) < 3 or np.allclose(np.diff(days), days[1] - days[0], rtol=0, atol=1e-6):
        return None
    lengths = np.array(_MONTHS[kind])
    year, rest = np.divmod(days, lengths.sum())
    return (12 * year + np.searchsorted(np.cumsum(lengths), rest, side="right")).astype(np.int64)


def _ordinal(year: int, month: int, day: int, kind: str) -> float:
    lengths = _MONTHS[kind]
    return year * sum(lengths) + sum(lengths[: month - 1]) + day - 1.0


def dates_of_months(
    values: NDArray[np.float64], unit: str, origin: str
) -> tuple[NDArray[Any], dict[str, str]] | None:
    """Return the first days of counted months or years, and their CF attributes.

    Months have no fixed length, so that few programs decode them. In the standard calendar the days
    are ``datetime64``, in others numbers of days.

    Parameters
    ----------
    values, unit
        Times, and ``months`` or ``years``.
    origin
        Date and calendar that they count from; None is returned for others than year 0.

    Examples
    --------
    >>> dates_of_months(np.array([24001.0]), "months", "0000-01-01 standard")[0].astype("M8[D]")
    array(['2000-02-01'], dtype='datetime64[D]')
    >>> dates_of_months(np.array([12.0, 25.0]), "months", "0000-01-01 noleap")
    (array([  0., 396.]), {'units': 'days since 0001-01-01', 'calendar': 'noleap'})
    """
    date, _, kind = origin.partition(" ")
    months = np.round(values * {"months": 1, "years": 12}.get(unit, 0)).astype(np.int64)
    if unit not in ("months", "years") or date != "0000-01-01" or not (months >= 12).all():
        return None
    if kind == "standard":
        return (months - 12 * 1970).astype("M8[M]").astype("M8[ns]"), {}
    if kind not in _MONTHS:
        return None
    days = [_ordinal(m // 12, m % 12 + 1, 1, kind) - _ordinal(1, 1, 1, kind) for m in months]
    return np.array(days), {"units": "days since 0001-01-01", "calendar": kind}


def shifted(
    line: NDArray[np.float64], unit: str, origin: str, to: str
) -> NDArray[np.float64] | None:
    """Return times counted from another date of the same calendar; None if that is not possible.

    Parameters
    ----------
    line, unit
        Times and their unit.
    origin, to
        Dates and calendars that they count from, as in :class:`Coordinate`.

    Examples
    --------
    >>> shifted(np.array([0.0, 1.0]), "days", "2002-01-01 noleap", "2001-01-01 noleap")
    array([365., 366.])
    """
    if origin == to:
        return line
    (one, kind), (two, other) = (text.split(" ", 1) for text in (origin, to))
    word = unit.removesuffix("s")
    if kind != other or "T" in one + two:
        return None
    dates = [[int(part) for part in text.split("-")] for text in (one, two)]
    (year, month, day), (since, first, start) = dates
    if word in ("month", "year") and day == start:
        months = 12 * (year - since) + month - first
        return line + (months if word == "month" else months / 12)
    if word not in _SECONDS:
        return None
    if kind in _MONTHS:
        days = _ordinal(year, month, day, kind) - _ordinal(since, first, start, kind)
    elif kind == "proleptic_gregorian" or min(dates) > [1582, 10, 14]:
        days = float((np.datetime64(one, "D") - np.datetime64(two, "D")).astype(int))
    else:
        return None
    return line + days * 86400 / _SECONDS[word]
