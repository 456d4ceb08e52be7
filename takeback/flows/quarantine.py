"""Quarantine: a copy's bytes are kept, sealed, before it is removed, and read again when it is put back.

The body is kept once for all copies of a recall that share it. Its SHA-256 names it, so a body larger than one piece is
read twice: once to know its name, and once to be kept where nobody has kept it yet.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from takeback.mail.digest import BodyDigest
from takeback.ports.mailbox import Copy, Mailbox, MailboxUnavailable
from takeback.ports.recall import BodyPiece, Kept, KeptBody, RecallStore
from takeback.sealing import Seal

PIECE = 1 << 20
_BLANK_LINE = b"\r\n\r\n"
_MOST_KNOWN = 10_000


@dataclass(frozen=True, slots=True)
class Bytes:
    """What is kept of one copy: its header, sealed, and its body."""

    header: bytes
    body: KeptBody


class Quarantine:
    """Keeps and gives back. Memory does not grow with the size of a message."""

    def __init__(self, store: RecallStore, seal: Seal) -> None:
        self._store = store
        self._seal = seal
        self._known: set[tuple[str, bytes]] = set()
        """Bodies that went into a plan already; whether they are there, the store makes sure of with each plan."""

    async def keep(self, recall: str, person: int, mailbox: Mailbox, copy: Copy) -> Bytes:
        """The bytes of the copy, to go into its plan; what is large is committed now. Raises MailboxUnavailable."""
        header, digest, small = await _survey(mailbox.read(copy))
        sealed = None
        if small is None:
            if not await self._store.has_body(recall, digest):
                await self._keep_large(recall, digest, mailbox, copy)
        elif (recall, digest) not in self._known:
            sealed = self._seal.close(small, _about_body(recall, digest, 0))
            self._remember(recall, digest)
        return Bytes(self._seal.close(header, _about_header(recall, person)), KeptBody(digest, sealed))

    def _remember(self, recall: str, digest: bytes) -> None:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known.add((recall, digest))

    def forget(self, recall: str) -> None:
        """Afterwards nothing is believed of what the store has for this recall."""
        self._known = {(id, digest) for id, digest in self._known if id != recall}

    async def _keep_large(self, recall: str, digest: bytes, mailbox: Mailbox, copy: Copy) -> None:
        position, waiting = 0, b""
        again = hashlib.sha256()
        async for piece in _pieces(_body_of(mailbox.read(copy))):
            if waiting:
                await self._keep_piece(recall, digest, position, waiting, last=False)
                position += 1
            again.update(piece)
            waiting = piece
        if again.digest() != digest:
            raise MailboxUnavailable("the copy changed while it was read")
        await self._keep_piece(recall, digest, position, waiting, last=True)

    async def _keep_piece(self, recall: str, digest: bytes, position: int, data: bytes, last: bool) -> None:
        sealed = self._seal.close(data, _about_body(recall, digest, position))
        await self._store.keep_piece(BodyPiece(recall, digest, position, last, sealed))

    async def open(self, kept: Kept) -> AsyncIterator[bytes]:
        """The bytes as they were, in pieces. Raises SealBroken; the caller has checked that they were not purged."""
        assert kept.header is not None and kept.digest is not None
        yield self._seal.open(kept.header, _about_header(kept.recall, kept.person))
        position = 0
        async for sealed in self._store.kept_body(kept.recall, kept.digest):
            yield self._seal.open(sealed, _about_body(kept.recall, kept.digest, position))
            position += 1


async def body_digest(mailbox: Mailbox, copy: Copy) -> bytes:
    """The digest of the copy's body by which it may be known again (`takeback.mail.digest`)."""
    digest = BodyDigest()
    async for piece in _body_of(mailbox.read(copy)):
        digest.update(piece)
    return digest.digest()


async def _survey(message: AsyncIterator[bytes]) -> tuple[bytes, bytes, bytes | None]:
    """Header, SHA-256 of the body, and the body itself where it is no larger than one piece."""
    header, first = await _split(message)
    digest = hashlib.sha256(first)
    small: bytes | None = first
    async for piece in message:
        digest.update(piece)
        small = small + piece if small is not None and len(small) + len(piece) <= PIECE else None
    return header, digest.digest(), small


async def _split(message: AsyncIterator[bytes]) -> tuple[bytes, bytes]:
    """The header with its blank line, and as much of the body as came with it. What has no blank line within one piece
    is header as far as that."""
    top = b""
    async for piece in message:
        top += piece
        if (end := top.find(_BLANK_LINE)) >= 0:
            return top[: end + 4], top[end + 4 :]
        if len(top) >= PIECE:
            break
    return top, b""


async def _body_of(message: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    _, first = await _split(message)
    if first:
        yield first
    async for piece in message:
        yield piece


async def _pieces(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes in pieces of exactly PIECE, but for the last; one piece even where there is nothing."""
    waiting = bytearray()
    async for piece in body:
        waiting += piece
        while len(waiting) > PIECE:
            yield bytes(waiting[:PIECE])
            del waiting[:PIECE]
    yield bytes(waiting)


def _about_header(recall: str, person: int) -> str:
    return f"takeback quarantine header {recall} {person}"


def _about_body(recall: str, digest: bytes, position: int) -> str:
    return f"takeback quarantine body {recall} {digest.hex()} {position}"
