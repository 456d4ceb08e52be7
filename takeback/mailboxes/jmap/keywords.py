"""JMAP's keywords and IMAP's flags (RFC 8621 §4.1.1): the same marks in two spellings."""

from __future__ import annotations

import re
from collections.abc import Iterable

from takeback.mailboxes.marks import DELETED, READ, RECALLED, canonical

_SYSTEM = {"$seen": "\\Seen", "$answered": "\\Answered", "$flagged": "\\Flagged", "$draft": "\\Draft"}
_KEYWORDS = {flag: keyword for keyword, flag in _SYSTEM.items()}
_SAYABLE = re.compile(r"[!#$&\'+-\[^-z|}~]{1,255}", re.ASCII)
RECALLED_KEYWORD = RECALLED.lower()


def flags_of(keywords: Iterable[str]) -> frozenset[str]:
    return canonical(_SYSTEM.get(keyword.lower(), keyword) for keyword in keywords)


def keywords_of(flags: Iterable[str]) -> dict[str, bool]:
    """As a new Email is given them. JMAP knows no `\\Deleted`; nor can it say every keyword that IMAP could."""
    kept = canonical(flags) - {DELETED, RECALLED}
    keywords = (_KEYWORDS.get(flag, flag).lower() for flag in kept)
    return {keyword: True for keyword in sorted(keywords) if _SAYABLE.fullmatch(keyword)}


READ_KEYWORDS = tuple(keywords_of(READ))
