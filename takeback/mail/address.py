"""Addresses: what is one address, whose it is, and which patterns of the configuration name it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import idna

ATEXT = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff"
"""The inside of a character class: atext of RFC 5322 §3.2.3, widened by RFC 6532 §3.2."""
_LABEL = r"[A-Za-z0-9_\-\u0080-\U0010ffff]+"
DOT_ATOM = rf"[{ATEXT}]++(?:\.[{ATEXT}]++)*+"
QUOTED_STRING = r'"(?:[^"\\]|\\.)*+"'
DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*+|\[[!-Z^-~]*+\])"
_ADDR_SPEC = re.compile(rf"({DOT_ATOM}|{QUOTED_STRING})@({DOMAIN})")

_LONGEST_LOCAL_PART = 64
_LONGEST_DOMAIN = 255
"""Octets (RFC 5321 §4.5.3.1)."""

_NEEDLESS_QUOTES = re.compile(rf'"({DOT_ATOM})"')


def split(address: str) -> tuple[str, str]:
    """Local part and domain as written; the domain is empty where there is no `@` (`postmaster`)."""
    local, at, domain = address.rpartition("@")
    return (local, domain) if at else (address, "")


def local_part_of(address: str) -> str:
    return split(address)[0]


def domain_of(address: str) -> str:
    """The domain in the form in which domains are compared."""
    return canonical_domain(split(address)[1])


def canonical_domain(domain: str) -> str:
    """Lower case, labels as A-labels (RFC 5890). What IDNA refuses is only lowered: it equals nothing but itself."""
    if domain.isascii():
        return domain.lower()
    return _to_ascii(domain)


@lru_cache(maxsize=4096)
def _to_ascii(domain: str) -> str:
    if len(domain) <= _LONGEST_DOMAIN:
        with suppress(idna.IDNAError, UnicodeError):
            return idna.encode(domain, uts46=True).decode("ascii").lower()
    return domain.lower()


def key(address: str) -> str:
    """Canonical text: two recipients with the same key are one. The local part is its server's business and kept
    to the letter (RFC 5321 §2.4); the domain is canonical."""
    local, domain = split(address)
    return f"{local}@{canonical_domain(domain)}" if domain else local


def identity(address: str) -> str:
    """Canonical text for the question whose address it is: as `key`, but in the local part neither case nor needless
    quotes nor the Unicode form count."""
    local, domain = split(address)
    if match := _NEEDLESS_QUOTES.fullmatch(local):
        local = match[1]
    local = unicodedata.normalize("NFC", local).lower()
    return f"{local}@{canonical_domain(domain)}" if domain else local


def same(one: str, other: str) -> bool:
    """Whether two addresses belong to the same owner."""
    return one == other or identity(one) == identity(other)


def is_addr_spec(text: str) -> bool:
    """Whether this is one address in the form that clients write: dot-atom or quoted local part, a domain or an
    address literal, no comments, no white space outside quotes, nothing unseen, a domain that IDNA knows, lengths
    within RFC 5321 §4.5.3.1."""
    match = _ADDR_SPEC.fullmatch(text)
    return (
        match is not None
        and text.isprintable()
        and canonical_domain(match[2]).isascii()
        and len(match[1].encode()) <= _LONGEST_LOCAL_PART
        and len(match[2].encode()) <= _LONGEST_DOMAIN
    )


def is_within(address: str, domains: Iterable[str]) -> bool:
    """Whether its domain is one of these (canonical), or below one of them."""
    own = domain_of(address)
    return any(own == domain or own.endswith(f".{domain}") for domain in domains)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which addresses a grant or a route names: `ann@example.com`, `*@example.com`, `*@*.example.com` (every domain
    below, not example.com itself) or `*`. ValueError says what was expected."""

    text: str

    def __post_init__(self) -> None:
        _read(self.text)

    def matches(self, address: str) -> bool:
        local, domain = _read(self.text)
        if domain is None:
            return True
        if local is not None:
            return identity(address) == f"{local}@{domain}"
        own = domain_of(address)
        return own.endswith(domain) and own != domain if domain.startswith(".") else own == domain


def read_patterns(value: object) -> tuple[Pattern, ...]:
    """The patterns of a settings field: a list of texts, or one. ValueError says what was expected."""
    listed = [value] if isinstance(value, str | Pattern) else value
    if not isinstance(listed, list | tuple) or not all(isinstance(item, str | Pattern) for item in listed):
        raise ValueError('write a list of addresses, as in ["*@example.com"]')
    if not listed:
        raise ValueError("an empty list would match nobody; name an address, or leave the key out")
    return tuple(item if isinstance(item, Pattern) else Pattern(item.strip()) for item in listed)


@lru_cache(maxsize=4096)
def _read(text: str) -> tuple[str | None, str | None]:
    """Local part (None: any) and canonical domain (None: any; with a leading dot: any below it)."""
    if text == "*":
        return None, None
    local, domain = split(text)
    below = domain.startswith("*.")
    probe = f"{'any' if local == '*' else local}@{domain[2:] if below else domain}"
    if "*" in probe or not is_addr_spec(probe) or (below and local != "*"):
        raise ValueError(
            f'{text!r} names no addresses; write "ann@example.com", "*@example.com", "*@*.example.com" or "*"'
        )
    if local == "*":
        return None, f".{canonical_domain(domain[2:])}" if below else canonical_domain(domain)
    own_local, own_domain = split(identity(text))
    return own_local, own_domain
