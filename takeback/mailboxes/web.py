"""HTTP for connectors: one client a server, bounded answers, and what goes wrong in the words of the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Container
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx

from takeback.clock import SECOND
from takeback.mailboxes.imap.opening import tls_context
from takeback.mailboxes.settings import MailboxSettings
from takeback.ports.mailbox import MailboxRefused, MailboxUnavailable
from takeback.secrets import SecretUnavailable, read_password

LARGEST_ANSWER = 32 << 20
"""Octets of an answer that is read whole."""
_TRANSIENT = frozenset({408, 425, 429})


class WebServer:
    """A server that is spoken to over HTTP. Connections are kept and used again, never more than were allowed."""

    def __init__(self, settings: MailboxSettings) -> None:
        """Raises ConfigError where `ca_file` cannot be used."""
        self.name = urlsplit(settings.url).netloc
        self._settings = settings
        limits = httpx.Limits(max_connections=settings.connections, max_keepalive_connections=settings.connections)
        timeout = httpx.Timeout(settings.command_timeout / SECOND, connect=settings.connect_timeout / SECOND)
        self._client = httpx.AsyncClient(
            base_url=settings.url, verify=tls_context(settings), limits=limits, timeout=timeout, trust_env=False
        )

    async def password(self) -> str:
        try:
            return await read_password(self._settings)
        except SecretUnavailable as error:
            raise MailboxRefused(f"no login at {self.name}: {error}") from None

    @asynccontextmanager
    async def asked(
        self, request: httpx.Request, *, redirects: bool = False, expected: Container[int] = ()
    ) -> AsyncIterator[httpx.Response]:
        """The answer, its body still to be read. Raises MailboxUnavailable and MailboxRefused for all but success, for
        redirects unless the caller sees to them, and but for the statuses that the caller knows the meaning of."""
        try:
            response = await self._client.send(request, stream=True)
            try:
                seen_to = redirects and response.has_redirect_location
                if not seen_to and response.status_code not in expected:
                    self._check(response)
                yield response
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise MailboxUnavailable(f"{self.name}: {error or type(error).__name__}") from None

    def request(self, method: str, url: str, **arguments: object) -> httpx.Request:
        """Raises MailboxUnavailable where the address, which may be the server's, is none."""
        try:
            return self._client.build_request(method, url, **arguments)  # type: ignore[arg-type]
        except httpx.InvalidURL as error:
            raise MailboxUnavailable(f"{self.name}: {error}") from None

    async def body(self, response: httpx.Response) -> bytes:
        """The whole of it. Raises MailboxUnavailable where it is larger than anything that was asked for."""
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > LARGEST_ANSWER:
                raise MailboxUnavailable(f"{self.name} answers without end")
        return bytes(body)

    async def close(self) -> None:
        await self._client.aclose()

    def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        if status in (401, 403):
            raise MailboxRefused(f"{self.name} refused the login (HTTP {status})")
        if status >= 500 or status in _TRANSIENT:
            raise MailboxUnavailable(f"{self.name} cannot answer now (HTTP {status})")
        if not response.is_success:
            raise MailboxRefused(f"{self.name} does not understand (HTTP {status})")
