"""A language: its words, its numbers, its times, its direction.

English stands in the code; each other language is a folder of catalogues in `locales`, one file an area (gettext .po
with CLDR plural forms). A folder added is a language added.
"""

from __future__ import annotations

import gettext
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_skeleton, format_timedelta, get_datetime_format
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.units import format_unit

from takeback.clock import Duration, Instant, to_datetime

Unit = Literal["second", "minute", "hour", "day"]

_LENGTHS: Mapping[Unit, timedelta] = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_NEVER = 1e9
"""A threshold that no larger unit reaches."""
_SIZES = (("digital-kilobyte", 1 << 10), ("digital-megabyte", 1 << 20), ("digital-gigabyte", 1 << 30))

LOCALES = Path(__file__).parent / "locales"
SOURCE = "en"


def words(english: str, /) -> str:
    """The words as they are, marked for the catalogues: they are translated where they are shown."""
    return english


def forms(one: str, many: str, /) -> tuple[str, str]:
    """The same for words that depend on a number."""
    return one, many


@dataclass(frozen=True)
class Language:
    code: str
    locale: Locale
    _words: gettext.NullTranslations = field(repr=False, compare=False)

    @property
    def direction(self) -> Literal["ltr", "rtl"]:
        return "rtl" if self.locale.text_direction == "rtl" else "ltr"

    @property
    def name(self) -> str:
        """What its speakers call it."""
        return self.locale.get_display_name(self.code) or self.code

    def text(self, words: str, /, **values: object) -> str:
        """The words in this language, `{name}` filled in with the values as they are given."""
        said = self._words.gettext(words)
        return said.format_map(values) if values else said

    def knows(self, words: str, /) -> bool:
        """Whether this language has words of its own for these."""
        return bool(words) and self._words.gettext(words) != words

    def count(self, one: str, many: str, number: int, /, **values: object) -> str:
        """The words for that many; `{number}` is the number as this language writes it."""
        return self.form(one, many, number).format_map({"number": self.number(number), **values})

    def form(self, one: str, many: str, number: int, /) -> str:
        """The same, nothing filled in."""
        return self._words.ngettext(one, many, number)

    def number(self, number: int | float) -> str:
        return format_decimal(number, locale=self.locale, numbering_system="default")

    def moment(self, instant: Instant, zone: tzinfo) -> str:
        """Date and time to the second."""
        together = str(get_datetime_format("medium", self.locale)).replace("'", "")
        return together.replace("{1}", self.day(instant, zone)).replace("{0}", self.time_of_day(instant, zone))

    def day(self, instant: Instant, zone: tzinfo) -> str:
        """`25 Nov 2026`, as this language writes it."""
        return format_date(to_datetime(instant).astimezone(zone), "medium", self.locale)

    def time_of_day(self, instant: Instant, zone: tzinfo) -> str:
        """`14:03:07`: of 24 hours, as the other servers' replies and logs have it."""
        return format_skeleton("Hms", to_datetime(instant), zone, locale=self.locale)

    def duration(self, duration: Duration) -> str:
        """The one unit that matters most: `4 minutes`."""
        length = timedelta(microseconds=max(0, duration))
        return format_timedelta(length, granularity="second", threshold=1.2, locale=self.locale)

    def ahead(self, number: int, unit: Unit) -> str:
        """`in 4 minutes`."""
        return format_timedelta(
            number * _LENGTHS[unit], granularity=unit, threshold=_NEVER, add_direction=True, locale=self.locale
        )

    def size(self, size: int) -> str:
        """`4.2 kB`, in powers of 1024."""
        if size < 1000:
            return self.count("{number} byte", "{number} bytes", size)
        unit, length = next((each for each in _SIZES if size < 1000 * each[1]), _SIZES[-1])
        amount = size / length
        return format_unit(round(amount, 1 if amount < 100 else 0), unit, "short", locale=self.locale)

    def listed(self, items: Sequence[str]) -> str:
        """`a, b and c`."""
        return format_list(items, locale=self.locale)


@cache
def languages() -> Mapping[str, Language]:
    """By code; the source language first."""
    codes = sorted(folder.name for folder in LOCALES.iterdir() if folder.is_dir() and any(folder.glob("*.po")))
    others = {code: Language(code, Locale.parse(code), _read(code)) for code in codes}
    return {SOURCE: Language(SOURCE, Locale.parse(SOURCE), gettext.NullTranslations()), **others}


def language(code: str | None) -> Language:
    """The language of that code, or of the first part of it (`ar-SA`); the source language where there is none."""
    known = languages()
    return known.get((code or "").lower().replace("_", "-").partition("-")[0], known[SOURCE])


def _read(code: str) -> gettext.NullTranslations:
    """All catalogues of one folder as one; which plural form serves which number, they say themselves."""
    whole = Catalog(locale=code)
    for file in sorted((LOCALES / code).glob("*.po")):
        with file.open("rb") as source:
            part = read_po(source, locale=code, abort_invalid=True)
        whole.mime_headers = part.mime_headers
        for message in part:
            if message.id:
                whole[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
