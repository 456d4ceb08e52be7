"""An IMAP server with one message in it, whose misbehaviour is data: answers to commands, replaced by others."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Final, Self

MESSAGE_ID: Final = "<one@example.com>"
HEADER: Final = f"From: a@example.com\r\nMessage-ID: {MESSAGE_ID}\r\n\r\n".encode()
HANG: Final = b"\0hang"
"""In an answer: nothing comes after it."""
CLOSE: Final = b"\0close"
"""In an answer: the connection ends there."""
ENDLESS: Final = b"\0endless"
"""In an answer: what comes after it is repeated until nobody reads any more."""
CAPABILITIES: Final = b"IMAP4rev1 UIDPLUS CONDSTORE ESEARCH NAMESPACE"

_LOOK: Final = (
    b'* 1 FETCH (UID 5 FLAGS () MODSEQ (8) INTERNALDATE " 3-Nov-2026 04:05:06 +0000" RFC822.SIZE 100 '
    b"BODY[HEADER]<0> {%d}\r\n%b)\r\nTAG OK\r\n" % (len(HEADER), HEADER)
)
SELECTED: Final = (
    b"* OK [UIDVALIDITY 7] .\r\n* OK [HIGHESTMODSEQ 9] .\r\n* OK [PERMANENTFLAGS (\\Deleted \\Seen \\*)] .\r\n"
    b"TAG OK [READ-WRITE] selected\r\n"
)
_ANSWERS: Final[Mapping[str, bytes]] = {
    "greeting": b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hello\r\n",
    "AUTHENTICATE": b"TAG OK [CAPABILITY " + CAPABILITIES + b"] in\r\n",
    "CAPABILITY": b"* CAPABILITY " + CAPABILITIES + b"\r\nTAG OK\r\n",
    "LIST": b'* LIST () "/" INBOX\r\nTAG OK\r\n',
    "NAMESPACE": b'* NAMESPACE (("" "/")) NIL NIL\r\nTAG OK\r\n',
    "EXAMINE": SELECTED,
    "SELECT": SELECTED,
    "SEARCH": b'* ESEARCH (TAG "x") UID ALL 5\r\nTAG OK\r\n',
    "HEADERS": _LOOK,
    "BODY": b"* 1 FETCH (UID 5 BODY[] {5}\r\nhello)\r\nTAG OK\r\n",
    "FLAGS": b"* 1 FETCH (UID 5 FLAGS () MODSEQ (8))\r\nTAG OK\r\n",
    "STORE": b"* 1 FETCH (UID 5 MODSEQ (10))\r\nTAG OK stored\r\n",
    "EXPUNGE": b"* 1 EXPUNGE\r\nTAG OK expunged\r\n",
    "AFTER": b"TAG OK\r\n",
    "APPEND": b"TAG OK [APPENDUID 7 6] appended\r\n",
    "LOGOUT": b"* BYE\r\nTAG OK\r\n",
}
"""`FLAGS` is the answer to a look at the flags, and `AFTER` the same once EXPUNGE was answered."""


class ImapDouble:
    """Enter it on the loop of the test. `heard` holds the commands in order, without their tags."""

    def __init__(self, changes: Mapping[str, bytes] | None = None) -> None:
        self._answers = {**_ANSWERS, **(changes or {})}
        self._tasks: set[asyncio.Task[None]] = set()
        self.heard: list[bytes] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        expunged = False
        try:
            await self._say(writer, b"*", "greeting")
            while line := await reader.readline():
                tag, _, command = line.rstrip(b"\r\n").partition(b" ")
                while literal := re.search(rb"\{(\d+)\+?\}$", command):
                    writer.write(b"+ go on\r\n")
                    command += await reader.readexactly(int(literal[1])) + (await reader.readline()).rstrip()
                self.heard.append(command)
                name = _name(command, expunged)
                expunged = expunged or name == "EXPUNGE"
                await self._say(writer, tag, name)
        except (OSError, EOFError):
            pass
        finally:
            writer.transport.abort()

    async def _say(self, writer: asyncio.StreamWriter, tag: bytes, name: str) -> None:
        text = self._answers[name].replace(b"TAG", tag)
        for part in re.split(rb"(\0(?:hang|close|endless))", text):
            if part == HANG:
                await asyncio.get_running_loop().create_future()
            elif part == CLOSE:
                await writer.drain()
                raise EOFError
            elif part == ENDLESS:
                rest = text.partition(ENDLESS)[2]
                while True:
                    writer.write(rest)
                    await writer.drain()
            else:
                writer.write(part)
        await writer.drain()


def _name(command: bytes, expunged: bool) -> str:
    words = command.upper().split()
    if words[0] != b"UID":
        return words[0].decode()
    if words[1] != b"FETCH":
        return words[1].decode()
    if b"HEADER" in command:
        return "HEADERS"
    if b"BODY" in command:
        return "BODY"
    return "AFTER" if expunged else "FLAGS"
