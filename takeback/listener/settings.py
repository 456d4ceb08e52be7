"""`[smtp]` and `[limits]` of the configuration."""

from __future__ import annotations

import ipaddress
import platform
from typing import Annotated

from pydantic import BeforeValidator, Field

from takeback.auth.identity import account_key
from takeback.clock import MINUTE
from takeback.mail.address import Pattern, is_addr_spec, read_patterns
from takeback.quantities import DurationText, OptionalPathText, Settings, SizeText

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _read_network(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return ipaddress.ip_network(value)
    except ValueError:
        raise ValueError(f'{value!r} is no network; write it as "127.0.0.1/32" or "fd00::/8"') from None


def _read_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _read_addresses(value: object) -> object:
    if not isinstance(value, list):
        return value
    for each in value:
        if not isinstance(each, str) or not is_addr_spec(each):
            raise ValueError(f'{each!r} is no address; write it as "undo@example.com"')
    return tuple(value)


def parse_endpoint(text: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:1587` or `[::1]:1587`; ValueError says what was expected."""
    host, colon, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f'{text!r} is no address to listen on; write it as "127.0.0.1:1587" or "[::1]:1587"')
    return host, int(port)


def _read_endpoint(value: object) -> object:
    return parse_endpoint(value) if isinstance(value, str) else value


Endpoint = Annotated[tuple[str, int], BeforeValidator(_read_endpoint)]
Endpoints = Annotated[tuple[Endpoint, ...], BeforeValidator(_read_tuple)]
Patterns = Annotated[tuple[Pattern, ...], BeforeValidator(read_patterns)]


def _read_account(value: object) -> object:
    return account_key(value) if isinstance(value, str) else value


class Trusted(Settings):
    """Programs that cannot authenticate: whose mail it is and as whom they may send is said here, not by them."""

    network: Annotated[Network, BeforeValidator(_read_network)]
    """From where: an address or a network in CIDR notation."""
    account: Annotated[str, BeforeValidator(_read_account)]
    """Who owns what is submitted from there."""
    may_send_as: Patterns
    """The addresses that may stand in the envelope and in From."""


class SmtpSettings(Settings):
    hostname: Annotated[str, Field(pattern=r"^[A-Za-z0-9._\-\[\]:]+$")] = platform.node() or "localhost"
    """What the server calls itself, in its greeting, in Received and in Message-IDs."""
    listen: Endpoints = (("127.0.0.1", 1587),)
    """Where clients connect, and STARTTLS is offered if there is a certificate."""
    listen_tls: Endpoints = ()
    """TLS from the first byte (RFC 8314)."""
    certificate: OptionalPathText = None
    """PEM file with the certificate and those between it and its authority. Belongs with `key`."""
    key: OptionalPathText = None
    """PEM files; with them, STARTTLS is offered on `listen`."""
    max_size: Annotated[SizeText, Field(ge=1)] = 50 << 20
    """The largest message that is accepted (`552 5.3.4`)."""
    show_client: bool = True
    """Whether Received names the address that the client connected from."""
    commands: Annotated[tuple[str, ...], BeforeValidator(_read_addresses)] = ()
    """Further addresses that take commands by mail, beside `undo@` and `takeback@` at `hostname`."""
    trusted: Annotated[tuple[Trusted, ...], BeforeValidator(_read_tuple)] = ()


class LimitSettings(Settings):
    """What one account, one address, one session may take. 0 means no limit for what is counted per account."""

    held_messages: Annotated[int, Field(ge=0)] = 1000
    """Of an account, on hold or on their way at once."""
    held_bytes: Annotated[SizeText, Field(ge=0)] = 1 << 30
    """The bytes of those messages."""
    submissions_per_hour: Annotated[int, Field(ge=0)] = 1000
    """Of an account. One more is answered with `450 4.7.1`."""
    recipients: Annotated[int, Field(ge=1)] = 1000
    """Of one message."""
    connections: Annotated[int, Field(ge=1)] = 1000
    """Open at once; one more is greeted with 421."""
    connections_per_address: Annotated[int, Field(ge=1)] = 50
    """The same, for one IP address."""
    idle: Annotated[DurationText, Field(ge=1)] = 5 * MINUTE
    """How long a client may be silent (RFC 5321 §4.5.3.2.7)."""
    errors: Annotated[int, Field(ge=1)] = 20
    """Refused commands, after which a session is ended."""
    command_line: Annotated[SizeText, Field(ge=512)] = 4096
    """The longest command line, CRLF included."""
    text_line: Annotated[SizeText, Field(ge=0)] = 0
    """The longest line of a message; 0 is no limit, because real clients send more than the 1,000 of RFC 5321."""
    received: Annotated[int, Field(ge=1)] = 100
    """Received fields from which on a message is in a loop (RFC 5321 §6.3)."""
