"""A client as a program is one: keeps its session, pipelines its commands, believes nothing but replies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

SENDER = "ann@example.com"
SMALL = b"From: Ann <ann@example.com>\r\nTo: somebody\r\nSubject: hello\r\n\r\nA line.\r\n"


class Refusal(Exception):
    """The server answered something else than was hoped for."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


class Submitter:
    """One session. Its methods raise Refusal, ConnectionError or asyncio.IncompleteReadError."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    @asynccontextmanager
    async def connected(cls, port: int) -> AsyncIterator[Self]:
        """A session that has said EHLO; its connection is dropped in the end."""
        session = cls(*await asyncio.open_connection("127.0.0.1", port))
        try:
            await session.expect("220")
            session._writer.write(b"EHLO client.example\r\n")
            await session.expect("250")
            yield session
        finally:
            session._writer.transport.abort()

    async def submit(self, recipients: Sequence[str], content: bytes = SMALL, sender: str = SENDER) -> str:
        """The id under which the message was accepted: after this returned, the server has promised."""
        return (await self.offer(recipients, content, sender)).split()[2]

    async def offer(self, recipients: Sequence[str], content: bytes = SMALL, sender: str = SENDER) -> str:
        """The 250 to a message."""
        commands = [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{each}>" for each in recipients), "DATA"]
        self._writer.write("".join(f"{command}\r\n" for command in commands).encode())
        replies = [await self.reply() for _ in commands]
        if not replies[-1].startswith("354"):
            raise Refusal(next(reply for reply in replies if not reply.startswith("250")))
        self._writer.write(content + b".\r\n")
        return await self.expect("250")

    async def expect(self, code: str) -> str:
        reply = await self.reply()
        if not reply.startswith(code):
            raise Refusal(reply)
        return reply

    async def reply(self) -> str:
        """The last line of the next reply."""
        while True:
            line = (await self._reader.readuntil(b"\r\n")).decode().rstrip()
            if line[3:4] != "-":
                return line
