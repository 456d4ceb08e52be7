"""Dates with a weekday in English and Arabic text, and the days that Islamic months begin on."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from takeback.review.arabic import has_arabic


class Written(NamedTuple):
    """A weekday (0 is Monday) beside a date, of which each reading gives the days that may be meant. `words` is both as
    they stand in normalised text."""

    words: str
    weekday: int
    readings: tuple[tuple[date, ...], ...]


_EN_DAYS = (
    "mon(?:day)?", "tue(?:s|sday)?", "wed(?:s|nesday)?", "thu(?:r|rs|rsday)?", "fri(?:day)?", "sat(?:urday)?",
    "sun(?:day)?",
)  # fmt: skip
_AR_DAYS = ("اثنين|اتنين|الاثنين", "ثلاثاء|تلات|ثلثاء|ثلاثا", "اربعاء|اربعا|اربع", "خميس", "جمعه", "سبت", "احد|حد")
_EN_MONTHS = (
    "jan(?:uary)?", "feb(?:ruary)?", "mar(?:ch)?", "apr(?:il)?", "may", "june?", "july?", "aug(?:ust)?",
    "sept?(?:ember)?", "oct(?:ober)?", "nov(?:ember)?", "dec(?:ember)?",
)  # fmt: skip
_AR_MONTHS = (
    "يناير|كانون الثاني|كانون ثاني|جانفي", "فبراير|شباط|فيفري|فبرابر", "مارس|اذار", "ابريل|نيسان|افريل",
    "مايو|ايار|ماي", "يونيو|يونيه|حزيران|جوان", "يوليو|يوليه|تموز|جويليه", "اغسطس|اب|اوت|غشت", "سبتمبر|ايلول|شتنبر",
    "اكتوبر|تشرين الاول|تشرين اول", "نوفمبر|تشرين الثاني|تشرين ثاني|نونبر", "ديسمبر|كانون الاول|كانون اول|دجنبر",
)  # fmt: skip
_HIJRI_MONTHS = (
    "محرم|المحرم|محرم الحرام", "صفر", "ربيع الاول|ربيع اول", "ربيع الاخر|ربيع الثاني|ربيع ثاني",
    "جمادي الاولي|جمادي الاول", "جمادي الاخره|جمادي الثانيه|جمادي الاخر|جمادي الثاني", "رجب", "شعبان",
    "رمضان(?: المبارك)?", "شوال", "ذو القعده|ذي القعده|ذوالقعده", "ذو الحجه|ذي الحجه|ذوالحجه",
)  # fmt: skip


def _one_of(*lists: tuple[str, ...]) -> str:
    return "|".join(word for words in lists for word in words)


_DAY = (
    rf"(?<!\w)(?P<weekday>(?:{_one_of(_EN_DAYS)})\b\.?"
    rf"|(?:[لبوف]?(?:ليوم|يوم) )?[ولبف]?(?:ال)?(?:{_one_of(_AR_DAYS)})(?!\w))"
)
_BETWEEN = (
    r"(?:\s?(?:,|\(|/|:|-|–)\s?"
    r"|\s(?:the|of|on|القادم|المقبل|الموافق|بتاريخ|القادمه|الجاي|تاريخ|الي يوافق|يوم)\b|\s){0,4}"
)
_MONTH = rf"(?P<month>{_one_of(_EN_MONTHS, _AR_MONTHS, _HIJRI_MONTHS)})(?!\w)\.?"
_NUMBER = r"(?P<number>[0-3]?\d)(?:st|nd|rd|th)?"
_YEAR = (
    r"(?:(?:,| of|\s?/|\s?-)?\s?(?:(?:ل?عام|سنه|لسنه) )?(?P<year>(?:1[3-5]|19|20)\d\d)(?!\d)"
    r"(?:\s?(?P<era>هـ|ه|م|ad)(?!\w))?)?"
)
_WRITTEN = (
    # Sunday, 15 March 2026; Sunday the 15th of March
    rf"{_NUMBER}(?:\s(?:of|من)(?: شهر)?)?[\s-]{_MONTH}{_YEAR}",
    # Sunday, March 15, 2026
    rf"{_MONTH}\s{_NUMBER}(?!\d|:|\s?[ap]m\b){_YEAR}",
    # Sunday 2026-03-15; 1447/9/1
    r"(?P<year>(?:1[3-5]|19|20)\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<number>\d{1,2})(?!\d)(?:\s?(?P<era>هـ|ه"
    r"|م)(?!\w))?",
    # Sunday 15/3/2026
    r"(?P<number>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>(?:1[3-5]|19|20)\d\d|\d\d)(?!\d)(?:\s?(?P<era>هـ|ه"
    r"|م)(?!\w))?",
    # Sunday 15/3
    r"(?P<number>\d{1,2})/(?P<month>\d{1,2})(?![\d/.-])(?P<year>)",
)
_AFTER = tuple(re.compile(_DAY + _BETWEEN + written) for written in _WRITTEN)
_BEFORE = tuple(re.compile(rf"(?<![\d/.:-]){written}\s?(?:,|\(|-|–)\s?{_DAY}") for written in _WRITTEN[:4])
_ANY_DAY = re.compile(rf"\b(?:{_one_of(_EN_DAYS)})\b|(?:{_one_of(_AR_DAYS)})(?!\w)")
_ANY_DIGIT = re.compile(r"\d")

_EN_DAY = tuple(re.compile(word) for word in _EN_DAYS)
_AR_DAY = tuple(re.compile(rf"(?:(?:ل|ب|و|ف)?(?:ليوم|يوم) )?[ولبف]?(?:ال)?(?:{word})") for word in _AR_DAYS)
_MONTHS = tuple(
    (re.compile(f"(?:{word})\\.?"), number, hijri)
    for words, hijri in ((_EN_MONTHS, False), (_AR_MONTHS, False), (_HIJRI_MONTHS, True))
    for number, word in enumerate(words, 1)
)
_WITHIN = timedelta(days=60)
"""A date without a year means the nearest one."""


def written_days(plain: str, near: date) -> Iterator[Written]:
    """Each weekday with its date in a stretch of normalised text; `near` is the day on which it is written. Dates that
    may be meant in two ways (5/3) have two readings; those that no calendar has, none."""
    if not (_ANY_DIGIT.search(plain) and _ANY_DAY.search(plain)):
        return
    taken: list[tuple[int, int]] = []
    for pattern in (*_AFTER, *_BEFORE):
        for match in pattern.finditer(plain):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            taken.append(match.span())
            weekday = _weekday(match["weekday"])
            readings = tuple(_readings(match, near))
            if weekday is not None and readings:
                yield Written(match[0].strip(), weekday, readings)


def _weekday(word: str) -> int | None:
    patterns = _AR_DAY if has_arabic(word) else _EN_DAY
    bare = word.rstrip(".")
    return next((number for number, pattern in enumerate(patterns) if pattern.fullmatch(bare)), None)


def _readings(match: re.Match[str], near: date) -> Iterator[tuple[date, ...]]:
    number, year = int(match["number"]), _year(match["year"])
    if match["month"].isdigit():
        month = int(match["month"])
        hijri = (year is not None and 1300 <= year < 1600) or match.groupdict().get("era") in ("هـ", "ه")
        year_first = match.start("year") < match.start("month")
        for first, second in ((month, number),) if year_first else dict.fromkeys(((month, number), (number, month))):
            yield from _days(year, first, second, near, hijri)
        return
    for pattern, month, hijri in _MONTHS:
        if pattern.fullmatch(match["month"]):
            yield from _days(year, month, number, near, hijri)
            return


def _year(written: str | None) -> int | None:
    if not written:
        return None
    return int(written) + 2000 if len(written) == 2 else int(written)


def _days(year: int | None, month: int, day: int, near: date, hijri: bool) -> Iterator[tuple[date, ...]]:
    if hijri:
        years = (year,) if year else tuple(range(_hijri_year(near) - 1, _hijri_year(near) + 2))
        found = [days for candidate in years if (days := hijri_days(candidate, month, day))]
    else:
        years = (year,) if year else (near.year - 1, near.year, near.year + 1)
        found = [(when,) for candidate in years if (when := _gregorian(candidate, month, day))]
    if not year:
        found = [days for days in found if abs(days[0] - near) <= _WITHIN]
    yield from found


def _gregorian(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


# The Islamic calendar of Umm al-Qura, reckoned: a month begins on the day after the evening on which the moon, having
# met the sun before sunset in Mecca, sets after it. The meeting is that of Meeus (Astronomical Algorithms, ch. 49), to
# a few minutes.

_SYNODIC = 29.530588861
_UNCERTAIN = 11 / 24
"""Days between the meeting and sunset, below which the moonset decides and both days are allowed. With that, the day of
the published calendar is among them for each month of 1423 to 1489."""
_SUNSET = 15.3 / 24
"""Sunset in Mecca, on the average, in UT."""
_EPOCH_MOON = 1420 * 12
"""Months of the Islamic calendar before that which began with the new moon numbered -9: 1 Muharram 1421."""


def hijri_days(year: int, month: int, day: int) -> tuple[date, ...]:
    """The day, or the two days where reckoning cannot tell, that an Islamic date falls on; none where it is no date."""
    if not (1300 <= year <= 1600 and 1 <= month <= 12 and 1 <= day <= 30):
        return ()
    return tuple(first + timedelta(days=day - 1) for first in _first_days((year - 1) * 12 + month - 1))


def _hijri_year(when: date) -> int:
    return 1421 + math.floor((when - date(2000, 4, 6)).days / (12 * _SYNODIC))


def _first_days(months: int) -> tuple[date, ...]:
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
