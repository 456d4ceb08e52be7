"""Arabic as it is compared: one form for what is written in many."""

from __future__ import annotations

import re
import unicodedata

_DROPPED = dict.fromkeys(
    (
        0x0640,  # tatweel
        *range(0x0610, 0x061B), *range(0x064B, 0x0660), 0x0670, *range(0x06D6, 0x06DD), *range(0x06DF, 0x06E9),
        *range(0x06EA, 0x06EE),  # vowels and marks
        0x061C, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0x00AD,
    )
)  # fmt: skip
_FOLDED = str.maketrans("أإآٱىؤئةیکھە", "اااايويهيكهه")
_DIGITS = {base + digit: str(digit) for base in (0x0660, 0x06F0) for digit in range(10)}
_SIGNS = str.maketrans("،؛؟٪٫٬", ",;?%.,")
_TABLE = {**_DROPPED, **_FOLDED, **_DIGITS, **_SIGNS}
_ARABIC = re.compile(r"[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc]")
_PRESENTATION = re.compile(r"[\ufb50-\ufdff\ufe70-\ufefc\uff01-\uff5e\u00a0]")


def normalised(text: str) -> str:
    """The text without vowels, stretching and direction marks, with one form of alef, yeh, heh, kaf and hamza seats,
    with ASCII digits, signs and lower case. Lengths may change, order does not."""
    if text.isascii():
        return text.lower()
    if _PRESENTATION.search(text):
        text = unicodedata.normalize("NFKC", text)
    return text.translate(_TABLE).lower()


def has_arabic(text: str) -> bool:
    return _ARABIC.search(text) is not None


def with_clitics(stems: str, *, prefixes: bool = True, suffixes: bool = True) -> str:
    """A pattern for a whole word of normalised text: one of the stems (alternatives of a pattern), with or without the
    conjunctions, prepositions and article before it and the endings and pronouns behind it."""
    before = "(?:[وف]?(?:لل|[بكل]?ال|[بكلس])?)" if prefixes else ""
    after = f"(?:{ENDINGS})?" if suffixes else ""
    return rf"(?<!\w){before}(?:{stems}){after}(?!\w)"


ENDINGS = "اتكم|اتها|اته|اتنا|اتك|ات|ان|ين|ون|ا|تان|تين|تها|ته|تكم|تنا|تك|ها|هما|هم|ه|كم|كما|ك|نا|ني|يه|ي"
