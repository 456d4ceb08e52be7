"""An IMAP server on loopback that knows a few passwords and misbehaves as told. Its failures are data."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

HANG = b"\0hang"
"""In place of an answer: say nothing, and keep the connection open."""
ENDLESS = b"\0endless"
"""In place of an answer: talk for as long as the client listens, and never end the line."""
CLOSE = b"\0close"
"""In place of an answer: close the connection."""


@dataclass
class ImapDouble:
    """What it says, and what it heard. `says` replaces the usual answer to a command (or to `connect`)."""

    passwords: dict[str, str] = field(default_factory=dict)
    capabilities: bytes = b"IMAP4rev1 AUTH=PLAIN SASL-IR"
    greeting_tells_capabilities: bool = False
    says: dict[str, bytes] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    injected_before_tls: bytes = b""
    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    logins: int = 0
    open_connections: int = 0
    most_connections: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ImapDouble]:
        sessions: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            sessions.add(task)
            self.open_connections += 1
            self.most_connections = max(self.most_connections, self.open_connections)
            try:
                await _Session(self, reader, writer).run()
            except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
                pass  # the client left, which is its right
            finally:
                self.open_connections -= 1
                writer.transport.abort()

        context = self.tls if self.implicit_tls else None
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            if sessions:
                await asyncio.wait(sessions, timeout=5)  # they hear what clients that have left said last
            for session in sessions:
                session.cancel()
            await asyncio.gather(*sessions, return_exceptions=True)
            await server.wait_closed()


class _Session:
    def __init__(self, double: ImapDouble, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.double = double
        self.reader = reader
        self.writer = writer

    async def run(self) -> None:
        code = b"[CAPABILITY %s] " % self.double.capabilities if self.double.greeting_tells_capabilities else b""
        await self.say(self.double.says.get("connect", b"* OK %sready" % code))
        while command := await self.hear():
            tag, _, rest = command.partition(b" ")
            name = rest.split(b" ")[0].decode().upper()
            if name in self.double.says:
                await self.say(self.double.says[name].replace(b"TAG", tag))
            else:
                await self.usual_answer(tag, name, rest)

    async def usual_answer(self, tag: bytes, name: str, rest: bytes) -> None:
        match name:
            case "CAPABILITY":
                await self.say(b"* CAPABILITY %s\r\n%s OK done" % (self.double.capabilities, tag))
            case "STARTTLS":
                assert self.double.tls is not None
                await self.say(b"%s OK go ahead%s" % (tag, self.double.injected_before_tls))
                await self.writer.start_tls(self.double.tls)
            case "AUTHENTICATE":
                initial = rest.split(b" ")[2:]
                if not initial:
                    await self.say(b"+ ")
                _, user, password = base64.b64decode(initial[0] if initial else await self.hear()).split(b"\0")
                await self.judge(tag, user, password)
            case "LOGIN":
                user, more = await self.literal(rest)
                password, _ = await self.literal(more)
                await self.judge(tag, user, password)
            case "LOGOUT":
                await self.say(b"* BYE\r\n%s OK" % tag)
                await self.say(CLOSE)
            case _:
                await self.say(b"%s BAD unknown" % tag)

    async def judge(self, tag: bytes, user: bytes, password: bytes) -> None:
        self.double.logins += 1
        right = self.double.passwords.get(user.decode())
        accepted = right is not None and right.encode() == password
        usual = b"TAG OK welcome" if accepted else b"TAG NO [AUTHENTICATIONFAILED] wrong"
        await self.say(self.double.says.get("password", usual).replace(b"TAG", tag))

    async def literal(self, command: bytes) -> tuple[bytes, bytes]:
        """What the literal at the end of a command holds, and the rest of the command after it."""
        length = int(command[command.rindex(b"{") + 1 : -1])
        await self.say(b"+ go on")
        return await self.reader.readexactly(length), await self.hear()

    async def hear(self) -> bytes:
        line = (await self.reader.readline()).removesuffix(b"\r\n")
        self.double.heard.append(line)
        return line

    async def say(self, answer: bytes) -> None:
        if answer == HANG:
            await self.reader.read()  # until the client leaves
            raise ConnectionResetError
        if answer == CLOSE:
            raise ConnectionResetError
        while answer == ENDLESS:
            self.writer.write(b"x" * 4096)
            await self.writer.drain()
        self.writer.write(answer + b"\r\n")
        await self.writer.drain()
