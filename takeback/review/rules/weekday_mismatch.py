"""A weekday stands beside a date that falls on another one."""

from __future__ import annotations

from datetime import date

from takeback.clock import to_datetime
from takeback.i18n.language import language
from takeback.review.arabic import normalised
from takeback.review.calendars import Written, written_days
from takeback.review.finding import Finding, Reason, Where
from takeback.review.history import History
from takeback.review.message import Message
from takeback.review.rule import Context
from takeback.review.saying import excerpt
from takeback.review.text import sentences

CODE = "weekday_mismatch"

_PROBABILITY = 0.6


def check(message: Message, history: History, context: Context) -> list[Finding]:
    if message.automatic:
        return []
    written_on = to_datetime(message.date if message.date is not None else context.now).date()
    lines = [(0, normalised(message.subject))]
    lines += [(sentence.number, sentence.plain[:1_000]) for sentence in sentences(message.written())]
    for number, plain in lines:
        for written in written_days(plain, written_on):
            if not _fits(written):
                return [_finding(written, number)]
    return []


def _fits(written: Written) -> bool:
    return any(day.weekday() == written.weekday for days in written.readings for day in days)


def _finding(written: Written, number: int) -> Finding:
    falls = written.readings[0][0]
    said = Reason(
        *(
            language(code).text(
                "“{words}”: that date is a {weekday}", words=excerpt(written.words), weekday=_name(code, falls)
            )
            for code in ("en", "ar")
        )
    )
    return Finding(CODE, _PROBABILITY, said, Where(line=number) if number else Where())


def _name(code: str, day: date) -> str:
    return str(language(code).locale.days["format"]["wide"][day.weekday()])
