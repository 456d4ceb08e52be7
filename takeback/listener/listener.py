"""The sockets: where clients connect, how many may, and how it ends."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from takeback import figures
from takeback.errors import ConfigError
from takeback.listener.connection import Connection, Service
from takeback.smtp.replies import Reply

_FULL = Reply.of(421, "4.3.2", "Too many connections; try again later")
_FULL_FOR_YOU = Reply.of(421, "4.7.0", "Too many connections from your address; close some")
_BACKLOG = 512

Endpoint = tuple[str, int]


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """What the server shows of itself. Raises ConfigError where the files cannot be used."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"smtp.certificate, smtp.key: {certificate} and {key} cannot be used: {reason}") from None
    return context


class Listener:
    """Serves `service` on its endpoints. `service` may be replaced; sessions under way keep the one they have."""

    def __init__(self, service: Service, connections: int, connections_per_address: int) -> None:
        self.service = service
        self.connections = connections
        self.connections_per_address = connections_per_address
        self._servers: list[asyncio.Server] = []
        self._open: set[Connection] = set()
        self._per_address: Counter[str] = Counter()

    async def listen(self, endpoints: Sequence[Endpoint], tls: ssl.SSLContext | None) -> list[Endpoint]:
        """Afterwards clients are served there; with `tls`, from the first byte. Returns the endpoints with the port
        that was found where 0 was asked for. Raises ConfigError where the place is taken."""
        bound = []
        for host, port in endpoints:
            try:
                server = await asyncio.get_running_loop().create_server(
                    lambda: Connection(self.service, self, tls is not None), host, port, ssl=tls, backlog=_BACKLOG
                )
            except OSError as error:
                # The event loop puts a sentence of its own into strerror; getaddrinfo's numbers are no errno.
                reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or error
                raise ConfigError(f"cannot listen on {host}:{port}: {reason}") from None
            self._servers.append(server)
            bound.append((host, server.sockets[0].getsockname()[1]))
        return bound

    async def stop(self, limit_seconds: float) -> None:
        """Afterwards nobody is served: new clients at once, old ones when they have had their answer, or after the
        limit."""
        for server in self._servers:
            server.close()
        sessions = [connection.stop() for connection in self._open]
        if sessions:
            await asyncio.wait(sessions, timeout=limit_seconds)
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    def admit(self, connection: Connection) -> Reply:
        client = connection.client
        if len(self._open) >= self.connections:
            greeting = _FULL
        elif self._per_address[client] >= self.connections_per_address:
            greeting = _FULL_FOR_YOU
        else:
            greeting = Reply.of(220, None, f"{self.service.hostname} ESMTP Takeback")
        self._open.add(connection)
        self._per_address[client] += 1
        figures.SESSIONS.set(len(self._open))
        return greeting

    def ended(self, connection: Connection) -> None:
        self._open.discard(connection)
        self._per_address[connection.client] -= 1
        if not self._per_address[connection.client]:
            del self._per_address[connection.client]
        figures.SESSIONS.set(len(self._open))
