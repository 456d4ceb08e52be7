"""The only door through which time enters.

An `Instant` is a whole number of microseconds since 1970-01-01T00:00:00Z, a `Duration` a whole number of
microseconds. Both fit a BIGINT, compare exactly, and need no time zone. Everything below the application takes
`now` as an argument; only the outermost layers call `now()`.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

Instant = int
Duration = int

MILLISECOND: Duration = 1_000
SECOND: Duration = 1_000_000
MINUTE: Duration = 60 * SECOND
HOUR: Duration = 60 * MINUTE
DAY: Duration = 24 * HOUR


def now() -> Instant:
    """The wall clock."""
    return time.time_ns() // 1_000


def monotonic() -> Duration:
    """Microseconds that never run backward and, where the system can tell, that also pass while it sleeps."""
    source = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(source) // 1_000


def to_datetime(instant: Instant) -> datetime:
    return datetime.fromtimestamp(instant // SECOND, UTC).replace(microsecond=instant % SECOND)


def from_datetime(moment: datetime) -> Instant:
    """The instant of an aware datetime, exact to the microsecond."""
    if moment.tzinfo is None:
        raise ValueError("a datetime without a time zone names no instant")
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * SECOND + moment.microsecond


def rfc3339(instant: Instant) -> str:
    """`2026-11-24T02:55:00.123456Z`: always UTC, always six digits, so that text sorts as time does."""
    return to_datetime(instant).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_rfc3339(text: str) -> Instant:
    """The instant of an RFC 3339 date-time with any offset; ValueError where there is none."""
    if len(text) < 20 or text[10] not in "Tt ":
        raise ValueError(f"not a date and time with a zone: {text!r}")
    return from_datetime(datetime.fromisoformat(text.upper().replace("Z", "+00:00")))


def rfc5322(instant: Instant) -> str:
    """The form of a Date header, in UTC: `Tue, 24 Nov 2026 02:55:00 +0000`."""
    return _rfc5322(instant // SECOND)


@lru_cache(maxsize=16)
def _rfc5322(second: int) -> str:
    """Kept, because whatever comes within a second bears the same date, and writing it takes long."""
    return format_datetime(datetime.fromtimestamp(second, UTC))
