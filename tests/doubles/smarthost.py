"""A mail server that takes everything, remembers everything, and fails exactly as it was told.

    async with Smarthost(fail={2: "451 4.3.0 later"}) as sink:
        ... hand mail to sink.port ...
    assert [dot.recipients for dot in sink.dots] == [...]

Every failure is a field. Where a field says `Which`, True means always, and a set names the transactions, counted
from 1 over all connections in the order of their DATA.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, cast

Which = bool | Collection[int]

EXTENSIONS = ("PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN")


@dataclass(frozen=True, slots=True)
class Dot:
    """One final dot that arrived: the transaction's number, its envelope, the body without stuffing, and what
    was answered (nothing where the server hung or dropped)."""

    number: int
    mail: str
    rcpts: tuple[str, ...]
    body: bytes
    answers: tuple[str, ...]

    @property
    def sender(self) -> str:
        return _path(self.mail)

    @property
    def recipients(self) -> tuple[str, ...]:
        return tuple(_path(line) for line in self.rcpts)


@dataclass
class Smarthost:
    """Listens on a free port of 127.0.0.1, or at `socket`, between `start` and `close`."""

    lmtp: bool = False
    extensions: Collection[str] = EXTENSIONS
    greet: str = "220 sink.example"
    hello: str = "250"
    """Anything but 250 refuses EHLO, and HELO is taken."""
    socket: str = ""
    tls: ssl.SSLContext | None = None
    """Offers STARTTLS."""
    implicit_tls: bool = False
    users: Mapping[str, str] = field(default_factory=dict)
    """Name to password or token; where there are any, MAIL needs a login."""
    mechanisms: str = "PLAIN LOGIN XOAUTH2"
    refuse_sender: str = ""
    refuse_recipient: Mapping[str, str] = field(default_factory=dict)
    refuse_data: str = ""
    most_recipients: int = 1_000_000
    data_without_recipients: bool = False
    """Answers DATA with 354 although nobody was accepted."""
    fail: Mapping[int, str] = field(default_factory=dict)
    """Transaction to the reply its dot gets."""
    fail_recipient: Mapping[str, str] = field(default_factory=dict)
    """LMTP: recipient to the reply after the dot."""
    hang_before_354: Which = False
    drop_before_354: Which = False
    refuse_in_body: str = ""
    """Said when the first bytes of a body arrive; the rest is read and forgotten."""
    drop_in_body: Which = False
    hang_after_dot: Which = False
    drop_after_dot: Which = False
    garbage_after_dot: Which = False
    answers_after_dot: int | None = None
    """LMTP: only so many replies, then silence."""
    delay_answer: float = 0
    drop_after: int | None = None
    """Closes a connection behind its Nth transaction, as a server does that has restarted."""
    behind_starttls: bytes = b""
    """Injected behind the 220 to STARTTLS."""

    dots: list[Dot] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    transactions: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self.live: set[_Conversation] = set()
        self._watchers: list[asyncio.Future[None]] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> Self:
        loop = asyncio.get_running_loop()
        context = self.tls if self.implicit_tls else None
        if self.socket:
            self._server = await loop.create_unix_server(lambda: _Conversation(self), self.socket, ssl=context)
        else:
            self._server = await loop.create_server(lambda: _Conversation(self), "127.0.0.1", self.port, ssl=context)
            self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        self.drop_all()
        if self._server is not None:
            self._server.close()
        await asyncio.sleep(0)

    async def until(self, condition: Callable[[Smarthost], object]) -> None:
        """Waits until the condition is true: it is asked whenever something happened here."""
        async with asyncio.timeout(10):
            while not condition(self):
                watcher = asyncio.get_running_loop().create_future()
                self._watchers.append(watcher)
                await watcher

    def happened(self) -> None:
        for watcher in self._watchers:
            if not watcher.done():
                watcher.set_result(None)
        self._watchers.clear()

    def drop_all(self) -> None:
        """Every connection is reset, as when the server restarts."""
        for conversation in list(self.live):
            conversation.drop()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _applies(which: Which, number: int) -> bool:
    return which if isinstance(which, bool) else number in which


def _path(line: str) -> str:
    return line.partition("<")[2].rpartition(">")[0]


class _Conversation(asyncio.Protocol):
    """One connection: lines until DATA, then a body until CRLF.CRLF."""

    def __init__(self, house: Smarthost) -> None:
        self._house = house
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._secure = house.implicit_tls
        self._user = ""
        self._mail = ""
        self._rcpts: list[str] = []
        self._in_body = False
        self._number = 0
        self._taken = 0
        self._hung = False
        self._login: Callable[[str], None] | None = None
        self._securing: asyncio.Task[None] | None = None

    # asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        house = self._house
        house.connections += 1
        house.live.add(self)
        house.most_at_once = max(house.most_at_once, len(house.live))
        self._say(house.greet)

    def connection_lost(self, exc: Exception | None) -> None:
        self._house.live.discard(self)
        self._house.happened()

    def data_received(self, data: bytes) -> None:
        if not self._hung:
            self._buffer += data
        if self._securing is None:
            self._go_on()

    def _go_on(self) -> None:
        while not self._hung and self._transport is not None and self._step():
            pass
        self._house.happened()

    def drop(self) -> None:
        if self._transport is not None:
            self._transport.abort()
        self._hung = True

    # What it does with bytes

    def _step(self) -> bool:
        if self._in_body:
            return self._take_body()
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        line = self._buffer[:end].decode("utf-8", "replace")
        del self._buffer[: end + 2]
        self._house.commands.append(line)
        if self._login is not None:
            self._login(line)
        else:
            self._command(line)
        return True

    def _command(self, line: str) -> None:
        verb = line.partition(" ")[0].upper()
        getattr(self, f"_on_{verb.lower()}", self._on_unknown)(line)

    def _say(self, *replies: str) -> None:
        if self._transport is not None:
            self._transport.write("".join(f"{reply}\r\n" for reply in replies).encode())

    def _on_unknown(self, line: str) -> None:
        self._say("500 5.5.2 what?")

    def _on_ehlo(self, line: str) -> None:
        house = self._house
        if house.hello != "250":
            self._say(house.hello)
            return
        words = ["sink.example", *house.extensions]
        if house.tls is not None and not self._secure:
            words.append("STARTTLS")
        if house.users:
            words.append(f"AUTH {house.mechanisms}")
        self._say(*(f"250-{word}" for word in words[:-1]), f"250 {words[-1]}")

    _on_lhlo = _on_ehlo

    def _on_helo(self, line: str) -> None:
        self._say("250 sink.example")

    def _on_noop(self, line: str) -> None:
        self._say("250 2.0.0 ok")

    def _on_quit(self, line: str) -> None:
        self._say("221 2.0.0 bye")
        if self._transport is not None:
            self._transport.close()

    def _on_rset(self, line: str) -> None:
        self._forget()
        self._say("250 2.0.0 forgotten")

    def _on_starttls(self, line: str) -> None:
        if self._transport is None or self._house.tls is None:
            self._say("502 5.5.1 no TLS here")
            return
        self._transport.write(b"220 2.0.0 go on\r\n" + self._house.behind_starttls)
        self._buffer.clear()
        self._securing = asyncio.get_running_loop().create_task(self._secure_connection(self._house.tls))

    async def _secure_connection(self, context: ssl.SSLContext) -> None:
        plain = self._transport
        assert plain is not None
        try:
            # What arrives before this returns waits in the buffer: there is no way to answer it yet.
            self._transport = await asyncio.get_running_loop().start_tls(
                plain, self, context, server_side=True, ssl_handshake_timeout=5
            )
        except OSError:
            self._house.live.discard(self)
            plain.abort()
            return
        self._secure = True
        self._securing = None
        self._go_on()

    def _on_auth(self, line: str) -> None:
        _, mechanism, *initial = line.split(" ")
        match mechanism:
            case "LOGIN":
                self._challenge("334 VXNlcm5hbWU6", self._take_login_name)
            case _ if initial:
                self._take_secret(initial[0])
            case _:
                self._challenge("334 ", self._take_secret)

    def _challenge(self, text: str, answer: Callable[[str], None]) -> None:
        self._login = answer
        self._say(text)

    def _take_login_name(self, line: str) -> None:
        self._user = base64.b64decode(line).decode()
        self._challenge("334 UGFzc3dvcmQ6", self._take_login_password)

    def _take_login_password(self, line: str) -> None:
        self._finish_login(self._user, base64.b64decode(line).decode())

    def _take_secret(self, line: str) -> None:
        text = base64.b64decode(line).decode()
        if text.startswith("user="):
            user, bearer = text.split("\1")[:2]
            name, token = user.removeprefix("user="), bearer.removeprefix("auth=Bearer ")
            if self._house.users.get(name) != token:
                self._challenge("334 eyJzdGF0dXMiOiI0MDAifQ==", lambda _: self._finish_login(name, token))
                return
            self._finish_login(name, token)
        else:
            _, name, password = text.split("\0")
            self._finish_login(name, password)

    def _finish_login(self, name: str, secret: str) -> None:
        self._login = None
        good = self._house.users.get(name) == secret
        self._user = name if good else ""
        self._say("235 2.7.0 welcome" if good else "535 5.7.8 wrong")

    def _on_mail(self, line: str) -> None:
        if self._house.users and not self._user:
            self._say("530 5.7.0 log in")
        elif self._house.refuse_sender:
            self._say(self._house.refuse_sender)
        elif self._mail:
            self._say("503 5.5.1 one at a time")
        else:
            self._mail = line
            self._say("250 2.1.0 ok")

    def _on_rcpt(self, line: str) -> None:
        refusal = self._house.refuse_recipient.get(_path(line))
        if not self._mail:
            self._say("503 5.5.1 MAIL first")
        elif refusal is not None:
            self._say(refusal)
        elif len(self._rcpts) >= self._house.most_recipients:
            self._say("452 4.5.3 too many recipients")
        else:
            self._rcpts.append(line)
            self._say("250 2.1.5 ok")

    def _on_data(self, line: str) -> None:
        house = self._house
        if house.refuse_data:
            self._say(house.refuse_data)
            return
        if not self._rcpts and not house.data_without_recipients:
            self._say("503 5.5.1 no recipients")
            return
        house.transactions += 1
        self._number = house.transactions
        if _applies(house.drop_before_354, self._number):
            self.drop()
        elif _applies(house.hang_before_354, self._number):
            self._hung = True
        else:
            self._in_body = True
            self._say("354 go on")

    def _take_body(self) -> bool:
        house = self._house
        if house.refuse_in_body and self._buffer:
            self._say(house.refuse_in_body)
            self._hung = True
            return False
        if _applies(house.drop_in_body, self._number) and self._buffer:
            self.drop()
            return False
        # The CRLF in front of the dot may be that of DATA itself.
        if self._buffer.startswith(b".\r\n"):
            end, skip = 0, 3
        else:
            end = self._buffer.find(b"\r\n.\r\n")
            end, skip = (end + 2, 3) if end >= 0 else (-1, 0)
        if end < 0:
            return False
        stuffed = bytes(self._buffer[:end])
        del self._buffer[: end + skip]
        self._take_dot(_unstuff(stuffed))
        return True

    def _take_dot(self, body: bytes) -> None:
        house, number = self._house, self._number
        answers = tuple(self._answers(number))
        silent = any(
            _applies(which, number) for which in (house.hang_after_dot, house.drop_after_dot, house.garbage_after_dot)
        )
        house.dots.append(Dot(number, self._mail, tuple(self._rcpts), body, () if silent else answers))
        self._in_body = False
        self._forget()
        self._taken += 1
        if _applies(house.drop_after_dot, number):
            self.drop()
        elif _applies(house.hang_after_dot, number):
            self._hung = True
        elif _applies(house.garbage_after_dot, number):
            self._say("HTTP/1.1 400 Bad Request")
        elif house.delay_answer:
            asyncio.get_running_loop().call_later(house.delay_answer, self._finish, answers)
        else:
            self._finish(answers)

    def _finish(self, answers: tuple[str, ...]) -> None:
        self._say(*answers)
        if self._transport is not None and self._taken == self._house.drop_after:
            self._transport.close()

    def _answers(self, number: int) -> list[str]:
        house = self._house
        usual = house.fail.get(number, f"250 2.0.0 taken as {number}")
        if not house.lmtp:
            return [usual]
        each = [house.fail_recipient.get(_path(line), usual) for line in self._rcpts]
        return each[: house.answers_after_dot]

    def _forget(self) -> None:
        self._mail = ""
        self._rcpts = []


def _unstuff(stuffed: bytes) -> bytes:
    body = stuffed.replace(b"\r\n..", b"\r\n.")
    return body[1:] if body.startswith(b"..") else body
