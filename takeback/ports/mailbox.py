"""The promise of a mailbox connector: what recall may ask of the place where a delivered copy is kept.

One `Mailbox` is one person's mailbox on one server, seen through one connector; it finds copies, takes one away on a
condition, and puts one back. What makes a copy ours is not decided here (`takeback.recall.matching`): `find` gives
candidates with the evidence that the decision needs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from takeback.clock import Instant
from takeback.errors import TakebackError


class MailboxUnavailable(TakebackError):
    """The mailbox could not be worked on now; the same may succeed later. The text may quote a server."""


class Declined(MailboxUnavailable):
    """The server answered that it did not do it: not done, beyond doubt. The same may succeed later."""


class MailboxRefused(TakebackError):
    """It will not succeed until somebody mends something: no such mailbox, no right, a wrong password, a missing
    capability. The text may quote a server."""


class QuotaExceeded(MailboxRefused):
    """There is no room in the mailbox for what was to be put there."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What a copy is looked for by: the Message-ID in full, with its angle brackets.

    `to_remove` announces that what is found is removed next. A connector may then open a folder for writing at once,
    which can take the mark of being new (`\\Recent`) off what is in it; without it a search leaves no trace.
    """

    message_id: str
    to_remove: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a copy stands, in the connector's own terms. Together the fields name one copy or nothing.

    IMAP and doveadm: folder as its users read it (UTF-8, not modified UTF-7), `validity` UIDVALIDITY or the folder's
    GUID, `uid` the UID. JMAP: folder name, mailbox id, email id. Maildir: folder, empty, unique part of the name.
    """

    folder: str
    validity: str
    uid: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A stored message that has that Message-ID, as it stood when it was looked at.

    `flags` are IMAP's, in IMAP's spelling (`\\Seen`, `$Forwarded`), whatever the server calls them; `version` is what a
    conditional write compares (MODSEQ, JMAP state, the exact file name), empty where there is none. `header` holds the
    bytes of the header with CRLF line ends. `delivered_at` is INTERNALDATE or its like. `removing` is true where it
    already carries our own mark of removal (`\\Deleted $Recalled`): the trace of an earlier try that did not end.
    """

    place: Place
    flags: frozenset[str]
    version: str
    size: int
    header: bytes
    delivered_at: Instant | None
    removing: bool = False


class Removal(StrEnum):
    """What became of one attempt to take one copy away."""

    REMOVED = "removed"
    """It is gone, and on the server's word was unread (or the condition was not asked for)."""
    READ = "read"
    """It was read (or answered, forwarded, or a receipt was sent for it), and stays as it was."""
    GONE = "gone"
    """There is no such copy at that place any more; nothing was changed. Somebody moved or deleted it."""


@dataclass(frozen=True, slots=True)
class Removed:
    """The outcome of `remove` with the server's words for it.

    `flags` are those the copy had when the server decided; `seen_later` says that a reader opened it after the
    decision and before it was gone, which does not undo the decision (DESIGN §5).
    """

    removal: Removal
    evidence: str
    flags: frozenset[str]
    seen_later: bool = False


OpenBytes = Callable[[], AsyncIterator[bytes]]
"""Starts a new read of a message's bytes, CRLF line ends, each time."""
BeforeRemoval = Callable[[Copy], Awaitable[None]]
"""Called with the copy as the removal will meet it; what it raises stops the removal with nothing changed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A message to put into a mailbox: into that folder (made where it is missing), with these flags and that date."""

    folder: str
    flags: frozenset[str]
    delivered_at: Instant | None
    size: int
    open: OpenBytes


class Mailbox(Protocol):
    """One person's mailbox, for one task at a time; `close` gives what it holds back to its server's pool."""

    async def find(self, reference: Reference) -> Sequence[Copy]:
        """Every message with exactly that Message-ID in every folder that can be selected, `removing` ones too.

        Complete, or it raises: never a part in silence. Raises MailboxUnavailable, MailboxRefused.
        """
        ...

    def read(self, copy: Copy) -> AsyncIterator[bytes]:
        """The copy's bytes in pieces, without marking it read. MailboxUnavailable also where it is gone meanwhile."""
        ...

    async def remove(self, copy: Copy, only_if_unread: bool) -> Removed:
        """Afterwards the copy is gone, or stands as before: unread is decided by the server in the same step as the
        removal where the protocol allows it, else by moving, looking and moving back.

        A copy with `removing` is finished off without a condition: that was met before. A write that was refused
        because something else about the copy changed (another flag) is tried again with what is there now. Raises
        MailboxUnavailable where what happened cannot be said: ask `find` again, `removing` tells.
        """
        ...

    async def put_back(self, kept: Kept) -> Place:
        """Afterwards the message stands in that folder with those flags and that date. Raises QuotaExceeded,
        MailboxUnavailable, MailboxRefused."""
        ...

    async def put_in_place(self, copy: Copy, replacement: Kept, only_if_unread: bool) -> tuple[Removed, Place | None]:
        """Removes the copy on the condition and puts the replacement where it stood, with its flags and date.

        Order: conditional mark of removal on the old one, append of the new one, removal of the old one. If the
        append is refused or declined the old one's flags are restored and the error raised; where it cannot be said
        whether it was done, the mark stays, and whoever comes next looks for the new one first. The place is None
        unless REMOVED.
        """
        ...

    async def close(self) -> None: ...


class Check(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing that `takeback doctor` looked at in one mailbox: what it found, and what to do about it."""

    check: Check
    what: str
    advice: str = ""


class Connector(Protocol):
    """One `[[mailboxes]]` entry: opens mailboxes on one server, with a bound on how many at a time."""

    kind: str
    server: str
    """How the server is called in reports and figures."""

    def covers(self, address: str) -> bool:
        """Whether the mailbox of that address is on this server."""
        ...

    async def open(self, address: str) -> Mailbox:
        """The mailbox of that address; waits for its turn. Raises MailboxUnavailable, MailboxRefused."""
        ...

    async def examine(self, address: str) -> Sequence[Examined]:
        """Whether everything that recall needs works for that mailbox; changes nothing. Raises nothing."""
        ...

    async def close(self) -> None:
        """Afterwards no connection is open."""
        ...
