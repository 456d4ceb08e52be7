"""A mail server that notes every final dot, and asks the test before each step whether and when to go on.

    async with RecordingSink(after_dot=hang) as sink:
        ... hand mail to sink.port ...
    assert sink.taken["bob@example.net"] == 1

Where failures are a table, `tests.doubles.smarthost` says them shorter; here they may depend on time and chance.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_LARGEST_BODY = 64 << 20
_EXTENSIONS = ("PIPELINING", "SIZE 67108864", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN")


@dataclass(slots=True)
class Transaction:
    """`client` is what EHLO said. `dotted` is true once the final dot was seen, `dropped` when the client had gone
    without sending it; `answer` is what was said to the dot, None as long as nothing was."""

    number: int
    client: str
    recipients: tuple[str, ...]
    body: bytes = b""
    dotted: bool = False
    dropped: bool = False
    answer: str | None = None

    @property
    def taken(self) -> bool:
        """Whether this server has the message, or would have: it saw the dot and did not refuse."""
        return self.dotted and (self.answer is None or self.answer.startswith("2"))

    @property
    def refused_for_good(self) -> bool:
        return self.dotted and self.answer is not None and self.answer.startswith("5")


async def at_once(transaction: Transaction) -> None:
    """Goes on without waiting."""


async def take(transaction: Transaction) -> str:
    return f"250 2.0.0 taken as {transaction.number}"


async def hang(transaction: Transaction) -> str:
    """Never goes on."""
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


class RecordingSink:
    """Listens on a free port of 127.0.0.1. `before_354` and `after_dot` may wait as long as they like."""

    def __init__(
        self,
        before_354: Callable[[Transaction], Awaitable[object]] = at_once,
        after_dot: Callable[[Transaction], Awaitable[str]] = take,
    ) -> None:
        self.before_354 = before_354
        self.after_dot = after_dot
        self.transactions: list[Transaction] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    @property
    def taken(self) -> Counter[str]:
        """How often each recipient's copy was received completely and not refused."""
        return Counter(each for one in self.transactions if one.taken for each in one.recipients)

    @property
    def refused_for_good(self) -> set[str]:
        return {each for one in self.transactions if one.refused_for_good for each in one.recipients}

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._begin, "127.0.0.1", self.port, limit=_LARGEST_BODY)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        sessions = list(self._sessions)
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._converse(reader, writer)
        finally:
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipients: list[str] = []
        client = ""

        def say(*lines: str) -> None:
            writer.write("".join(f"{line}\r\n" for line in lines).encode())

        say("220 sink.example")
        while True:
            line = (await reader.readuntil(b"\r\n")).decode()
            match line[:4].upper():
                case "EHLO":
                    client = line[5:].strip()
                    say("250-sink.example", *(f"250-{word}" for word in _EXTENSIONS[:-1]), f"250 {_EXTENSIONS[-1]}")
                case "RCPT":
                    recipients.append(line.partition("<")[2].rpartition(">")[0])
                    say("250 2.1.5 ok")
                case "DATA":
                    transaction = Transaction(len(self.transactions) + 1, client, tuple(recipients))
                    self.transactions.append(transaction)
                    recipients = []
                    await self.before_354(transaction)
                    say("354 go on")
                    await self._take_body(reader, transaction)
                    answer = await self.after_dot(transaction)
                    transaction.answer = answer
                    say(answer)
                case "QUIT":
                    return
                case _:
                    recipients = []
                    say("250 2.0.0 ok")

    async def _take_body(self, reader: asyncio.StreamReader, transaction: Transaction) -> None:
        try:
            body = await reader.readuntil(b"\r\n")
            if body != b".\r\n":
                while not body.endswith(b"\r\n.\r\n"):
                    body += await reader.readuntil(b"\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            transaction.dropped = True
            raise
        transaction.body = body[:-3].replace(b"\r\n..", b"\r\n.")
        transaction.dotted = True
