"""Whether two names of people are one: nicknames, Arabic and Latin spellings, honorifics of kinship."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

from takeback.review.arabic import has_arabic, normalised


def _groups() -> dict[str, frozenset[int]]:
    """Of each name, the groups of spellings and short forms that it is in."""
    found: dict[str, frozenset[int]] = {}
    for number, group in enumerate(json.loads(Path(__file__).with_name("names.json").read_bytes())):
        for name in group:
            found[name] = found.get(name, frozenset()) | {number}
    return found


_GROUPS = _groups()

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_JOINED = re.compile(r"(?<!\w)(?:عبد |abd(?:[eu]l)?[ -](?:al[ -]|el[ -])?)(?=\w)")
_KINSHIP = re.compile(r"(?<!\w)(ابو|ابي|ام|ابن|بن|بنت|abu|abo|umm|um|om|bin|ibn)[ -](?:ال|al[ -]|el[ -])?(\w{2,20})")
_ARTICLE = re.compile(r"^(?:ال(?=\w{3})|al-|el-|al(?=[a-z]{5}))")
_NO_NAMES = frozenset(
    (
        "mr", "mrs", "ms", "miss", "dr", "prof", "professor", "eng", "engineer", "sir", "madam", "maam", "the", "and",
        "jr", "sr", "ii", "iii", "phd", "md", "via", "de", "la", "van", "von", "al", "el", "bin", "ibn", "bint",
        "الاستاذ", "استاذ", "الاستاذه", "الدكتور", "دكتور", "الدكتوره", "دكتوره", "المهندس", "مهندس", "المهندسه",
        "السيد", "السيده", "الشيخ", "الاخ", "الاخت", "بن", "ابن", "بنت", "ال", "د", "م", "ا", "أ",
    )
)  # fmt: skip


@lru_cache(maxsize=8_192)
def parts(name: str) -> tuple[str, ...]:
    """The names that a name is made of, in comparable form: `أبو فهد` is one, `عبد الله` too. Titles are left out."""
    plain = _JOINED.sub(lambda match: "عبد" if has_arabic(match[0]) else "abdul", normalised(name[:200]))
    plain = re.sub(r"(?<!\w)abdul[ -]?(?:al|el)?[ -]?", "abdul", plain)
    found: list[str] = []

    def keep(match: re.Match[str]) -> str:
        found.append(f"{_KIN.get(match[1], match[1])}+{match[2]}")
        return " "

    rest = _KINSHIP.sub(keep, plain) if "ابو" in plain or "ام " in plain or "ab" in plain or "um" in plain else plain
    words = (_ARTICLE.sub("", word.replace("’", "'")) for word in _WORD.findall(rest))
    return tuple(dict.fromkeys((*found, *(word for word in words if len(word) > 1 and word not in _NO_NAMES))))


_KIN = {"ابي": "ابو", "abu": "ابو", "abo": "ابو", "umm": "ام", "um": "ام", "om": "ام"}


def same(one: str, other: str) -> bool:
    """Whether two parts of names may name one person: equal, a nickname or short form, or the same in the
    other script."""
    if one == other:
        return True
    if "+" in one or "+" in other:
        kin, _, name = one.partition("+")
        other_kin, _, other_name = other.partition("+")
        return bool(name) and bool(other_name) and kin == other_kin and same(name, other_name)
    ours, theirs = _GROUPS.get(one), _GROUPS.get(other)
    if ours and theirs:
        return bool(ours & theirs)
    if has_arabic(one) == has_arabic(other):
        return _short_form(one, other) or _one_letter_off(one, other)
    return skeleton(one) == skeleton(other) != ""


def _short_form(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) >= 3 and long.startswith(short)


def _one_letter_off(one: str, other: str) -> bool:
    """A letter left out, added or exchanged in a name of five letters or more: a spelling, not another person."""
    short, long = sorted((one, other), key=len)
    if len(short) < 5 or len(long) - len(short) > 1 or short[0] != long[0]:
        return False
    if len(short) == len(long):
        return sum(left != right for left, right in zip(short, long, strict=True)) <= 1
    return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))


_LATIN = (
    ("kh", "X"), ("gh", "G"), ("sh", "$"), ("ch", "$"), ("th", "t"), ("dh", "d"), ("ph", "f"), ("ck", "k"),
    ("ee", "i"), ("oo", "u"), ("ou", "u"), ("q", "k"), ("c", "k"), ("p", "b"), ("v", "f"), ("x", "ks"), ("j", "g"),
)  # fmt: skip
_ARABIC_LETTERS = str.maketrans(
    {
        "ا": "", "و": "", "ي": "", "ع": "", "ء": "", "ه": "h", "ح": "h", "خ": "X", "غ": "G", "ش": "$", "ث": "t",
        "ت": "t", "ط": "t", "د": "d", "ض": "d", "ذ": "d", "ظ": "z", "ز": "z", "س": "s", "ص": "s", "ق": "k", "ك": "k",
        "ج": "g", "چ": "$", "گ": "g", "ب": "b", "پ": "b", "ف": "f", "ڤ": "f", "ل": "l", "م": "m", "ن": "n", "ر": "r",
    }
)  # fmt: skip


@lru_cache(maxsize=8_192)
def skeleton(name: str) -> str:
    """The consonants of a name, alike for both scripts: `مازن` and `mazen` are `mzn`."""
    if has_arabic(name):
        first = {"و": "w", "ي": "y"}.get(name[:1], "")
        bare = name[:-1] if name.endswith("ه") and len(name) > 2 else name
        text = first + bare.translate(_ARABIC_LETTERS)
    else:
        text = name.lower()
        for letters, sound in _LATIN:
            text = text.replace(letters, sound)
        first = text[:1] if text[:1] in "wy" else ""
        text = first + "".join(letter for letter in text if letter not in "aeiouyw'-’")
        text = text[:-1] if name.lower().endswith(("ah", "eh")) and text.endswith("h") else text
    return "".join(letter for place, letter in enumerate(text) if place == 0 or letter != text[place - 1])
