"""What happens to the copy that a mail client filed in Sent, once the message it is a copy of was stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from takeback.clock import Duration, Instant
from takeback.errors import TakebackError
from takeback.ports.people import Author


class Whereabouts(StrEnum):
    """What became of the copy in Sent."""

    MOVED = "moved"
    """It is in Drafts, and marked as a draft."""
    NOT_THERE = "not_there"
    """There is none with that Message-ID; the client may still be filing it."""


@dataclass(frozen=True, slots=True)
class OwnMailbox:
    """Where a person's own mail is, and how to get in. `server` is one of those that the configuration names."""

    account: str
    server: str
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class SentCopy:
    """A stopped message whose copy in Sent is to be moved; `tries` counts those before this one."""

    message: str
    account: str
    message_id: str
    tries: int


@dataclass(frozen=True, slots=True)
class Settled:
    """What one try came to: `next_at` is when to try again; None: this was the last."""

    message: str
    outcome: str
    reason: str
    next_at: Instant | None


class NoEntry(TakebackError):
    """The person's mailbox cannot be worked on. The text may quote a server."""


class OwnMailboxes(Protocol):
    """Keeps the person's own logins, sealed, and the stopped messages whose copies wait."""

    async def own_mailbox(self, account: str) -> OwnMailbox | None: ...

    async def set_own_mailbox(self, mailbox: OwnMailbox, author: Author) -> None: ...

    async def remove_own_mailbox(self, account: str, author: Author) -> bool:
        """True where there was one. What waited for it waits no more."""
        ...

    async def claim_sent_copies(self, limit: int, lease: Duration) -> Sequence[SentCopy]:
        """Those that are due; nobody else gets them while the lease runs."""
        ...

    async def settle_sent_copy(self, settled: Settled) -> None:
        """Afterwards it waits for its next try, or is done and the message's events say how it ended."""
        ...


class Drafts(Protocol):
    """The way to a person's own mail."""

    async def check(self, mailbox: OwnMailbox) -> None:
        """Returns where a login works and Sent and Drafts are there. Raises NoEntry, which says what is wrong."""
        ...

    async def move_to_drafts(self, mailbox: OwnMailbox, message_id: str) -> Whereabouts:
        """Afterwards no copy with that Message-ID is in Sent, and where there was one it is in Drafts with `\\Draft`.
        Raises NoEntry."""
        ...
