"""Who is searched, when somebody is asked again, and when an answer is final. Pure; `now` is an argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from takeback.clock import HOUR, MINUTE, SECOND, Duration, Instant
from takeback.mail.address import Pattern
from takeback.recall.outcomes import DONE, Outcome, Reason, worst

DELAYS: tuple[Duration, ...] = (
    5 * SECOND,
    15 * SECOND,
    30 * SECOND,
    1 * MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    20 * MINUTE,
    1 * HOUR,
)
"""The wait after the first, second, … look at a mailbox that did not answer or where nothing had arrived; the last one
repeats. The first are short: most copies that are late are late by seconds."""
LATE_LOOK: Duration = 15 * SECOND
"""The wait before a mailbox is looked at for a further copy, though all that were expected are taken back; it doubles
with each look."""
_LONGEST_WAITS = 16

READ_FLAGS = frozenset({"\\Seen", "\\Answered", "$Forwarded", "$MDNSent"})
"""Each of them says that somebody has read the copy."""
_NOT_SEEN = frozenset({Outcome.PENDING, Outcome.GAVE_UP, Outcome.OUT_OF_REACH})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is told of one person or recipient from now on; `try_at` says when it is looked at again, None: never."""

    outcome: Outcome
    reason: Reason = Reason.NONE
    detail: str = ""
    """The words of a server, for administrators."""
    try_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """One recipient of the message through which copies come to a person. `delivered` says that the server named here
    answered for having put this very copy into its mailbox."""

    address: str
    delivered: bool
    server: str


@dataclass(frozen=True, slots=True)
class Watch:
    """How long is looked for a copy, and how often it was before."""

    until: Instant
    attempts: int

    def again(self, outcome_then: Outcome, reason: Reason, now: Instant, detail: str = "") -> Verdict:
        """`pending` until the next look; once the watch has ended, the outcome given."""
        if now >= self.until:
            return Verdict(outcome_then, reason, detail)
        wait = DELAYS[min(self.attempts, len(DELAYS) - 1)]
        return Verdict(Outcome.PENDING, reason, detail, min(now + wait, self.until))

    def once_more(self, verdict: Verdict, now: Instant) -> Verdict:
        """The same, and until the watch ends it is looked whether a further copy came."""
        if now >= self.until:
            return replace(verdict, try_at=None)
        wait = LATE_LOOK << min(self.attempts, _LONGEST_WAITS)
        return replace(verdict, try_at=min(now + wait, self.until))


def reach(address: str, protected: Sequence[Pattern], covers: Callable[[str], bool]) -> Verdict | None:
    """Why the mailbox of an address is not opened at all; None where it is."""
    if any(pattern.matches(address) for pattern in protected):
        return Verdict(Outcome.PROTECTED, Reason.BY_POLICY)
    if not covers(address):
        return Verdict(Outcome.OUT_OF_REACH, Reason.NO_CONNECTOR)
    return None


def after_search(copies: Sequence[Outcome], ways: Sequence[Way], server: str, watch: Watch, now: Instant) -> Verdict:
    """What a complete search of the mailbox on that server means, where the outcomes of its copies are these.

    Each way may bring a copy. Where fewer are there than ways lead to this person, the rest is waited for, unless the
    mailbox's own server had delivered all of them: then nothing is on its way any more. Elsewhere a server between may
    deliver one twice, or have a list that we know nothing of, so what was taken back is told, and watched.
    """
    found = worst(copies) or Outcome.NOT_FOUND
    if len(copies) < len(ways) and not all(has_arrived(way, server) for way in ways):
        return watch.again(found, Reason.NOT_ARRIVED, now)
    return watched(Verdict(found), ways, server, watch, now)


def watched(verdict: Verdict, ways: Sequence[Way], server: str, watch: Watch, now: Instant) -> Verdict:
    """With a time for the next look, where nobody has the copy any more and a further one may come."""
    if verdict.outcome not in DONE or all(has_arrived(way, server) for way in ways):
        return verdict
    return watch.once_more(verdict, now)


def after_late_look(told: Verdict, verdict: Verdict, watch: Watch, now: Instant) -> Verdict:
    """What was told stands unless a further copy changed it: that a mailbox cannot be opened now, takes nothing back of
    what was seen there."""
    if told.outcome in DONE and verdict.outcome in _NOT_SEEN:
        return watch.once_more(told, now)
    return verdict


def has_arrived(way: Way, server: str) -> bool:
    """Whether the server that delivered is the one that is searched. Our own Maildirs have no name as a server."""
    return way.delivered and _host(way.server) == _host(server)


def _host(name: str) -> str:
    """`host:port` without its port, in lower case; a path, or no name at all, is this machine."""
    host = name.lower().rpartition(":")[0] if name.rpartition(":")[2].isdigit() else name.lower()
    return "" if host.startswith("/") else host
