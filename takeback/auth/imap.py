"""One question to an IMAP server: may this user log in with this password? (RFC 3501 §6.1–6.2, RFC 4959)"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Self, TypeVar, cast

from takeback.clock import SECOND, Duration
from takeback.errors import TakebackError
from takeback.imap_url import Encryption, ImapServer

_T = TypeVar("_T")

_LONGEST_TALK = 64 * 1024
"""Octets of everything that a server may say during one login."""
_FAREWELL_SECONDS = 1.0
_WORDS = frozenset({b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"})
_CODE = re.compile(rb"\[([A-Za-z0-9=/+.-]{1,40})(?: ([^\]]*))?\]")
"""A response code, its name and what it carries (RFC 3501 §7.1)."""
_LITERAL_AT_END = re.compile(rb"\{[0-9]+\+?\}$")
_NOT_ABOUT_THE_PASSWORD = frozenset(
    {b"UNAVAILABLE", b"SERVERBUG", b"LIMIT", b"INUSE", b"PRIVACYREQUIRED", b"CLIENTBUG"}
)
"""Response codes of a NO that says nothing on whether the password was right (RFC 5530 §3)."""


class ImapFailure(TakebackError):
    """The server gave neither a clear yes nor a clear no. It is never quoted at length."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """One line from the server: its tag (`*`, `+` or ours), the word after it in upper case, and the rest."""

    tag: bytes
    word: bytes
    rest: bytes

    @classmethod
    def of(cls, line: bytes) -> Self:
        tag, _, after = line.partition(b" ")
        word, _, rest = after.partition(b" ")
        return cls(tag, word.upper(), rest)

    @property
    def code(self) -> bytes:
        """The name of the response code in upper case, empty where there is none."""
        match = _CODE.match(self.rest)
        return match[1].upper() if match else b""

    @property
    def capabilities(self) -> frozenset[bytes] | None:
        """What the server can do, where this line says so, in upper case."""
        if self.tag == b"*" and self.word == b"CAPABILITY":
            return frozenset(self.rest.upper().split())
        match = _CODE.match(self.rest)
        if self.word == b"OK" and match and match[1].upper() == b"CAPABILITY":
            return frozenset((match[2] or b"").upper().split())
        return None

    @property
    def evidence(self) -> str:
        """What may be shown of it: never its free text, for a confused server quotes what it was sent."""
        if self.word not in _WORDS:
            return "something that is not IMAP"
        return self.word.decode() + (f" [{self.code.decode()}]" if self.code else "")


async def reach(server: ImapServer, context: ssl.SSLContext, patience: Duration) -> None:
    """Afterwards the server has greeted, encrypted as for a login, and the connection is closed. No login is tried.
    ImapFailure for anything else."""
    await _talk(server, context, patience, lambda dialogue: dialogue.begin(server, context))


async def log_in(server: ImapServer, context: ssl.SSLContext, patience: Duration, username: str, password: str) -> bool:
    """Whether the server accepts the two; ImapFailure for anything but its clear OK or NO.

    The password is sent only under TLS that was verified against `context`, except to a server without
    encryption. Neither may be empty or contain NUL. Afterwards the connection is closed, whatever happened.
    """
    return await _talk(
        server,
        context,
        patience,
        lambda dialogue: dialogue.log_in(server, context, username.encode(), password.encode()),
    )


async def _talk(
    server: ImapServer, context: ssl.SSLContext, patience: Duration, say: Callable[[_Dialogue], Awaitable[_T]]
) -> _T:
    try:
        async with asyncio.timeout(patience / SECOND):
            wire = await _connect(server, context)
            try:
                answer = await say(_Dialogue(wire))
            except BaseException:
                wire.abort()
                raise
    except TimeoutError as error:
        raise ImapFailure(f"{server.host} did not answer within {patience // SECOND} s") from error
    except (OSError, UnicodeError) as error:
        raise ImapFailure(f"{server.host}: {error}") from error
    await wire.farewell()
    return answer


async def _connect(server: ImapServer, context: ssl.SSLContext) -> _Wire:
    implicit = server.encryption is Encryption.IMPLICIT
    _, wire = await asyncio.get_running_loop().create_connection(
        _Wire, server.host, server.port, ssl=context if implicit else None
    )
    return wire


class _Wire(asyncio.Protocol):
    """Lines from and to the server. What it may say in all is bounded, so nothing else needs to be."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._allowance = _LONGEST_TALK
        self._news = asyncio.Event()
        self._lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's TLS transport does everything that a Transport does but is none by inheritance.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._allowance -= len(data)
        if self._allowance < 0:
            self.abort()
            return
        self._received += data
        self._news.set()

    def connection_lost(self, error: Exception | None) -> None:
        self._lost.set()
        self._news.set()

    async def line(self) -> bytes:
        """The next line without its end; ImapFailure where the server stopped, or talks without end."""
        while (end := self._received.find(b"\n")) < 0:
            if self._allowance < 0:
                raise ImapFailure("the IMAP server talks without end")
            if self._lost.is_set():
                raise ImapFailure("the IMAP server closed the connection")
            self._news.clear()
            await self._news.wait()
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return line.removesuffix(b"\r")

    def send(self, line: bytes) -> None:
        if self._transport is not None:
            self._transport.write(line + b"\r\n")

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Afterwards everything is encrypted, and nothing that came before counts (RFC 3501 §6.2.1)."""
        if self._received:
            raise ImapFailure("the IMAP server spoke before the TLS handshake that it had agreed to")
        if self._transport is None or self._transport.is_closing():
            raise ImapFailure("the IMAP server closed the connection")
        loop = asyncio.get_running_loop()
        self._transport = await loop.start_tls(self._transport, self, context, server_hostname=host)

    async def farewell(self) -> None:
        """Afterwards the connection is closed, politely if the server lets us within a second."""
        self.send(b"bye LOGOUT")
        if self._transport is not None:
            self._transport.close()
        try:
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._lost.wait()
        except TimeoutError:
            pass
        finally:
            self.abort()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class _Dialogue:
    """Commands one after the other, each answered before the next."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self._capabilities: frozenset[bytes] | None = None
        self._tags = 0

    async def begin(self, server: ImapServer, context: ssl.SSLContext) -> None:
        await self._greeting()
        if server.encryption is Encryption.STARTTLS:
            await self._start_tls(server, context)

    async def log_in(self, server: ImapServer, context: ssl.SSLContext, username: bytes, password: bytes) -> bool:
        await self.begin(server, context)
        if self._capabilities is None:
            await self._expect_ok(b"CAPABILITY")
        return _accepted(await self._present(username, password))

    async def _greeting(self) -> None:
        greeting = await self._answer()
        if (greeting.tag, greeting.word) != (b"*", b"OK"):
            raise ImapFailure(f"the IMAP server did not greet with OK but with {greeting.evidence}")

    async def _start_tls(self, server: ImapServer, context: ssl.SSLContext) -> None:
        await self._expect_ok(b"STARTTLS")
        await self._wire.start_tls(context, server.host)
        self._capabilities = None

    async def _expect_ok(self, command: bytes) -> None:
        answer = await self._command(command)
        if answer.word != b"OK":
            raise ImapFailure(f"the IMAP server answered {command.decode()} with {answer.evidence}")

    async def _present(self, username: bytes, password: bytes) -> _Answer:
        """AUTHENTICATE PLAIN where offered (RFC 4616), else LOGIN with literals: both carry any octets."""
        offered = self._capabilities or frozenset()
        if b"AUTH=PLAIN" in offered:
            response = base64.b64encode(b"\0" + username + b"\0" + password)
            if b"SASL-IR" in offered:
                return await self._command(b"AUTHENTICATE PLAIN " + response)
            return await self._command(b"AUTHENTICATE PLAIN", response)
        if b"LOGINDISABLED" in offered:
            raise ImapFailure("the IMAP server offers neither AUTHENTICATE PLAIN nor LOGIN")
        return await self._command(b"LOGIN {%d}" % len(username), username + b" {%d}" % len(password), password)

    async def _command(self, first: bytes, *continuations: bytes) -> _Answer:
        """The tagged answer to a command, whose further lines are sent one by one as they are asked for."""
        self._tags += 1
        tag = b"t%d" % self._tags
        rest = list(continuations)
        self._wire.send(tag + b" " + first)
        while True:
            answer = await self._answer()
            if answer.tag == tag:
                return answer
            if answer.tag == b"+" and rest:
                self._wire.send(rest.pop(0))
            elif answer.tag != b"*":
                raise ImapFailure("the IMAP server does not speak IMAP")

    async def _answer(self) -> _Answer:
        line = await self._wire.line()
        if _LITERAL_AT_END.search(line):
            raise ImapFailure("the IMAP server sent a literal where none belongs")
        answer = _Answer.of(line)
        if answer.tag == b"*" and answer.word == b"BYE":
            raise ImapFailure(f"the IMAP server ended the session: {answer.evidence}")
        self._capabilities = answer.capabilities or self._capabilities
        return answer


def _accepted(answer: _Answer) -> bool:
    if answer.word == b"OK":
        return True
    if answer.word == b"NO" and answer.code not in _NOT_ABOUT_THE_PASSWORD:
        return False
    raise ImapFailure(f"the IMAP server answered the login with {answer.evidence}")
