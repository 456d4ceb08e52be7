"""HTTP servers whose misbehaviour is data; what they answer is for their kinds to say."""

from __future__ import annotations

import asyncio
import json
import re
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any, Final, Self

HANG: Final = b"\0hang"
"""As an answer: nothing comes."""
BROKEN_OFF: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"
"""An answer after which the server hangs up."""
ENDLESS: Final = b"\0endless"
"""As an answer: a body that never ends."""


class WebDouble(ABC):
    """Enter it on the loop of the test. Its answers are whole HTTP responses."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self.heard: list[str] = []

    @abstractmethod
    def _answer(self, path: str, body: bytes) -> bytes: ...

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._talk(reader, writer)
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            body = await reader.readexactly(int(length[1])) if length else b""
            answer = self._answer(head.split(b" ")[1].decode(), body)
            if answer == HANG:
                await reader.read()
                break
            if answer == ENDLESS:
                await self._drip(writer)
            writer.write(answer)
            await writer.drain()
            if answer == BROKEN_OFF:
                break

    async def _drip(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b"[" * 65536 + b"\r\n")
            await writer.drain()


def response(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def document(value: object) -> bytes:
    return response(json.dumps(value).encode())
