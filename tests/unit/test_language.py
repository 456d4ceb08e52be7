"""Languages: words, plural forms, direction, numbers."""

from __future__ import annotations

from datetime import UTC

import pytest

from takeback.clock import MINUTE, SECOND
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
    assert ENGLISH.time_of_day(14 * 3600 * SECOND, UTC).startswith("2:00:00")


def test_each_language_has_a_folder() -> None:
    assert {folder.name for folder in LOCALES.iterdir() if folder.is_dir()} == set(languages()) - {"en"}
