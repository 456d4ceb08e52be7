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
from babel.dates import format_datetime, format_time, format_timedelta
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from takeback.clock import Duration, Instant, to_datetime

LOCALES = Path(__file__).parent / "locales"
SOURCE = "en"


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

    def count(self, one: str, many: str, number: int, /, **values: object) -> str:
        """The words for that many; `{number}` is the number as this language writes it."""
        said = self._words.ngettext(one, many, number)
        return said.format_map({"number": self.number(number), **values})

    def number(self, number: int | float) -> str:
        return format_decimal(number, locale=self.locale, numbering_system="default")

    def moment(self, instant: Instant, zone: tzinfo) -> str:
        """Date and time to the second."""
        return format_datetime(to_datetime(instant), "medium", zone, self.locale)

    def time_of_day(self, instant: Instant, zone: tzinfo) -> str:
        """`14:03:07`, as this language writes it."""
        return format_time(to_datetime(instant), "medium", zone, self.locale)

    def duration(self, duration: Duration) -> str:
        """The one unit that matters most: `4 minutes`."""
        length = timedelta(microseconds=max(0, duration))
        return format_timedelta(length, granularity="second", threshold=1.2, locale=self.locale)

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
    """All catalogues of one folder as one."""
    whole = Catalog(locale=code)
    for file in sorted((LOCALES / code).glob("*.po")):
        with file.open("rb") as source:
            for message in read_po(source, locale=code, abort_invalid=True):
                if message.id:
                    whole[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
