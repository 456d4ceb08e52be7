from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takeback.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain [red]text[/red] <b>&amp;", "plain [red]text[/red] <b>&amp;"),
        ("\x1b[31mred\x07\x00\x7f", "␛[31mred␇␀␡"),
        ("a\r\nb\tc", "a␍␊b␉c"),
        ("a\u0085b\x9b", "a\\u0085b\\u009b"),
        ("abc\u202etxt.exe", "abc\\u202etxt.exe"),
        ("\u2066\u2069\u200e\u200f\u061c", "\\u2066\\u2069\\u200e\\u200f\\u061c"),
        ("a\u2028b\u2029", "a\\u2028b\\u2029"),
        ("al\u200dice\u200b\ufeff\u00ad", "al\\u200dice\\u200b\\ufeff\\u00ad"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800\ue000\uffff", "\\ud800\\ue000\\uffff"),
        ("مرحبا، كيف الحال؟", "مرحبا، كيف الحال؟"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d👩\u200d👧 ❤\ufe0f 1\ufe0f\u20e3", "👩\u200d👩\u200d👧 ❤\ufe0f 1\ufe0f\u20e3"),
        ("م\u200c\u200cم", "م\\u200c\\u200cم"),
        ("a\ufe0f", "a\\ufe0f"),
        ("\u0600\u06dd", "\u0600\u06dd"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("\x1b\x1b\x1b", 3, "␛␛␛"),
        ("ab\u202e", 8, "ab\\u202e"),
        ("abc\u202e", 8, "abc…"),
        ("abc", 1, "…"),
        ("", 1, ""),
    ],
)
def test_limit(text: str, limit: int, shown: str) -> None:
    assert visible(text, limit) == shown


def test_every_unseen_character_is_shown() -> None:
    unseen = {
        char
        for char in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    }
    arabic_and_other_number_signs = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2")
    arabic_and_other_number_signs |= {"\U000110bd", "\U000110cd"}
    assert {char for char in unseen if visible(char) == char} == arabic_and_other_number_signs


TEXT = st.text(st.characters() | st.sampled_from("\u200c\u200d\ufe0f\u202e\x1b1م❤"))


@given(TEXT)
def test_nothing_hides(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in shown)
    assert not any(
        unicodedata.bidirectional(char) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        for char in shown
    )
    assert not set(shown) & set("\u200e\u200f\u061c\u200b\ufeff")


@given(TEXT, st.integers(1, 40))
def test_limit_holds(text: str, limit: int) -> None:
    shown = visible(text, limit)
    assert len(shown) <= limit
    whole = visible(text)
    assert shown == whole if len(whole) <= limit else shown.endswith("…") and whole.startswith(shown[:-1])
