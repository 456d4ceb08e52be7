"""One `[[mailboxes]]` section: whose mailboxes, on which server, and with which rights they are opened."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from takeback.clock import MINUTE, SECOND
from takeback.imap_url import is_loopback, parse_imap_url
from takeback.mail.address import Pattern, is_addr_spec, read_patterns
from takeback.quantities import DurationText, OptionalPathText, Settings
from takeback.secrets import check_one_secret

Kind = Literal["imap", "doveadm", "jmap", "maildir"]

_PLANNED = ("graph", "gmail")
_FIELD = re.compile(r"\{([^{}]*)\}")
_DEFAULT_LOGINS = {"imap": "{user}*{master}", "doveadm": "{user}", "jmap": "{master}", "maildir": ""}
_SCHEMES = {"doveadm": ("https", "http"), "jmap": ("https", "http")}
SKIPPED = (
    "\\Drafts",
    "\\Sent",
    "\\All",
    "\\Flagged",
    "Drafts",
    "Sent",
    "Sent Items",
    "Sent Messages",
)
"""A sender's own copy is not a delivered one; `\\All` and `\\Flagged` show what stands in other folders."""


def _read_kind(value: object) -> object:
    if value in _PLANNED:
        raise ValueError(f"{value} is not built yet; write imap, doveadm, jmap or maildir")
    return value


def _read_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


class MailboxSettings(Settings):
    """Complete and consistent once read. Secrets are named here and read at use; none shows in its repr."""

    addresses: Annotated[tuple[Pattern, ...], BeforeValidator(read_patterns)] = Field(alias="for")
    """Patterns for the addresses whose mailboxes are there. The first section that names an address is used."""
    kind: Annotated[Kind, BeforeValidator(_read_kind)]
    """`imap`, `doveadm` (Dovecot's HTTP API), `jmap` or `maildir`."""
    url: str
    """`imaps://host[:993]`, `imap://host[:143]` (STARTTLS, but not on loopback); `https://host:port` for doveadm and
    jmap (`http` on loopback only; jmap without a path looks at `/.well-known/jmap`); `/folder/{user}` for maildir."""
    username: str = ""
    """Who logs in: a master user, an account that may act for others, or the mailbox's own. Doveadm: `doveadm`, or
    nothing with an API key as the password. Jmap: nothing with a token as the password. Needs one of the four keys
    below."""
    password: SecretStr | None = None
    """The password itself. Better in a file."""
    password_file: OptionalPathText = None
    """A file whose first line is the password; read at each login."""
    password_command: str | None = Field(None, repr=False)
    """A shell command whose first line of output is the password; it has 30 seconds."""
    password_env: str | None = None
    """The environment variable that holds the password."""
    login: str = ""
    """How the mailbox is named to the server; `{user}` is the local part in lower case, `{address}` the whole
    address, `{master}` the user name. imap: `{user}*{master}`, the default, logs in as a Dovecot master user;
    `authzid` (or `authzid:{address}`) asks to act for it, which Cyrus wants. doveadm: `{user}`. jmap: `{master}`,
    or as a server with a master user wants it, such as `{address}%{master}`. Without `{user}` and
    `{address}` it is one mailbox, and `for` must name one address."""
    ca_file: OptionalPathText = None
    """PEM file of the authority behind the server's certificate; without it, the system's."""
    connections: int = Field(20, ge=1, le=1000)
    """How many at once."""
    connect_timeout: DurationText = Field(30 * SECOND, ge=SECOND)
    """For the connection, TLS and the login together."""
    command_timeout: DurationText = Field(5 * MINUTE, ge=SECOND)
    """For the answer to each command. A first search through a huge mailbox takes minutes."""
    skip_folders: Annotated[tuple[str, ...], BeforeValidator(_read_tuple)] = SKIPPED
    """Folders that are not searched: with a backslash by their special use (RFC 6154), else by name."""
    test_mailbox: str = ""
    """An address that `takeback doctor` opens to see whether everything works; nothing in it is changed."""

    @property
    def login_template(self) -> str:
        return self.login or _DEFAULT_LOGINS[self.kind]

    def covers(self, address: str) -> bool:
        return any(pattern.matches(address) for pattern in self.addresses)

    @model_validator(mode="after")
    def _check_url(self) -> Self:
        if self.kind == "imap":
            parse_imap_url(self.url)
        elif self.kind == "maildir":
            _check_folder(self.url)
        else:
            _check_http_url(self.kind, self.url)
        return self

    @model_validator(mode="after")
    def _check_login(self) -> Self:
        if self.kind == "maildir":
            if self.username or self.login or self.ca_file:
                raise ValueError("a maildir needs no username, login or ca_file; remove them")
            return self
        if self.kind in ("doveadm", "jmap") and not self.username:
            check_one_secret(_WithApiKey(self))
        else:
            check_one_secret(self)
            if not self.username:
                raise ValueError(f"{self.kind} needs username, and its password beside it")
        self._check_login_template()
        return self

    def _check_login_template(self) -> None:
        fields = set(_FIELD.findall(self.login_template))
        if self.kind == "imap" and self.login_template == "authzid":
            return
        if self.login_template.startswith("authzid") and self.kind != "imap":
            raise ValueError(f'login = "authzid" is for imap; {self.kind} wants "{{user}}" or "{{address}}"')
        if unknown := fields - {"user", "address", "master"}:
            raise ValueError(f"login: {{{min(unknown)}}} means nothing; use {{user}}, {{address}} and {{master}}")
        if not fields & {"user", "address"} and not self._names_one_address():
            raise ValueError("this login opens one mailbox, so for must name one address; or put {user} into login")

    def _names_one_address(self) -> bool:
        return len(self.addresses) == 1 and "*" not in self.addresses[0].text

    @model_validator(mode="after")
    def _check_test_mailbox(self) -> Self:
        if self.test_mailbox and not is_addr_spec(self.test_mailbox):
            raise ValueError(f"test_mailbox: {self.test_mailbox!r} is not an address")
        if self.test_mailbox and not self.covers(self.test_mailbox):
            raise ValueError("test_mailbox is not among the addresses of for")
        return self


class _WithApiKey:
    """An API key or a token needs no user name; for the rest it is a password like any other."""

    username = "api key"

    def __init__(self, settings: MailboxSettings) -> None:
        self.password = settings.password
        self.password_file = settings.password_file
        self.password_command = settings.password_command
        self.password_env = settings.password_env


def _check_folder(url: str) -> None:
    fields = set(_FIELD.findall(url))
    if not url.startswith("/") or not fields or fields - {"user", "address"}:
        raise ValueError(f'{url!r} names no Maildirs; write url = "/var/mail/{{user}}"')


def _check_http_url(kind: str, url: str) -> None:
    expected = f'{url!r} is no address for {kind}; write url = "https://mail.example.com"'
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(expected) from None
    if parts.scheme not in _SCHEMES[kind] or not host or port == 0 or parts.query or parts.fragment:
        raise ValueError(expected)
    if "@" in parts.netloc:
        raise ValueError("url: the user name belongs into username, not into the url")
    if parts.scheme == "http" and not is_loopback(host):
        raise ValueError("a password does not go over http; write https, or use a loopback address")
