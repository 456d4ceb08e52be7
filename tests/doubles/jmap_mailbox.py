"""A JMAP server with one message in it, whose misbehaviour is data: answers to methods, replaced by others."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, Self

MESSAGE_ID: Final = "<one@example.com>"
RAW: Final = f"From: a@example.com\r\nMessage-ID: {MESSAGE_ID}\r\n\r\nhello".encode()
HANG: Final = b"\0hang"
"""As an answer: nothing comes."""
BROKEN_OFF: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"
"""An answer after which the server hangs up."""
ENDLESS: Final = b"\0endless"
"""As an answer: a body that never ends."""
_EMAIL: Final = {"id": "M1", "blobId": "B1", "mailboxIds": {"F1": True}, "keywords": {}, "size": len(RAW)}
_CORE: Final = "urn:ietf:params:jmap:core"
_MAIL: Final = "urn:ietf:params:jmap:mail"
SESSION: Final[Mapping[str, Any]] = {
    "apiUrl": "/api",
    "downloadUrl": "/download/{accountId}/{blobId}/{name}?type={type}",
    "uploadUrl": "/upload/{accountId}",
    "capabilities": {_CORE: {"maxSizeUpload": 1000}},
    "accounts": {"A": {"isReadOnly": False}},
    "primaryAccounts": {_MAIL: "A"},
}


class JmapDouble:
    """Answers are whole HTTP responses (bytes), or what a method's arguments are to be (anything else)."""

    def __init__(self, answers: Mapping[str, object] | None = None) -> None:
        self._answers = dict(answers or {})
        self._removed = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self.heard: list[str] = []

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

    def _answer(self, path: str, body: bytes) -> bytes:
        if path == "/api":
            return self._of_methods(json.loads(body)["methodCalls"])
        name = path.split("/")[1].split("?")[0]
        self.heard.append(name)
        if name in self._answers:
            answer = self._answers[name]
            return answer if isinstance(answer, bytes) else document(answer)
        match name:
            case ".well-known":
                return document(SESSION)
            case "download":
                return response(RAW)
            case "upload":
                return document({"blobId": "B2", "size": len(RAW)})
        return response(b"", "404 Not Found")

    def _of_methods(self, calls: list[Any]) -> bytes:
        answers = []
        for name, arguments, tag in calls:
            self.heard.append(name)
            answer = self._answers[name] if name in self._answers else self._usual(name, arguments)
            if isinstance(answer, bytes):
                return answer
            failed = isinstance(answer, dict) and "type" in answer
            answers.append(["error" if failed else name, answer, tag])
        return document({"methodResponses": answers})

    def _usual(self, name: str, arguments: dict[str, Any]) -> object:
        match name:
            case "Mailbox/get":
                return {"list": [{"id": "F1", "name": "Inbox", "parentId": None, "role": "inbox"}]}
            case "Email/get":
                return {"state": "7", "list": [] if self._removed else [_EMAIL]}
            case "Email/query":
                found = [] if "operator" in arguments["filter"] else ["M1"]
                return {"ids": found, "total": len(found)}
            case "Email/set":
                self._removed = "destroy" in arguments
                return {"newState": "8", "destroyed": ["M1"] if self._removed else [], "updated": {"M1": None}}
        return {"created": {"new": {"id": "M2"}}}


def response(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def document(value: object) -> bytes:
    return response(json.dumps(value).encode())
