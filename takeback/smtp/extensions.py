"""What EHLO offers (RFC 5321 §4.1.1.1)."""

from __future__ import annotations

from takeback.clock import SECOND, Instant, rfc3339
from takeback.smtp.auth import MECHANISMS
from takeback.smtp.settings import SmtpLimits

_ALWAYS = ("8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES", "DSN", "CHUNKING")


def offer_extensions(limits: SmtpLimits, now: Instant, *, tls: bool, auth: bool) -> tuple[str, ...]:
    """One line each. FUTURERELEASE says how far ahead of `now` one may ask, as a span and as a moment."""
    hold_seconds = limits.longest_hold // SECOND
    hold_end = rfc3339(now + hold_seconds * SECOND)[:19] + "Z"
    return (
        f"SIZE {limits.max_size}",
        *_ALWAYS,
        f"FUTURERELEASE {hold_seconds} {hold_end}",
        *(("STARTTLS",) if tls else ()),
        *((f"AUTH {' '.join(MECHANISMS)}",) if auth else ()),
    )
