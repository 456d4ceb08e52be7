"""Somebody who is nearly always among these recipients is not."""

from __future__ import annotations

from takeback.review.absent import Absent, absent
from takeback.review.finding import Finding, Where
from takeback.review.history import History
from takeback.review.message import Message
from takeback.review.recipients import draft_of
from takeback.review.rule import Context
from takeback.review.saying import reason

CODE = "missing_member"

LEAST = 0.08
"""Of what is less likely than this nobody is told: at this bound the rule stays quiet on 99.5 % of clean mail
(docs/review.md)."""

_LEAST_TOGETHER = 3
_NEARLY_ALWAYS = 0.75
_LEAST_RECIPIENTS = 2
"""To write to one of a group alone is nothing unusual."""


def check(message: Message, history: History, context: Context) -> list[Finding]:
    draft = draft_of(message, context)
    if message.automatic or message.is_forward or len(draft.addresses) < _LEAST_RECIPIENTS:
        return []
    return [_finding(each) for each in absent(draft, history)[:1] if _is_missed(each)]


def _is_missed(each: Absent) -> bool:
    return (
        each.probability >= LEAST
        and each.with_all >= _LEAST_TOGETHER
        and each.with_all >= _NEARLY_ALWAYS * each.all_messages
    )


def _finding(each: Absent) -> Finding:
    said = reason(
        "{missing} is missing: {number} of {total} messages to these people went there too",
        missing=each.address,
        number=each.with_all,
        total=each.all_messages,
    )
    return Finding(CODE, each.probability, said, Where(), about=each.address)
