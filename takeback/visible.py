"""The one function through which text of others reaches terminal, page, log, notice and SMTP reply.

Hostile text may hold terminal escapes, line ends that forge a second line, controls that turn the direction of
what follows, or characters that nobody can see. Here they become visible. Nothing is parsed: `[red]` and `<b>`
come through as the characters they are, so whoever prints must switch markup off (`rich.text.Text`, escaping
templates).
"""

from __future__ import annotations

import re

_UNSEEN = (
    r"\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    r"\ud800-\udfff\ue000-\uf8ff"  # surrogates, private use
    r"\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    r"\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U0010ffff"  # tags, further variation selectors, private use
)
"""Controls, format characters, fillers and all else without a shape or a known meaning: Default_Ignorable_Code_Point
of Unicode (UAX #44) with the categories Cc, Cs, Co, Zl and Zp and the noncharacters of the first plane. Arabic number
signs (U+0600 to U+0605 and their like) are of category Cf too, but they are seen."""

_SEEN = rf"[^\x00-\x7f{_UNSEEN}]"
_GLYPH = rf"{_SEEN}[\ufe0e\ufe0f]?"
_HARMLESS = rf"{_GLYPH}(?:[\u200c\u200d]{_GLYPH})+|{_SEEN}[\ufe0e\ufe0f]|[0-9#*]\ufe0f\u20e3"
"""Joiners and selectors where writing needs them: Persian and Indic words, emoji. Beside ASCII they only deceive."""

_SCAN = re.compile(rf"(?P<harmless>{_HARMLESS})|[{_UNSEEN}]")
_ELLIPSIS = "…"


def visible(text: str, limit: int | None = None) -> str:
    """One line in which every character can be seen; at most `limit` (≥ 1) characters, the last of them `…` if cut.

    C0 controls and DEL become their pictures (`␛`), all else that is unseen its number (`\\u202e`). Applying it
    again changes nothing. An escape is never cut in two.
    """
    if limit is None:
        return _shown(text)
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    shown = _shown(text[: limit + 1])
    return shown if len(shown) <= limit else _cut(text, limit)


def _shown(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return _SCAN.sub(_show, text)


def _show(match: re.Match[str]) -> str:
    return match[0] if match["harmless"] else _picture(ord(match[0]))


def _picture(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _cut(text: str, limit: int) -> str:
    """The longest beginning whose visible form leaves room for the ellipsis, taken whole unit by whole unit."""
    parts: list[str] = []
    room, at = limit - len(_ELLIPSIS), 0
    while at < len(text):
        match = _SCAN.match(text, at)
        part = _show(match) if match else text[at]
        room -= len(part)
        if room < 0:
            break
        parts.append(part)
        at = match.end() if match else at + 1
    return "".join(parts) + _ELLIPSIS
