"""The trace line of a submission, and the count by which loops are known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from takeback.clock import Instant, rfc5322
from takeback.mail.headers import Header

_LONGEST_NAME = 100
_UNSAFE = re.compile(r"[^A-Za-z0-9.:_\[\]-]")


@dataclass(frozen=True, slots=True)
class Submission:
    """What the trace line tells. `helo` is as the client gave it, `client` its IP address or empty where there is none
    (a socket in the file system)."""

    helo: str
    client: str
    hostname: str
    id: str
    at: Instant
    esmtp: bool = True
    tls: bool = False
    authenticated: bool = False
    smtputf8: bool = False
    show_client: bool = True


def received(submission: Submission) -> bytes:
    """The whole Received field with its folding and last CRLF, in ASCII (RFC 5321 §4.4). Without `show_client` there is
    no from clause. What a client may not say in a name is shown as `?`."""
    origin = f"from {_safe_name(submission.helo)}{_literal(submission.client)}\r\n\t" if submission.show_client else ""
    return (
        f"Received: {origin}by {submission.hostname} with {protocol(submission)} id {submission.id};\r\n"
        f"\t{rfc5322(submission.at)}\r\n"
    ).encode("ascii", "replace")


def protocol(submission: Submission) -> str:
    """The registered name of the protocol: `ESMTPSA`, `UTF8SMTPA`, ... (RFC 3848, RFC 6531 §4.3)."""
    if not submission.esmtp:
        return "SMTP"
    base = "UTF8SMTP" if submission.smtputf8 else "ESMTP"
    return f"{base}{'S' if submission.tls else ''}{'A' if submission.authenticated else ''}"


def hops(header: Header) -> int:
    """How many servers have passed the message on (RFC 5321 §6.3: too many are a loop)."""
    return header.count("received")


def _safe_name(helo: str) -> str:
    return _UNSAFE.sub("?", helo[:_LONGEST_NAME]) or "unknown"


@lru_cache(maxsize=1024)
def _literal(client: str) -> str:
    """` ([192.0.2.1])`, ` ([IPv6:2001:db8::1])` (RFC 5321 §4.1.3), or nothing where it is no IP address."""
    try:
        address: IPv4Address | IPv6Address = ip_address(client.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return f" ([IPv6:{address.compressed}])"
        address = address.ipv4_mapped
    return f" ([{address}])"
