"""When to try again, when to tell the sender that it takes long, and when to give up (RFC 5321 §4.5.4.1)."""

from __future__ import annotations

from takeback.clock import DAY, HOUR, MINUTE, Duration, Instant

DELAYS: tuple[Duration, ...] = (
    1 * MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    20 * MINUTE,
    40 * MINUTE,
    1 * HOUR,
    2 * HOUR,
    4 * HOUR,
)
"""The wait after the first, second, … failed attempt; the last one repeats."""

JITTER = 0.2
"""Each wait is spread by up to this share on both sides, so that a server that comes back is not stampeded."""

REPORT_DELAY_AFTER: Duration = 4 * HOUR
GIVE_UP_AFTER: Duration = 5 * DAY


def delay_after(attempts: int, chance: float) -> Duration:
    """How long to wait after `attempts` failed attempts (at least 1); `chance` is a random number in [0, 1)."""
    base = DELAYS[min(attempts, len(DELAYS)) - 1]
    return round(base * (1 + JITTER * (2 * chance - 1)))


def is_delay_report_due(first_claim_at: Instant, already_reported: bool, now: Instant) -> bool:
    return not already_reported and now - first_claim_at >= REPORT_DELAY_AFTER


def is_time_to_give_up(first_claim_at: Instant, now: Instant) -> bool:
    """Counted from the first attempt: the time that a message was held does not eat into its retries."""
    return now - first_claim_at >= GIVE_UP_AFTER
