"""What stands between the socket and every handler: host, sizes, times, headers, one line in the log.

Written against ASGI itself, so that answers of any length pass through as they come.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from takeback.httpd.problems import Code, Problem
from takeback.httpd.settings import HttpSettings, is_loopback
from takeback.ids import new_token

LARGEST_BODY = 1 << 20
"""Octets of a request. Nothing that people or programs send here is larger."""
BODY_SECONDS = 30.0
"""How long a request may take to arrive, everything together."""
OPEN_TO_ANY_HOST = ("/api/v1/health", "/metrics", "/mail/config-v1.1.xml", "/.well-known/autoconfig/")
"""What load balancers and mail programs ask for under names of their own, and what holds nothing personal."""

_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Set where the handler has not set them itself."""
_TRANSPORT = ("Strict-Transport-Security", "max-age=31536000")

NEW_COOKIES = "new_cookies"
"""In the request's state: cookies to set, whatever kind of answer the handler gives (takeback.httpd.cookies)."""

log = structlog.get_logger("http")


class Guard:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        settings: HttpSettings = scope["app"].state.services.settings  # those of now: they may change while it runs
        answer = _Answer(scope, send, settings.secure)
        scope.setdefault("state", {})["request_id"] = answer.id
        headers = Headers(scope=scope)
        try:
            _check_host(scope, headers, settings.url.partition("://")[2])
            await self._app(scope, _Body(receive, headers).receive, answer.send)
        except Problem as problem:
            if answer.status:
                raise
            await problem.response()(scope, receive, answer.send)
        finally:
            answer.tell()


def _check_host(scope: Scope, headers: Headers, ours: str) -> None:
    """A page elsewhere whose name was made to mean this machine must not be answered (DNS rebinding)."""
    host = headers.get("host", "").lower()
    if host == ours or scope["path"].startswith(OPEN_TO_ANY_HOST):
        return
    client = scope.get("client")
    if client and all(map(is_loopback, (client[0], _name(host), _name(ours)))):
        return
    raise Problem(Code.WRONG_HOST)


def _name(host: str) -> str:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return name.strip("[]")


class _Body:
    """What is received, as long as it is not too much and does not take too long."""

    def __init__(self, receive: Receive, headers: Headers) -> None:
        self._receive = receive
        self._left = LARGEST_BODY
        self._deadline = time.monotonic() + BODY_SECONDS
        self._complete = False
        length = headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length[:12]) > LARGEST_BODY:
            raise Problem(Code.TOO_LARGE)

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout(max(0.0, self._deadline - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            raise Problem(Code.TIMEOUT, headers={"Connection": "close"}) from None
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise Problem(Code.TOO_LARGE)
        self._complete = not message.get("more_body", False)
        return message


class _Answer:
    """What is sent, with the headers that every answer has; and what there is to tell of it."""

    def __init__(self, scope: Scope, send: Send, secure: bool) -> None:
        self.id = new_token()
        self.status = 0
        self._scope = scope
        self._send = send
        self._secure = secure
        self._began = time.monotonic()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if self._secure:
                headers.setdefault(*_TRANSPORT)
            headers["X-Request-Id"] = self.id
            for cookie in self._scope["state"].get(NEW_COOKIES, ()):
                headers.append("Set-Cookie", cookie)
        await self._send(message)

    def tell(self) -> None:
        """The path without its query, which may hold a secret, and without what stands after /link/, which is one."""
        path = self._scope["path"]
        if path.startswith("/link/"):
            path = "/link/…"
        client = self._scope.get("client")
        log.info(
            "request",
            id=self.id,
            method=self._scope["method"],
            path=path[:200],
            status=self.status,
            client=client[0] if client else "",
            milliseconds=round((time.monotonic() - self._began) * 1000),
        )
