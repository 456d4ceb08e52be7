"""A new message without a subject."""

from __future__ import annotations

import re

from takeback.review.arabic import normalised
from takeback.review.finding import Finding
from takeback.review.history import History
from takeback.review.leaks import outsiders
from takeback.review.message import Message
from takeback.review.rule import Context
from takeback.review.saying import reason

CODE = "empty_subject"

_PROBABILITY = 0.3

_NOTHING = re.compile(
    r"\W*+(?:(?:re|fwd?|رد|اعاده توجيه|توجيه)\W*+)*+(?:\(?(?:no subject|no title|untitled|subject|بدون (?:عنوان"
    r"|موضوع)|بلا (?:عنوان|موضوع)|لا يوجد موضوع"
    r"|الموضوع|موضوع)\)?)?+\W*+$"
)
_FEW_WORDS = 4
"""A word or two need no subject."""
_FEW_WORDS_INSIDE = 60
"""Among colleagues one message in seventy has none, and most of them are a line."""


def check(message: Message, history: History, context: Context) -> list[Finding]:
    if message.automatic or message.invitation or message.unreadable or message.is_reply:
        return []
    if not _NOTHING.match(normalised(message.subject)):
        return []
    if message.is_forward and message.subject.strip():
        return []
    words = sum(len(line.plain.split()) for line in message.written())
    if words < (_FEW_WORDS if outsiders(message, context) else _FEW_WORDS_INSIDE):
        return []
    return [Finding(CODE, _PROBABILITY, reason("The subject is empty"))]
