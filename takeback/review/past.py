"""Past messages as a history file tells of them, one a line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from takeback.clock import DAY, Instant, from_datetime
from takeback.mail.address import identity
from takeback.review.message import addresses
from takeback.review.seen import Person, Seen


class BadPast(ValueError):
    """A line that tells of no message."""


_MOST_DAYS = 100 * 365
_MOST_TIMES = 1_000_000


def read_past(record: object, now: Instant, identities: Set[str]) -> Seen:
    """The message that one line of a history file tells of: {"from", "to": [], "cc": [], "subject", "days_ago" or
    "date", "times"}, all optional but recipients. Without `from` it was sent under one of the identities. BadPast says
    what is wrong."""
    if not isinstance(record, Mapping):
        raise BadPast("a message of the past is an object with from, to, cc, subject and days_ago or date")
    author = _author(record, identities)
    return Seen(
        at=_time(record, now),
        author=author,
        others=_without(identities, [*_people(record, "to"), *_people(record, "cc"), *_people(record, "bcc")]),
        subject=_text(record, "subject"),
        outgoing=author.address in identities,
        times=_times(record),
    )


def _without(identities: Set[str], people: Iterable[Person]) -> tuple[Person, ...]:
    """Each once, under the first name that is given."""
    found: dict[str, Person] = {}
    for person in people:
        known = found.get(person.address)
        if person.address not in identities and (known is None or not known.name):
            found[person.address] = person
    return tuple(found.values())


def _author(record: Mapping[str, Any], identities: Set[str]) -> Person:
    written = _text(record, "from")
    if not written.strip():
        return Person(min(identities, default=""))
    return next(iter(_people(record, "from")), Person(identity(written.strip())))


def _people(record: Mapping[str, Any], name: str) -> list[Person]:
    value = record.get(name) or []
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise BadPast(f"{name} is a list of addresses")
    return [Person(*found) for each in listed for found in addresses(each.encode("utf-8", "replace"))]


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name) or ""
    if not isinstance(value, str):
        raise BadPast(f"{name} is a text")
    return value


def _times(record: Mapping[str, Any]) -> int:
    times = record.get("times", 1)
    if not isinstance(times, int) or isinstance(times, bool) or not 1 <= times <= _MOST_TIMES:
        raise BadPast("times is a whole number from 1 on")
    return times


def _time(record: Mapping[str, Any], now: Instant) -> Instant:
    """When it was; now where it is not said."""
    if (days := record.get("days_ago")) is not None:
        if not isinstance(days, int | float) or isinstance(days, bool) or not 0 <= days <= _MOST_DAYS:
            raise BadPast("days_ago is a number of days from 0 on")
        return now - int(days * DAY)
    if (date := record.get("date")) is None:
        return now
    if not isinstance(date, str):
        raise BadPast('date is a text such as "2026-11-24T10:00:00Z"')
    return _date(date)


def _date(text: str) -> Instant:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text)
            return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    raise BadPast(f'{text!r} is no date; write it as "2026-11-24" or "2026-11-24T10:00:00Z"')
