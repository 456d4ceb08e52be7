"""The promise of a way out: what the flows may ask of a relay."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from takeback.mail.envelope import Envelope


class Verdict(StrEnum):
    """What became of one recipient's copy in one attempt to relay it."""

    SENT = "sent"
    """The next server answered 2xx after the dot: it has it, and answers for it."""
    DEFERRED = "deferred"
    """It did not take it, and may later (4xx, or no connection before the dot)."""
    FAILED = "failed"
    """It will never take it (5xx)."""
    UNKNOWN = "unknown"
    """The dot left and no answer came: it may or may not have it."""
    WITHDRAWN = "withdrawn"
    """The dot mark was refused, so the dot never left; the store has already put the others back."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one recipient with its evidence: the reply on one line, and who said it.

    `reports_itself` is true where the next server took the DSN wishes over, so that we need not report success.
    `delivered` is true where the copy reached its mailbox, false where it was only passed on.
    """

    verdict: Verdict
    reply: str
    server: str = ""
    reports_itself: bool = False
    delivered: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """The stored bytes of one message: CRLF line ends, ends with CRLF. `open` starts a new read each time."""

    size: int
    eight_bit: bool
    open: Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class Consignment:
    """One message for some of its recipients, to be handed over in one transaction. Positions count from 0."""

    message: str
    envelope: Envelope
    content: Content


MarkDot = Callable[[Sequence[int]], Awaitable[bool]]
"""Given the positions of the recipients that are about to leave: commits the dot mark and answers whether every
one of them may go. After False, or any exception, the dot must not be sent."""


class Relay(Protocol):
    """A way out. Hands consignments to the next server of one route."""

    async def deliver(self, consignment: Consignment, mark_dot: MarkDot) -> Sequence[Outcome]:
        """Afterwards each recipient has one outcome, in the order of the envelope.

        `mark_dot` has been called at most once for each recipient, and returned True before the final dot (or the
        rename, for a Maildir) of any transaction that carries it. Network trouble, protocol violations and
        refusals are outcomes, never exceptions; an exception of `mark_dot` comes through, and no dot was sent.
        Cancelled after the dot, it lets the cancellation through: the store then knows the copy as `leaving`.
        """
        ...

    async def close(self) -> None:
        """Afterwards no connection is open. Transactions under way have been ended or dropped."""
        ...
