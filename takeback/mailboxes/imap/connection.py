"""A connection to an IMAP server: moves bytes between a socket and a `Session`, and keeps the time."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import cast

from takeback.clock import SECOND, Duration
from takeback.mailboxes.imap.responses import Begun, NotImap, Piece, Response
from takeback.mailboxes.imap.session import Answer, Command, DataWanted, Event, Session
from takeback.mailboxes.reading import reading
from takeback.ports.mailbox import Kept, MailboxUnavailable
from takeback.quantities import format_duration

_HIGH_WATER = 256 * 1024
"""Octets that may wait to be looked at before the server is made to wait."""
_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)
_BODY = re.compile(rb"BODY\[\] \Z", re.IGNORECASE)


class Connection(asyncio.Protocol):
    """One connection, used by one task at a time. Its methods raise MailboxUnavailable, and only that, for what goes
    wrong; then, and where its user is cancelled, the connection is dropped: what was under way has no known end."""

    def __init__(self, server: str, patience: Duration) -> None:
        self.session = Session()
        self._server = server
        self._patience = patience
        self._transport: asyncio.Transport | None = None
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._closed = asyncio.Event()
        self._reading_paused = False
        self._socket: socket.socket | None = None

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._socket = transport.get_extra_info("socket")
        self._acknowledge_at_once()

    def data_received(self, data: bytes) -> None:
        self._acknowledge_at_once()
        self.session.receive(data)
        if self.session.unread > _HIGH_WATER and not self._reading_paused and self._transport is not None:
            self._reading_paused = True
            self._transport.pause_reading()
        self._news.set()

    def connection_lost(self, error: Exception | None) -> None:
        self._closed.set()
        self._news.set()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # What the mailbox calls

    @property
    def usable(self) -> bool:
        """Whether a command can be given, as far as can be told from this end."""
        return self.session.idle and not self.session.unread and not self._closed.is_set()

    async def greeting(self) -> Response:
        event = await self._guarded_event()
        if not isinstance(event, Response) or event.name not in (b"OK", b"PREAUTH"):
            raise self._trouble(f"did not greet but said {_said(event)}")
        return event

    async def run(self, *commands: Command) -> list[Answer]:
        """The answers to the commands, which are all sent at once."""
        for command in commands:
            self.session.send(command)
        self._flush()
        return [await self._answer() for _ in commands]

    async def stream(self, command: Command) -> AsyncIterator[bytes]:
        """The octets of the one body that the command fetches. MailboxUnavailable also where there is none."""
        self.session.send(command)
        self._flush()
        missing = -1
        while not isinstance(event := await self._guarded_event(), Answer):
            match event:
                case Begun(prefix, size) if missing < 0 and _BODY.search(prefix):
                    missing = size
                case Piece(data):
                    missing -= len(data)
                    yield data
                case _:
                    raise self._trouble(f"sent something else than the message: {_said(event)}")
        if not event.ok or missing:
            raise MailboxUnavailable(f"{self._server}: the copy cannot be read: {event.words}")

    async def append(self, command: Command, kept: Kept) -> Answer:
        """The answer to an APPEND whose octets are streamed from where they are kept."""
        self.session.send(command)
        self._flush()
        while not isinstance(event := await self._guarded_event(), Answer):
            if not isinstance(event, DataWanted):
                raise self._trouble(f"said {_said(event)} to APPEND")
            try:
                await self._send(kept)
            except BaseException:
                self.abort()
                raise
        return event

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Afterwards everything is encrypted, and nothing that came before counts. OSError where it did not come
        about."""
        if self.session.unread:
            raise self._trouble("spoke before the TLS handshake that it had agreed to")
        if self._transport is None or self._closed.is_set():
            raise self._trouble("closed the connection")
        loop = asyncio.get_running_loop()
        transport = await loop.start_tls(self._transport, self, context, server_hostname=host)
        if transport is None:
            raise self._trouble("closed the connection during the TLS handshake")
        self._transport = transport

    def abort(self) -> None:
        """Drops the connection."""
        self._closed.set()
        self._news.set()
        self._writable.set()
        if self._transport is not None:
            self._transport.abort()

    def leave(self) -> None:
        """Says LOGOUT where that is possible, and closes without waiting for the answer."""
        if not self.usable or self._transport is None:
            self.abort()
            return
        self.session.send(Command.of(b"LOGOUT"))
        self._flush()
        self._transport.close()
        self._closed.set()

    # How it waits

    async def _send(self, kept: Kept) -> None:
        sent = 0
        async with reading(kept.open) as pieces:
            async for piece in pieces:
                sent += len(piece)
                if sent > kept.size:
                    break
                self._write(self.session.send_data(piece))
                await self._drained()
        if sent != kept.size:
            raise self._trouble(f"would have got {sent} octets instead of {kept.size}")
        self._flush()

    async def _drained(self) -> None:
        try:
            async with asyncio.timeout(self._patience / SECOND):
                await self._writable.wait()
        except TimeoutError:
            raise self._trouble(f"takes nothing since {format_duration(self._patience)}") from None
        if self._closed.is_set():
            raise self._trouble("closed the connection")

    async def _answer(self) -> Answer:
        event = await self._guarded_event()
        if not isinstance(event, Answer):
            raise self._trouble(f"sent {_said(event)} where an answer belongs")
        return event

    async def _guarded_event(self) -> Event:
        try:
            event = self.session.next_event()
            if event is None:
                async with asyncio.timeout(self._patience / SECOND):
                    event = await self._event()
            else:
                self._flush()
        except TimeoutError:
            raise self._trouble(f"gave no answer within {format_duration(self._patience)}") from None
        except NotImap as error:
            raise self._trouble(f"does not speak IMAP: {error}") from None
        except asyncio.CancelledError:
            self.abort()
            raise
        if isinstance(event, Response) and event.name == b"BYE":
            raise self._trouble(f"ended the session: {_said(event)}")
        return event

    async def _event(self) -> Event:
        while (event := self.session.next_event()) is None:
            self._flush()
            self._resume_reading()
            if self._closed.is_set():
                raise self._trouble("closed the connection")
            self._news.clear()
            await self._news.wait()
        self._flush()
        return event

    def _acknowledge_at_once(self) -> None:
        """Cyrus sends an answer in two pieces and waits with the second for an acknowledgement of the first, which the
        system would hold back for 40 ms. It has to be told again each time."""
        if _QUICK_ACK is not None and self._socket is not None:
            with suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)

    def _resume_reading(self) -> None:
        if self._reading_paused and self._transport is not None:
            self._reading_paused = False
            self._transport.resume_reading()

    def _flush(self) -> None:
        self._write(self.session.take_output())

    def _write(self, data: bytes) -> None:
        if data and self._transport is not None and not self._closed.is_set():
            self._transport.write(data)

    def _trouble(self, what: str) -> MailboxUnavailable:
        self.abort()
        return MailboxUnavailable(f"{self._server} {what}")


def _said(event: Event) -> str:
    if isinstance(event, Response):
        return b" ".join((event.tag, event.name, event.text))[:200].decode("utf-8", "replace")
    return type(event).__name__
