"""A bare IMAP client: a command goes out, lines come back. It shares no code with the connector."""

from __future__ import annotations

import asyncio
import socket
from typing import Self


class PlainImap:
    """One connection. Answers must hold no literals."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._count = 0

    @classmethod
    async def log_in(cls, port: int, user: str, password: str) -> Self:
        client = cls(*await asyncio.open_connection("127.0.0.1", port))
        await client._reader.readline()
        await client.say(f'LOGIN {user} "{password}"')
        return client

    async def say(self, *commands: str) -> list[list[bytes]]:
        """The lines that came for each command, its tagged answer last. All are sent at once."""
        tags = []
        for command in commands:
            self._count += 1
            tags.append(f"p{self._count} ".encode())
            self._writer.write(tags[-1] + command.encode() + b"\r\n")
        return [await self._lines(tag) for tag in tags]

    async def _lines(self, tag: bytes) -> list[bytes]:
        lines: list[bytes] = []
        while not lines or not lines[-1].startswith(tag):
            self._acknowledge_at_once()
            line = await self._reader.readline()
            if not line:
                raise EOFError
            lines.append(line)
        return lines

    def _acknowledge_at_once(self) -> None:
        """Some servers wait for it in the middle of an answer, and would lose every race."""
        quick_ack = getattr(socket, "TCP_QUICKACK", None)
        if quick_ack is not None:
            self._writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, quick_ack, 1)

    def close(self) -> None:
        self._writer.transport.abort()
