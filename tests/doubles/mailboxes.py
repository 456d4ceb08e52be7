"""Mailboxes in memory behind a connector; what goes wrong is data: `Post(unreachable={"ann@example.com"})`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from takeback.clock import Instant
from takeback.ports.mailbox import (
    Copy,
    Examined,
    Kept,
    MailboxRefused,
    MailboxUnavailable,
    Place,
    QuotaExceeded,
    Reference,
    Removal,
    Removed,
)
from takeback.recall.planning import READ_FLAGS

SERVER = "mail.example.com"


@dataclass
class Stored:
    """One message in a folder."""

    folder: str
    uid: int
    data: bytes
    flags: frozenset[str] = frozenset()
    delivered_at: Instant | None = None
    removing: bool = False

    @property
    def header(self) -> bytes:
        return self.data[: self.data.index(b"\r\n\r\n") + 4]


@dataclass
class Post:
    """A server with mailboxes. Addresses in `unreachable` do not answer, those in `refused` have no mailbox or no
    right; `before_remove` is called before a removal is decided, with the mailbox's address: a reader at work."""

    domain: str = "example.com"
    server: str = SERVER
    kind: str = "double"
    unreachable: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    full: set[str] = field(default_factory=set)
    lost_after_mark: set[str] = field(default_factory=set)
    """Whose connection breaks once, between the mark of removal and the removal."""
    lost_after_append: set[str] = field(default_factory=set)
    """Whose connection breaks once, after a message was appended and before its answer."""
    lost_after_remove: set[str] = field(default_factory=set)
    """Whose connection breaks once, after the removal and before its answer."""
    generous: bytes = b""
    """What is in every mailbox when it is opened for the first time."""
    before_remove: Callable[[str], Awaitable[None]] | None = None
    boxes: dict[str, list[Stored]] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    removed: list[tuple[str, int]] = field(default_factory=list)
    """Every message that was taken away, by address and number."""
    most_open: int = 0
    _open: int = 0
    _uid: int = 0

    def put(
        self, address: str, data: bytes, *flags: str, folder: str = "INBOX", delivered_at: Instant | None = 7_000_000
    ) -> Stored:
        self._uid += 1
        stored = Stored(folder, self._uid, data, frozenset(flags), delivered_at)
        self.boxes.setdefault(address, []).append(stored)
        return stored

    def covers(self, address: str) -> bool:
        return address.endswith(f"@{self.domain}")

    async def open(self, address: str) -> MemoryMailbox:
        self.opened.append(address)
        if self.generous and address not in self.boxes:
            self.put(address, self.generous)
        if address in self.unreachable:
            raise MailboxUnavailable(f"{self.server} does not answer")
        if address in self.refused:
            raise MailboxRefused(f"{self.server} said: NO no such mailbox")
        self._open += 1
        self.most_open = max(self.most_open, self._open)
        return MemoryMailbox(self, address)

    async def examine(self, address: str) -> Sequence[Examined]:
        return []

    async def close(self) -> None: ...


class MemoryMailbox:
    def __init__(self, post: Post, address: str) -> None:
        self._post = post
        self._address = address

    @property
    def _stored(self) -> list[Stored]:
        return self._post.boxes.setdefault(self._address, [])

    async def find(self, reference: Reference) -> Sequence[Copy]:
        wanted = f"message-id: {reference.message_id}\r\n".lower().encode()
        return [self._copy(each) for each in self._stored if wanted in each.header.lower()]

    def _copy(self, stored: Stored) -> Copy:
        return Copy(
            place=Place(stored.folder, "1", str(stored.uid)),
            flags=stored.flags,
            version=str(hash(stored.flags)),
            size=len(stored.data),
            header=stored.header,
            delivered_at=stored.delivered_at,
            removing=stored.removing,
        )

    async def read(self, copy: Copy) -> AsyncIterator[bytes]:
        stored = self._at(copy.place)
        if stored is None:
            raise MailboxUnavailable("gone")
        for start in range(0, len(stored.data), 100_000):
            yield stored.data[start : start + 100_000]

    def _at(self, place: Place) -> Stored | None:
        return next((each for each in self._stored if (each.folder, str(each.uid)) == (place.folder, place.uid)), None)

    async def remove(self, copy: Copy, only_if_unread: bool) -> Removed:
        marked = await self._mark(copy, only_if_unread)
        return marked if isinstance(marked, Removed) else self._expunge(marked)

    async def _mark(self, copy: Copy, only_if_unread: bool) -> Stored | Removed:
        """The stored message, marked; else why it was not."""
        if self._post.before_remove is not None:
            await self._post.before_remove(self._address)
        stored = self._at(copy.place)
        if stored is None:
            return Removed(Removal.GONE, "no such uid", frozenset())
        if not stored.removing:
            if only_if_unread and stored.flags & READ_FLAGS:
                return Removed(Removal.READ, "it has been read", stored.flags)
            stored.removing = True
            self._lose(self._post.lost_after_mark)
        return stored

    def _expunge(self, stored: Stored) -> Removed:
        self._stored.remove(stored)
        self._post.removed.append((self._address, stored.uid))
        self._lose(self._post.lost_after_remove)
        return Removed(Removal.REMOVED, f"OK expunged {stored.uid}", stored.flags)

    async def put_back(self, kept: Kept) -> Place:
        if self._address in self._post.full:
            raise QuotaExceeded("NO [OVERQUOTA] mailbox is full")
        data = b"".join([piece async for piece in kept.open()])
        assert len(data) == kept.size
        stored = self._post.put(self._address, data, *kept.flags, folder=kept.folder, delivered_at=kept.delivered_at)
        self._lose(self._post.lost_after_append)
        return Place(stored.folder, "1", str(stored.uid))

    async def put_in_place(self, copy: Copy, replacement: Kept, only_if_unread: bool) -> tuple[Removed, Place | None]:
        marked = await self._mark(copy, only_if_unread)
        if isinstance(marked, Removed):
            return marked, None
        worn = replace(replacement, folder=marked.folder, flags=marked.flags, delivered_at=marked.delivered_at)
        try:
            place = await self.put_back(worn)
        except QuotaExceeded:
            marked.removing = False
            raise
        return self._expunge(marked), place

    def _lose(self, addresses: set[str]) -> None:
        """The connection breaks, once."""
        if self._address in addresses:
            addresses.discard(self._address)
            raise MailboxUnavailable("connection lost")

    async def close(self) -> None:
        self._post._open -= 1
