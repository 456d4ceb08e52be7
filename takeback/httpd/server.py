"""The HTTP server: uvicorn on the gateway's own event loop, ended when the gateway ends."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from takeback.errors import ConfigError
from takeback.httpd.services import Services
from takeback.httpd.settings import HttpSettings

HEADER_SECONDS = 15
"""How long a client may take to say what it wants; and before that, for TLS."""
READING_SECONDS = 60
"""How long a client may take nothing of an answer that waits for it."""
CONNECTIONS = 1000
"""Open at once; one more is answered with 503."""
_STOP_SECONDS = 5
_BACKLOG = 512

Endpoint = tuple[str, int]

log = structlog.get_logger("http")


def tls_context(settings: HttpSettings) -> ssl.SSLContext | None:
    """What the server shows of itself; None where it speaks plain HTTP. Raises ConfigError."""
    if settings.certificate is None or settings.key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, settings.certificate, settings.key)
    return context


def _load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"http.certificate, http.key: {certificate} and {key} cannot be used: {reason}") from None


class HttpServer:
    """Serves one application. Its settings but for the certificate are those of the start until a restart."""

    def __init__(self, app: FastAPI, settings: HttpSettings) -> None:
        self.app = app
        self._settings = settings
        self._tls = tls_context(settings)
        self._sockets: list[socket.socket] = []
        self._server = _Server(self._configuration())
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> list[Endpoint]:
        """Afterwards clients are served. Returns the endpoints with the port that was found where 0 was asked for.
        Raises ConfigError where a place is taken."""
        for host, port in self._settings.listen:
            self._sockets.append(_bind(host, port))
        self._task = asyncio.create_task(self._server.serve(self._sockets))
        await self._server.listening.wait()
        return [
            (host, each.getsockname()[1]) for (host, _), each in zip(self._settings.listen, self._sockets, strict=True)
        ]

    def take(self, services: Services) -> None:
        """Afterwards new requests and new connections go by these services. Raises ConfigError for a certificate
        that cannot be used, having changed nothing."""
        settings = services.settings
        tls_context(settings)  # tried first: a key that does not fit would spoil the context that is in use
        if self._tls is not None and settings.certificate is not None and settings.key is not None:
            _load(self._tls, settings.certificate, settings.key)
        self.app.state.services = services

    async def stop(self) -> None:
        """Afterwards nobody is served; what was under way had a few seconds to end."""
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def _configuration(self) -> uvicorn.Config:
        return uvicorn.Config(
            self.app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            log_level="critical",
            server_header=False,
            proxy_headers=bool(self._settings.trusted_proxies),
            forwarded_allow_ips=[str(network) for network in self._settings.trusted_proxies],
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=_STOP_SECONDS,
            ssl_context_factory=self._context if self._tls is not None else None,
        )

    def _context(self, _config: uvicorn.Config, _default: object) -> ssl.SSLContext:
        assert self._tls is not None
        return self._tls


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does it, but that a client has no more time for TLS than for a request."""
        await self.lifespan.startup()
        loop, tls = asyncio.get_running_loop(), self.config.ssl
        patience = HEADER_SECONDS if tls is not None else None
        self.servers = [
            await loop.create_server(self._protocol, sock=each, ssl=tls, ssl_handshake_timeout=patience)
            for each in sockets or ()
        ]
        self.started = True
        self.listening.set()

    def _protocol(self) -> asyncio.Protocol:
        return _Protocol(self.config, self.server_state, self.lifespan.state)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the gateway's."""
        yield


class _Protocol(H11Protocol):
    """Closes connections on which a request does not arrive, or an answer is not taken; uvicorn waits for ever."""

    _deadline: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        self._goes_on()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stuck is None:
            self._stuck = self.loop.call_later(READING_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        self._goes_on()
        super().resume_writing()

    def _goes_on(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _watch(self) -> None:
        """A request under way has times of its own (takeback.httpd.guard)."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._unwatch()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEADER_SECONDS, self._give_up)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ConfigError(f"http.listen: cannot listen on {host}:{port}: {error.strerror or error}") from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setblocking(False)
        listening.bind(place)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(f"http.listen: cannot listen on {host}:{port}: {reason}") from None
    return listening
