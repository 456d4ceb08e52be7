"""Where a route leads: the `to` of a `[[relay]]` section."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit

Scheme = Literal["smtp", "smtps", "lmtp"]
_DEFAULT_PORTS: dict[Scheme, int] = {"smtp": 25, "smtps": 465, "lmtp": 24}
_EXAMPLES = (
    '"smtp://host:587", "smtps://host:465", "lmtp://host:24", "lmtp:///unix/socket" or "maildir:///folder/{user}"'
)
_PLACEHOLDERS = frozenset({"user", "address"})


@dataclass(frozen=True, slots=True)
class Server:
    """A server that takes mail over TCP; or at a unix socket, whose path is `socket`, without host and port."""

    scheme: Scheme
    host: str
    port: int
    socket: str = ""

    @property
    def name(self) -> str:
        """Who it is, in evidence and reports."""
        return self.socket or self.host

    @property
    def is_local(self) -> bool:
        """Whether no network lies between."""
        return bool(self.socket) or self.host in ("localhost", "::1") or self.host.startswith("127.")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{self.socket or f'{host}:{self.port}'}"


@dataclass(frozen=True, slots=True)
class Folder:
    """Maildirs: an absolute path where `{user}` stands for the local part and `{address}` for all of it."""

    template: str

    def __str__(self) -> str:
        return f"maildir://{self.template}"


Destination = Server | Folder


def parse_destination(text: str) -> Destination:
    """What a `to` means. ValueError says what to write instead."""
    scheme, separator, rest = text.partition("://")
    if separator and scheme.lower() == "maildir":
        return _parse_folder(rest)
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise ValueError(f"{text!r} is not a destination ({error}); write it as {_EXAMPLES}") from None
    if "@" in url.netloc:
        raise ValueError("a destination holds no user name; write username and password_file beside it")
    if url.query or url.fragment:
        raise ValueError(f"{text!r} has a part that means nothing; write it as {_EXAMPLES}")
    match url.scheme:
        case "smtp" | "smtps" | "lmtp":
            return _parse_server(text, url.scheme, url, port)
        case _:
            raise ValueError(f"{text!r} is not a destination; write it as {_EXAMPLES}")


def _parse_server(text: str, scheme: Scheme, url: SplitResult, port: int | None) -> Server:
    host = url.hostname or ""
    path = url.path.removesuffix("/")
    if scheme == "lmtp" and not url.netloc and path:
        return Server(scheme, "", 0, socket=path)
    if not host or path or port == 0:
        raise ValueError(f"{text!r} is not a destination; write it as {_EXAMPLES}")
    if not all(char.isprintable() and not char.isspace() for char in host):
        raise ValueError(f"the host of {text!r} cannot be one; write it as {_EXAMPLES}")
    return Server(scheme, host, port or _DEFAULT_PORTS[scheme])


def _parse_folder(template: str) -> Folder:
    if not template.startswith("/") or "\0" in template:
        raise ValueError('a Maildir needs an absolute path; write it as "maildir:///folder/{user}"')
    try:
        fields = [field for field in string.Formatter().parse(template) if field[1] is not None]
    except ValueError:
        fields = [("", "?", None, None)]
    if any(name not in _PLACEHOLDERS or form or conversion for _, name, form, conversion in fields):
        raise ValueError(f"{template!r} may hold {{user}} and {{address}}, and no other braces")
    return Folder(template)
