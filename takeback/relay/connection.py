"""A connection to the next server: moves bytes between a socket and a `ClientSession`, and keeps the time."""

from __future__ import annotations

import asyncio
import ssl
from typing import cast

from takeback.clock import SECOND, Duration
from takeback.quantities import format_duration
from takeback.smtp.client import Answer, ClientSession, ProtocolError, Unasked

_GLANCE = 0.005


class Trouble(Exception):
    """The connection is of no more use. The text is a reply in our own words: `421 4.4.2 connection lost`."""


class Connection(asyncio.Protocol):
    """One connection, used by one task at a time. Its methods raise Trouble, and only that, for what goes wrong.

    Nothing that was written waits in the process: `drained` returns when the system has taken every byte.
    """

    def __init__(self, session: ClientSession) -> None:
        self.session = session
        self.transactions = 0
        """How many transactions have begun on it."""
        self._transport: asyncio.Transport | None = None
        self._socket: asyncio.Transport | None = None
        """What lies below TLS; the same as `_transport` where there is none."""
        self._changed: asyncio.Future[None] | None = None
        self._closed = asyncio.get_running_loop().create_future()
        self._paused = False
        self._lost = False

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = self._socket = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        self.session.receive(data)
        self.flush()
        self._wake()

    def eof_received(self) -> bool:
        self._lost = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._wake()
        if not self._closed.done():
            self._closed.set_result(None)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._wake()

    # What the relay calls

    @property
    def usable(self) -> bool:
        """Whether a transaction can begin, as far as can be told from this end."""
        return self.session.idle and not self._lost

    @property
    def lost(self) -> bool:
        return self._lost

    def flush(self) -> None:
        """Writes what the session has to say."""
        output = self.session.take_output()
        if output:
            self.write(output)

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self._lost:
            self._transport.write(data)

    async def event(self, patience: Duration) -> Answer | Unasked:
        """The next event of the session."""
        deadline = asyncio.get_running_loop().time() + patience / SECOND
        while (event := self.session.next_event()) is None:
            self._check_alive()
            await self._change(deadline, patience)
        if isinstance(event, ProtocolError):
            raise Trouble(f"451 4.5.0 the server does not speak SMTP: {event.reason}")
        return event

    async def drained(self, patience: Duration) -> None:
        """Returns when every byte that was written is out of this process."""
        deadline = asyncio.get_running_loop().time() + patience / SECOND
        while self._paused and not self._lost:
            await self._change(deadline, patience)
        while not self._lost and self._socket is not None and self._socket.get_write_buffer_size():
            # Only under TLS, whose transport does not tell when the socket below it has caught up.
            if asyncio.get_running_loop().time() > deadline:
                raise _no_answer(patience)
            await asyncio.sleep(_GLANCE)
        self._check_alive()

    async def start_tls(self, context: ssl.SSLContext, host: str, patience: Duration) -> None:
        """TLS on this connection. OSError (of which ssl.SSLError is one) where it did not come about."""
        if self._transport is None or self._lost:
            raise ConnectionResetError("connection lost")
        transport = await asyncio.get_running_loop().start_tls(
            self._transport, self, context, server_hostname=host, ssl_handshake_timeout=patience / SECOND
        )
        if transport is None:
            raise ConnectionResetError("connection lost during the TLS handshake")
        transport.set_write_buffer_limits(high=1, low=0)  # with 0 it would pause for good: it compares by >=
        self._transport = transport

    def abort(self) -> None:
        """Drops the connection. Nothing more leaves."""
        self._lost = True
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    async def leave(self) -> None:
        """Says QUIT where that is possible, and closes without waiting for the answer."""
        if self.usable and self._transport is not None:
            self.session.quit()
            self.flush()
            self._transport.close()
        else:
            self.abort()
        try:
            async with asyncio.timeout(1):
                await asyncio.shield(self._closed)
        except TimeoutError:
            self.abort()

    # How it waits

    def _check_alive(self) -> None:
        if self._lost:
            raise Trouble("421 4.4.2 connection lost")

    async def _change(self, deadline: float, patience: Duration) -> None:
        loop = asyncio.get_running_loop()
        changed = self._changed = loop.create_future()
        timer = loop.call_at(deadline, _time_out, changed)
        try:
            await changed
        except TimeoutError:
            raise _no_answer(patience) from None
        finally:
            timer.cancel()
            self._changed = None

    def _wake(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)


def _no_answer(patience: Duration) -> Trouble:
    return Trouble(f"421 4.4.2 no answer within {format_duration(patience)}")


def _time_out(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_exception(TimeoutError())
