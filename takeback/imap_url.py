"""Where an IMAP server is: its URL in the configuration, and whether what is said to it is encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import ip_address
from urllib.parse import urlsplit


class Encryption(Enum):
    IMPLICIT = auto()
    STARTTLS = auto()
    NONE = auto()


@dataclass(frozen=True, slots=True)
class ImapServer:
    """Where to ask. Without encryption only for loopback."""

    host: str
    port: int
    encryption: Encryption


def parse_imap_url(url: str) -> ImapServer:
    """`imaps://host[:993]` or `imap://host[:143]`; ValueError says what was expected."""
    expected = f'{url!r} is not an IMAP server; write it as "imaps://imap.example.com"'
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(expected) from None
    if not host or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc or port == 0:
        raise ValueError(expected)
    if parts.scheme == "imaps":
        return ImapServer(host, port or 993, Encryption.IMPLICIT)
    if parts.scheme == "imap":
        encryption = Encryption.NONE if is_loopback(host) else Encryption.STARTTLS
        return ImapServer(host, port or 143, encryption)
    raise ValueError(expected)


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
