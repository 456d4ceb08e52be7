"""Languages: words, plural forms, direction, numbers."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from takeback.clock import HOUR, MINUTE
from takeback.i18n.language import LOCALES, language, languages

ARABIC, ENGLISH = language("ar"), language("en")


def test_the_two_are_there_and_english_comes_first() -> None:
    assert next(iter(languages())) == "en"
    assert ARABIC.direction == "rtl" and ENGLISH.direction == "ltr"
    assert ARABIC.name == "العربية"


@pytest.mark.parametrize("code", ["ar-SA", "AR", "ar_EG"])
def test_a_region_is_its_language(code: str) -> None:
    assert language(code) is ARABIC


@pytest.mark.parametrize("code", ["", None, "xx", "../../etc"])
def test_an_unknown_language_is_english(code: str | None) -> None:
    assert language(code) is ENGLISH


def test_words_are_those_of_the_catalogue() -> None:
    assert ARABIC.text("held") == "معلّقة"
    assert ENGLISH.text("held") == "held"


def test_values_are_put_in_as_they_are() -> None:
    assert ENGLISH.text("to {address}", address="{x}%s") == "to {x}%s"


def test_times_and_durations_are_the_language_s_own() -> None:
    assert ENGLISH.duration(4 * MINUTE) == "4 minutes"
    assert ARABIC.duration(4 * MINUTE) == "4 دقائق"
    assert ARABIC.duration(2 * MINUTE) == "دقيقتان"
    assert ENGLISH.time_of_day(14 * HOUR, UTC) == "14:00:00"
    assert ENGLISH.moment(14 * HOUR, UTC) == "Jan 1, 1970, 14:00:00"
    assert ENGLISH.ahead(1, "minute") == "in 1 minute"
    assert ARABIC.ahead(2, "minute") == "خلال دقيقتين"


def test_a_moment_falls_on_the_day_of_its_zone() -> None:
    assert ENGLISH.moment(23 * HOUR, ZoneInfo("Africa/Cairo")) == "Jan 2, 1970, 01:00:00"


@pytest.mark.parametrize(
    ("size", "said"), [(1, "1 byte"), (999, "999 bytes"), (1536, "1.5 kB"), (123_456, "121 kB"), (3 << 30, "3 GB")]
)
def test_sizes_have_three_figures_at_most(size: int, said: str) -> None:
    assert ENGLISH.size(size) == said


def test_each_language_has_a_folder() -> None:
    assert {folder.name for folder in LOCALES.iterdir() if folder.is_dir()} == set(languages()) - {"en"}


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "لا شيء"), (1, "بايت واحد"), (2, "بايتان"), (3, "3 بايتات"), (110, "110 بايتات"), (11, "11 بايتًا"),
     (199, "199 بايتًا"), (100, "100 بايت"), (102, "102 بايت")],
)  # fmt: skip
def test_arabic_has_six_plural_forms(number: int, said: str) -> None:
    assert ARABIC.size(number) == said
