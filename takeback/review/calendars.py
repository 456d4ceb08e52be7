"""Dates with a weekday beside them, in English and Arabic text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from takeback.review.arabic import has_arabic
from takeback.review.hijri import hijri_days, hijri_year


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
    r"|\s(?:the|of|on|في|ب|القادم|المقبل|الموافق|بتاريخ|القادمه|الجاي|تاريخ|الي يوافق|يوم)\b|\s){0,4}"
)
_MONTH = rf"(?P<month>{_one_of(_EN_MONTHS, _AR_MONTHS, _HIJRI_MONTHS)})(?!\w)\.?"
_NUMBER = r"ب?(?P<number>[0-3]?\d)(?:st|nd|rd|th)?"
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
_LISTED = re.compile(
    rf"(?:\b(?:{_one_of(_EN_DAYS)})\b|(?:{_one_of(_AR_DAYS)})(?!\w))"
    r"\s?(?:,|/|&|-|–|(?:and|or|to|thru|through|till|until|و|او|الي|حتي)\s)?\s?$"
)
"""Another weekday just before: of "Monday and Tuesday (29 and 30 October)" the first date is the first day's."""
_ANY_DIGIT = re.compile(r"\d")

_EN_DAY = tuple(re.compile(word) for word in _EN_DAYS)
_AR_DAY = tuple(re.compile(rf"(?:(?:ل|ب|و|ف)?(?:ليوم|يوم) )?[ولبف]?(?:ال)?(?:{word})") for word in _AR_DAYS)
_MONTHS = tuple(
    (re.compile(f"(?:{word})\\.?"), number, hijri)
    for words, hijri in ((_EN_MONTHS, False), (_AR_MONTHS, False), (_HIJRI_MONTHS, True))
    for number, word in enumerate(words, 1)
)
_NEAR = 20
"""Characters before a weekday in which another one may stand."""
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
            if _LISTED.search(plain, max(0, match.start("weekday") - _NEAR), match.start("weekday")):
                continue
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
        years = (year,) if year else tuple(range(hijri_year(near) - 1, hijri_year(near) + 2))
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
