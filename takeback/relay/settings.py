"""One `[[relay]]` section: for whom, from whom, where to, and how to log in there."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from takeback.clock import MINUTE, SECOND
from takeback.mail.address import Pattern, read_patterns
from takeback.quantities import DurationText, OptionalPathText, Settings
from takeback.relay.destination import Destination, Folder, parse_destination
from takeback.relay.routes import Condition
from takeback.secrets import PASSWORD_KEYS, check_one_secret

Tls = Literal["required", "opportunistic", "off"]


def _read_destination(value: object) -> object:
    return parse_destination(value) if isinstance(value, str) else value


_Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(read_patterns)]
_SECRET_KEYS = (*PASSWORD_KEYS, "token_command")


class RelaySettings(Settings):
    """Complete and consistent once read. Secrets are named here and read at use; none shows in its repr."""

    recipients: _Patterns = Field((), alias="for")
    """Patterns for the recipient. Left out: any."""
    senders: _Patterns = Field((), alias="from")
    """Patterns for the envelope sender. Left out: any."""
    to: Annotated[Destination, BeforeValidator(_read_destination)]
    """`smtp://host:25`, `smtps://host:465`, `lmtp://host:24`, `lmtp:///unix/socket` or `maildir:///folder/{user}`
    (`{user}`: local part, `{address}`: all of it)."""
    tls_wish: Tls | None = Field(None, alias="tls")
    """`required` (STARTTLS with a certificate that is verified), `opportunistic` (TLS if it comes about,
    unverified) or `off`. Left out: `required` with a user name or `smtps://`, `off` for a socket or Maildir, else
    `opportunistic`."""
    username: str = ""
    """Who logs in. Needs one of the five keys below."""
    password: SecretStr | None = None
    """The password itself. Better in a file."""
    password_file: OptionalPathText = None
    """A file whose first line is the password; read at each login."""
    password_command: str | None = Field(None, repr=False)
    """A shell command whose first line of output is the password; it has 30 seconds."""
    password_env: str | None = None
    """The environment variable that holds the password."""
    token_command: str | None = Field(None, repr=False)
    """A shell command whose first line of output is an OAuth access token, used with XOAUTH2."""
    ca_file: OptionalPathText = None
    """PEM file of an authority to trust beside the system's."""
    connections: int = Field(20, ge=1, le=1000)
    """How many at once; twice as many messages are under way on this route."""
    connect_timeout: DurationText = Field(30 * SECOND, ge=SECOND)
    """For the connection, and for the TLS handshake."""
    command_timeout: DurationText = Field(5 * MINUTE, ge=SECOND)
    """For the answer to each command."""
    answer_timeout: DurationText = Field(10 * MINUTE, ge=SECOND)
    """How long the answer to the final dot may take (RFC 5321 §4.5.3.2.6)."""

    @property
    def tls(self) -> Tls:
        """What was asked for, or the default: a password never goes over a line that was not verified."""
        if self.tls_wish is not None:
            return self.tls_wish
        if isinstance(self.to, Folder) or self.to.socket:
            return "off"
        return "required" if self.username or self.to.scheme == "smtps" else "opportunistic"

    @property
    def condition(self) -> Condition:
        """Whose copies go this way."""
        return Condition(self.recipients, self.senders)

    @model_validator(mode="after")
    def _check_login(self) -> Self:
        check_one_secret(self, _SECRET_KEYS)
        return self

    @model_validator(mode="after")
    def _check_transport(self) -> Self:
        if isinstance(self.to, Folder):
            if self.tls_wish or self.username or self.ca_file:
                raise ValueError("a maildir needs no tls, ca_file or username; remove them")
            return self
        if self.to.scheme == "smtps" and self.tls_wish not in (None, "required"):
            raise ValueError("smtps:// is verified TLS from the first byte; remove tls, or write smtp://")
        if self.to.socket and self.tls_wish not in (None, "off"):
            raise ValueError("a unix socket has no TLS; remove tls")
        if self.username and self.tls_wish == "opportunistic":
            raise ValueError(
                'a password goes only over verified TLS; write tls = "required" (and ca_file for a private '
                'certificate), or tls = "off" where the network itself is trusted'
            )
        return self
