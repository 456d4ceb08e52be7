"""The Islamic calendar of Umm al-Qura: the day that a date falls on.

For the years around ours the published lengths of months are kept. For others a month is reckoned: it begins on the
day after the evening on which the moon, having met the sun before sunset in Mecca, sets after it. The meeting is that
of Meeus (Astronomical Algorithms, ch. 49), to a few minutes.
"""

from __future__ import annotations

import math
from datetime import date, timedelta

_SYNODIC = 29.530588861
_UNCERTAIN = 11 / 24
"""Days between the meeting and sunset, below which the moonset decides and both days are allowed. With that, the day of
the published calendar is among them for each month of 1423 to 1489."""
_SUNSET = 15.3 / 24
"""Sunset in Mecca, on the average, in UT."""
_FIRST_PUBLISHED = 1440
_FIRST_DAY = date(2018, 9, 11)
_PUBLISHED = (
    0x5D4, 0xADA, 0x55A, 0xAAB, 0x595, 0x749, 0x764, 0xBAA, 0x5B5, 0x2B6, 0xA56, 0xD2A, 0xE95, 0x72A, 0x755, 0x35A,
    0x95D, 0x49B, 0xA4D, 0xD26, 0xD53, 0x5AA, 0xAAD, 0x4B6, 0xA57, 0x527,
)  # fmt: skip
"""Which months have 30 days, a bit a month, of the years from 1440 on, as the calendar was published."""
_EPOCH_MOON = 1420 * 12
"""Months of the Islamic calendar before that which began with the new moon numbered -9: 1 Muharram 1421."""


def hijri_days(year: int, month: int, day: int) -> tuple[date, ...]:
    """The day, or the two days where reckoning cannot tell, that an Islamic date falls on; none where it is no date."""
    if not (1300 <= year <= 1600 and 1 <= month <= 12 and 1 <= day <= 30):
        return ()
    months = (year - 1) * 12 + month - 1
    return tuple(first + timedelta(days=day - 1) for first in _published(months) or _reckoned(months))


def hijri_year(when: date) -> int:
    """The Islamic year of a day, give or take one at its ends."""
    return 1421 + math.floor((when - date(2000, 4, 6)).days / (12 * _SYNODIC))


def _published(months: int) -> tuple[date, ...]:
    year, month = divmod(months - 12 * (_FIRST_PUBLISHED - 1), 12)
    if not 0 <= year < len(_PUBLISHED):
        return ()
    long = sum(lengths.bit_count() for lengths in _PUBLISHED[:year]) + (_PUBLISHED[year] >> (12 - month)).bit_count()
    return (_FIRST_DAY + timedelta(days=29 * (12 * year + month) + long),)


def _reckoned(months: int) -> tuple[date, ...]:
    meeting = _new_moon(months - _EPOCH_MOON + 3)
    whole = math.floor(meeting)
    evening = whole + _SUNSET
    before = evening - meeting
    first = date(2000, 1, 1) + timedelta(days=whole + 1)
    if before > _UNCERTAIN:
        return (first,)
    if before > 0:
        return (first, first + timedelta(days=1))
    return (first + timedelta(days=1),) if before < -0.02 else (first, first + timedelta(days=1))


def _new_moon(number: int) -> float:
    """Days from 2000-01-01 00:00 UT to the new moon of that number (0 is that of 2000-01-06)."""
    century = number / 1236.85
    sun = math.radians(2.5534 + 29.10535670 * number)
    moon = math.radians(201.5643 + 385.81693528 * number + 0.0107582 * century**2)
    latitude = math.radians(160.7108 + 390.67050284 * number - 0.0016118 * century**2)
    eccentricity = 1 - 0.002516 * century
    corrections = (
        -0.40720 * math.sin(moon) + 0.17241 * eccentricity * math.sin(sun) + 0.01608 * math.sin(2 * moon)
        + 0.01039 * math.sin(2 * latitude) + 0.00739 * eccentricity * math.sin(moon - sun)
        - 0.00514 * eccentricity * math.sin(moon + sun) + 0.00208 * eccentricity**2 * math.sin(2 * sun)
        - 0.00111 * math.sin(moon - 2 * latitude) - 0.00057 * math.sin(moon + 2 * latitude)
    )  # fmt: skip
    julian = 2451550.09766 + _SYNODIC * number + 0.00015437 * century**2 + corrections
    terrestrial = 0.0008
    return julian - 2451544.5 - terrestrial
