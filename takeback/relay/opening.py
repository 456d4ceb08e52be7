"""Opens a connection until mail can be handed over: connect, greeting, EHLO, TLS, login."""

from __future__ import annotations

import asyncio
import ssl

from takeback.clock import SECOND
from takeback.errors import ConfigError
from takeback.relay.connection import Connection, Trouble
from takeback.relay.destination import Server
from takeback.relay.secrets import Credentials, read_credentials
from takeback.relay.settings import RelaySettings, Tls
from takeback.secrets import SecretUnavailable
from takeback.smtp.client import Answer, ClientSession, Unasked
from takeback.smtp.client_commands import Mechanism
from takeback.smtp.replies import Reply


class TlsFailed(Trouble):
    """The server offered TLS, and it did not come about."""


class Opener:
    """Opens connections of one route."""

    def __init__(self, settings: RelaySettings, server: Server, hostname: str) -> None:
        """Raises ConfigError where `ca_file` cannot be used."""
        self._settings = settings
        self._server = server
        self._hostname = hostname
        self._context = _tls_context(settings)

    async def open(self) -> Connection:
        """A connection on which a transaction can begin. Raises Trouble with the reason in a reply of ours."""
        try:
            return await self._open(self._settings.tls)
        except TlsFailed:
            if self._settings.tls != "opportunistic":
                raise
        return await self._open("off")  # RFC 7435: better without TLS than not at all

    async def _open(self, tls: Tls) -> Connection:
        connection = await self._connect()
        try:
            await self._prepare(connection, tls)
        except BaseException:
            connection.abort()
            raise
        return connection

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        server = self._server

        def new_connection() -> Connection:
            return Connection(ClientSession(lmtp=server.scheme == "lmtp", hostname=self._hostname))

        try:
            async with asyncio.timeout(self._settings.connect_timeout / SECOND):
                if server.socket:
                    _, connection = await loop.create_unix_connection(new_connection, server.socket)
                else:
                    _, connection = await loop.create_connection(new_connection, server.host, server.port)
        except TimeoutError:
            raise Trouble(f"421 4.4.1 no connection to {server}: it does not answer") from None
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that DNS cannot carry
            reason = getattr(error, "strerror", None) or error
            raise Trouble(f"421 4.4.1 no connection to {server}: {reason}") from None
        return connection

    async def _prepare(self, connection: Connection, tls: Tls) -> None:
        if self._server.scheme == "smtps":
            await self._secure(connection)
        greeting = await self._answer(connection)
        if not greeting.positive:
            raise Trouble(f"421 4.3.2 {self._server.name} does not take mail now: {greeting.text}")
        await self._say_hello(connection)
        if self._server.scheme != "smtps" and tls != "off":
            await self._start_tls(connection, tls)
        credentials = await self._credentials()
        if credentials is not None:
            await self._log_in(connection, credentials)

    async def _say_hello(self, connection: Connection) -> None:
        connection.session.hello()
        reply = await self._answer(connection)
        if reply.permanent and self._server.scheme != "lmtp":
            connection.session.hello(extended=False)
            reply = await self._answer(connection)
        if not reply.positive:
            raise Trouble(f"421 4.3.2 {self._server.name} refused our EHLO: {reply.text}")

    async def _start_tls(self, connection: Connection, tls: Tls) -> None:
        if "STARTTLS" in connection.session.extensions:
            connection.session.starttls()
            reply = await self._answer(connection)
            if reply.positive:
                if connection.session.unread:
                    await self._answer(connection)  # raises: something stood behind the answer
                await self._secure(connection)
                connection.session.secured()
                await self._say_hello(connection)
                return
            refusal = f"{self._server.name} refused to begin it: {reply.text}"
        else:
            refusal = f"{self._server.name} does not offer it"
        if tls == "required":
            raise Trouble(f"454 4.7.0 TLS is required, and {refusal}")

    async def _secure(self, connection: Connection) -> None:
        name = self._server.name
        try:
            await connection.start_tls(self._context, self._server.host, self._settings.connect_timeout)
        except ssl.SSLCertVerificationError as error:
            raise TlsFailed(f"454 4.7.5 the certificate of {name} is not good: {error.verify_message}") from None
        except (OSError, TimeoutError) as error:
            raise TlsFailed(f"454 4.7.0 no TLS with {name}: {error}") from None

    async def _credentials(self) -> Credentials | None:
        try:
            return await read_credentials(self._settings)
        except SecretUnavailable as error:
            raise Trouble(f"454 4.7.0 no login at {self._server.name}: {error}") from None

    async def _log_in(self, connection: Connection, credentials: Credentials) -> None:
        offered = {word.upper() for word in connection.session.extensions.get("AUTH", ())}
        wanted = [Mechanism.XOAUTH2] if credentials.is_token else [Mechanism.PLAIN, Mechanism.LOGIN]
        mechanism = next((mechanism for mechanism in wanted if mechanism in offered), None)
        name, user = self._server.name, credentials.username
        if mechanism is None:
            raise Trouble(f"454 4.7.0 {name} does not offer to log in by {' or '.join(wanted)}")
        try:
            connection.session.auth(mechanism, user, credentials.secret)
        except ValueError as error:
            raise Trouble(f"454 4.7.0 no login at {name}: {error}") from None
        reply = await self._answer(connection)
        if not reply.positive:
            raise Trouble(f"454 4.7.0 {name} refused the login of {user}: {reply.text}")

    async def _answer(self, connection: Connection) -> Reply:
        """Sends what was queued; the reply to it."""
        connection.flush()
        match await connection.event(self._settings.command_timeout):
            case Answer(reply=reply):
                return reply
            case Unasked(reply=reply):
                raise Trouble(f"421 4.3.2 {self._server.name} closed the connection: {reply.text}")


def _tls_context(settings: RelaySettings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        try:
            context.load_verify_locations(settings.ca_file)
        except OSError as error:
            raise ConfigError(f"ca_file: {settings.ca_file} cannot be used: {error}") from None
    if settings.tls == "opportunistic":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
