"""The words of SMTP commands: addresses, names, xtext (RFC 5321 §4.1.2, RFC 6531 §3.3, RFC 3461 §4).

Everything here works on decoded text without CR, LF or NUL, and raises nothing but GrammarError.
"""

from __future__ import annotations

import ipaddress
import re

LONGEST_PATH = 256
"""Octets of a path, its angle brackets and source route included (RFC 5321 §4.5.3.1.3)."""
LONGEST_NAME = 255
"""Octets of the name in EHLO (RFC 5321 §4.5.3.1.2)."""

_WIDE = "\u00a0-\U0010ffff"
"""UTF8-non-ascii of RFC 6531 §3.3, without the C1 controls."""
_ATOM = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{_WIDE}-]+"
_QUOTED = rf'"(?:[ !#-\[\]-~{_WIDE}]|\\[ -~])*"'
_LOCAL_PART = rf"(?:{_ATOM}(?:\.{_ATOM})*|{_QUOTED})"
_LABEL = rf"[A-Za-z0-9{_WIDE}](?:[A-Za-z0-9{_WIDE}-]*[A-Za-z0-9{_WIDE}])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_LITERAL = r"\[([0-9A-Za-z:.]+)\]"
_SOURCE_ROUTE = rf"(?:@{_DOMAIN}(?:,@{_DOMAIN})*:)?"

_PATH = re.compile(rf"<{_SOURCE_ROUTE}({_LOCAL_PART}@(?:{_DOMAIN}|{_LITERAL}))>")
_POSTMASTER = re.compile(r"<(postmaster)>", re.IGNORECASE)
_NAME = re.compile(rf"\[?[A-Za-z0-9._:{_WIDE}-]+\]?")
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+")
_XCHAR = re.compile(r"\+([0-9A-F]{2})")


class GrammarError(ValueError):
    """The text is not what the grammar asks for; says in one line what is wrong."""


def parse_reverse_path(text: str) -> tuple[str, str]:
    """The sender at the start of `text`, "" for the null path `<>`, and what follows it."""
    if text.startswith("<>"):
        return "", _after_path(text, 2)
    return _parse_path(text)


def parse_forward_path(text: str, own_domain: str) -> tuple[str, str]:
    """The recipient at the start of `text`, and what follows it.

    `<Postmaster>` without a domain is the postmaster of this host (RFC 5321 §4.5.1).
    """
    if match := _POSTMASTER.match(text):
        return f"{match[1]}@{own_domain}", _after_path(text, match.end())
    return _parse_path(text)


def _parse_path(text: str) -> tuple[str, str]:
    """The mailbox as it was written, quotes and all, without its source route (RFC 5321 §3.6.1, §4.1.2)."""
    match = _PATH.match(text)
    if match is None:
        raise GrammarError("the address must have the form <user@domain>")
    end = match.end()
    if end > LONGEST_PATH or len(match[0].encode()) > LONGEST_PATH:
        raise GrammarError(f"the address is longer than {LONGEST_PATH} octets")
    if match[2]:
        _check_literal(match[2])
    return match[1], _after_path(text, end)


def _after_path(text: str, end: int) -> str:
    rest = text[end:]
    if rest and rest[0] != " ":
        raise GrammarError("a space must follow the address")
    return rest


def _check_literal(literal: str) -> None:
    """Afterwards the inside of an address literal names an IPv4 or IPv6 address (RFC 5321 §4.1.3)."""
    tag, colon, rest = literal.partition(":")
    try:
        if not colon:
            ipaddress.IPv4Address(literal)
        elif tag.lower() == "ipv6":
            ipaddress.IPv6Address(rest)
        else:
            raise GrammarError("the address literal is of an unknown kind")
    except ipaddress.AddressValueError:
        raise GrammarError("the address literal is not an IP address") from None


def parse_client_name(text: str) -> str:
    """The name a client gives itself in EHLO or HELO.

    Clients behind home routers say all sorts of things, so this takes any word of the characters of names and
    address literals (underscores too), which is enough to keep what goes into a Received line harmless.
    """
    if not _NAME.fullmatch(text) or len(text.encode()) > LONGEST_NAME:
        raise GrammarError("give the name of your host")
    return text


def decode_xtext(text: str) -> str:
    """What the xtext stands for: printable ASCII only, since it goes into reports (RFC 3461 §4, §4.4)."""
    if not _XTEXT.fullmatch(text):
        raise GrammarError("not xtext")
    decoded = _XCHAR.sub(lambda match: chr(int(match[1], 16)), text)
    if not (decoded.isascii() and decoded.isprintable()):
        raise GrammarError("the xtext stands for characters that cannot be printed")
    return decoded
