"""Whether somebody may take back now: who is too quick, too fresh, or about to do too much alone. Pure.

A hijacked account must not make its traces disappear, nor somebody alone empty hundreds of mailboxes by mistake. What a
recall is about (whose message, how old) is decided elsewhere; here is decided about the person who asks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from takeback.clock import HOUR, Duration, Instant
from takeback.errors import LimitReached
from takeback.quantities import format_duration

PERIOD: Duration = HOUR


@dataclass(frozen=True, slots=True)
class Limits:
    """What an account may ask for in an hour, how long a fresh password waits, and how many mailboxes one person may
    work on alone. 0 means that there is no such limit."""

    per_hour: int
    after_password_change: Duration
    second_person_above: int


class NotNow(LimitReached):
    """The person may not do this yet. The text says until when; `until` is that moment, None where waiting does not
    help."""

    def __init__(self, until: Instant | None, words: str, /, **values: object) -> None:
        super().__init__(words, **values)
        self.until = until


class SamePerson(NotNow):
    """Whoever asked for it cannot be the second person."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the account that asks. `recent` are the times at which it asked for the like within the last
    hour; `password_changed_at` is None where its password is the first one, or not kept here."""

    recent: Sequence[Instant]
    password_changed_at: Instant | None


def check(standing: Standing, limits: Limits, now: Instant) -> None:
    """Raises NotNow where the account may not take anything back now."""
    _check_password(standing.password_changed_at, limits.after_password_change, now)
    _check_rate(standing.recent, limits.per_hour, now)


def _check_password(changed_at: Instant | None, wait: Duration, now: Instant) -> None:
    if changed_at is not None and now < changed_at + wait:
        rest = changed_at + wait - now
        raise NotNow(
            changed_at + wait,
            "the password of this account was changed less than {wait} ago; it can take nothing back for another "
            "{rest}",
            wait=format_duration(wait),
            rest=format_duration(rest),
        )


def _check_rate(times: Sequence[Instant], most: int, now: Instant) -> None:
    recent = sorted(time for time in times if time > now - PERIOD)
    if most and len(recent) >= most:
        until = recent[-most] + PERIOD
        raise NotNow(
            until,
            "{most} recalls of this account's mail were asked for within an hour; the next one is possible in {rest}",
            most=most,
            rest=format_duration(until - now),
        )


def needs_second_person(mailboxes: int | None, limits: Limits) -> bool:
    """Whether a recall of so many mailboxes waits until somebody else confirms it; None says that nobody knows how
    many they are."""
    most = limits.second_person_above
    return most > 0 and (mailboxes is None or mailboxes > most)


_ROLE = re.compile(r" as (?:delegate|administrator)$")
_WAY_IN = re.compile(r"^(?:mail|web):")
_KEY = "api:"


def check_second_person(asked_by: str, confirmed_by: str) -> None:
    """Raises NotNow where both actors are one person: whoever asked cannot confirm, by whatever way in."""
    if _may_be(asked_by) & _may_be(confirmed_by):
        raise SamePerson(None, "whoever asked for it cannot confirm it; somebody else must")


def _may_be(actor: str) -> frozenset[str]:
    """The accounts that an actor may be. A key's name stands behind its account's, and both may hold a slash: then it
    may be each of them, for a second person who is refused can come again, and one who is none cannot be undone."""
    name = _ROLE.sub("", actor)
    if not name.startswith(_KEY):
        return frozenset({_WAY_IN.sub("", name)})
    parts = name.removeprefix(_KEY).split("/")
    return frozenset("/".join(parts[:end]) for end in range(1, len(parts)))
