"""Opens a connection until a mailbox can be worked on: connect, greeting, TLS, login, capabilities."""

from __future__ import annotations

import asyncio
import base64
import ssl

from takeback.clock import SECOND
from takeback.errors import ConfigError
from takeback.imap_url import Encryption, parse_imap_url
from takeback.mailboxes.imap.connection import Connection
from takeback.mailboxes.imap.responses import Response
from takeback.mailboxes.imap.session import Answer, Command, Continuation, string
from takeback.mailboxes.names import user_name
from takeback.mailboxes.settings import MailboxSettings
from takeback.ports.mailbox import MailboxRefused, MailboxUnavailable
from takeback.secrets import SecretUnavailable, read_password

NEEDED = ("UIDPLUS", "CONDSTORE")
"""Without UIDPLUS others' deletions would be carried out too, without CONDSTORE no removal could be conditional."""
_IMPLYING = {"QRESYNC": "CONDSTORE", "IMAP4REV2": "UIDPLUS"}
_PASSING = frozenset({b"UNAVAILABLE", b"SERVERBUG", b"LIMIT", b"INUSE", b"CONTACTADMIN"})
"""Response codes of a NO to a login that says nothing on whether it will be refused tomorrow (RFC 5530 §3)."""


class Opener:
    """Opens connections to one server."""

    def __init__(self, settings: MailboxSettings) -> None:
        """Raises ConfigError where `ca_file` cannot be used."""
        self._settings = settings
        self._server = parse_imap_url(settings.url)
        self._context = tls_context(settings)
        self.name = f"{self._server.host}:{self._server.port}"

    async def open(self, address: str) -> tuple[Connection, frozenset[str]]:
        """A connection that is logged in to the mailbox of that address, and what the server can do there. Raises
        MailboxUnavailable, MailboxRefused."""
        connection, capabilities = await self.log_in(address)
        missing = [each for each in NEEDED if each not in capabilities]
        if missing:
            connection.leave()
            raise MailboxRefused(f"{self.name} lacks {' and '.join(missing)}: nothing can be removed safely there")
        return connection, capabilities

    async def log_in(self, address: str) -> tuple[Connection, frozenset[str]]:
        """The same, whatever the server can do."""
        identity = self._identity(address)
        password = await self._password()
        try:
            async with asyncio.timeout(self._settings.connect_timeout / SECOND):
                return await self._open(identity, password)
        except TimeoutError:
            raise MailboxUnavailable(f"{self.name} does not answer") from None
        except ssl.SSLCertVerificationError as error:
            raise MailboxRefused(f"the certificate of {self.name} is not good: {error.verify_message}") from None
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise MailboxUnavailable(f"no connection to {self.name}: {reason}") from None

    def _identity(self, address: str) -> tuple[str, str]:
        """Whom to act for (empty: whom the login names), and who logs in."""
        template, master = self._settings.login_template, self._settings.username
        if template.startswith("authzid"):
            return user_name(template.partition(":")[2] or "{user}", address, master), master
        return "", user_name(template, address, master)

    async def _password(self) -> str:
        try:
            return await read_password(self._settings)
        except SecretUnavailable as error:
            raise MailboxRefused(f"no login at {self.name}: {error}") from None

    async def _open(self, identity: tuple[str, str], password: str) -> tuple[Connection, frozenset[str]]:
        server = self._server
        implicit = server.encryption is Encryption.IMPLICIT
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(self.name, self._settings.command_timeout),
            server.host,
            server.port,
            ssl=self._context if implicit else None,
        )
        try:
            capabilities = capabilities_in(await connection.greeting())
            if server.encryption is Encryption.STARTTLS:
                capabilities = await self._start_tls(connection)
            if not capabilities:
                capabilities = await self._ask(connection)
            answer = await self._log_in(connection, capabilities, identity, password)
            capabilities = capabilities_in(answer.status) or await self._ask(connection)
        except BaseException:
            connection.abort()
            raise
        connection.session.non_synchronizing = bool({"LITERAL+", "LITERAL-"} & capabilities)
        implied = {implied for word, implied in _IMPLYING.items() if word in capabilities}
        return connection, capabilities | implied

    async def _start_tls(self, connection: Connection) -> frozenset[str]:
        (answer,) = await connection.run(Command.of(b"STARTTLS"))
        if not answer.ok:
            raise MailboxRefused(f"{self.name} refused STARTTLS, and a password does not go without: {answer.words}")
        await connection.start_tls(self._context, self._server.host)
        return frozenset()

    async def _ask(self, connection: Connection) -> frozenset[str]:
        (answer,) = await connection.run(Command.of(b"CAPABILITY"))
        return frozenset().union(*map(capabilities_in, answer.named(b"CAPABILITY")))

    async def _log_in(
        self, connection: Connection, capabilities: frozenset[str], identity: tuple[str, str], password: str
    ) -> Answer:
        acting_for, user = identity
        (answer,) = await connection.run(self._login(capabilities, acting_for, user, password))
        if answer.ok:
            return answer
        code = f" [{answer.status.code.decode()}]" if answer.status.code else ""  # its text may quote what was sent
        who = f"{user} for {acting_for}" if acting_for else user
        reason = f"{self.name} refused the login of {who}{code}"
        if answer.status.code in _PASSING:
            raise MailboxUnavailable(reason)
        raise MailboxRefused(reason)

    def _login(self, capabilities: frozenset[str], acting_for: str, user: str, password: str) -> Command:
        """AUTHENTICATE PLAIN where it is offered, for it carries any octets and an authorization identity."""
        if "AUTH=PLAIN" in capabilities:
            response = base64.b64encode(b"\0".join(each.encode() for each in (acting_for, user, password)))
            if "SASL-IR" in capabilities:
                return Command.of(b"AUTHENTICATE PLAIN " + response)
            return Command.of(b"AUTHENTICATE PLAIN", Continuation(response))
        if acting_for or "LOGINDISABLED" in capabilities:
            raise MailboxRefused(f"{self.name} does not offer AUTHENTICATE PLAIN")
        return Command.of(b"LOGIN ", string(user.encode()), b" ", string(password.encode()))


def capabilities_in(response: Response) -> frozenset[str]:
    """What the server can do, where this response says so, in upper case."""
    if response.name == b"CAPABILITY":
        return frozenset(each.decode("ascii", "replace").upper() for each in response.values if isinstance(each, bytes))
    if response.code == b"CAPABILITY":
        return frozenset(response.code_text.decode("ascii", "replace").upper().split())
    return frozenset()


def tls_context(settings: MailboxSettings) -> ssl.SSLContext:
    """Verifies against `ca_file`, else the system's authorities. Raises ConfigError where the file cannot be used."""
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise ConfigError(f"mailboxes.ca_file: {settings.ca_file} cannot be used: {error}") from None
