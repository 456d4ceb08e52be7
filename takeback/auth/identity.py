"""Who somebody is once they have logged in, and the one spelling under which an account is known."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

LONGEST_USERNAME = 320
"""Octets: 64 of local part, `@`, 255 of domain (RFC 5321 §4.5.3.1)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """An account that proved itself: its usual spelling, and the one to compare and look up by."""

    address: str
    key: str


def account_key(username: str, domain: str = "") -> str | None:
    """The canonical name of the account that `username` means, or None where no account can be called that.

    Lower case and NFC (RFC 8265 §3.3), without outer spaces; a name without `@` gets `domain`, where there is
    one. Applied to its own result it changes nothing. Two user names with one key are one account everywhere:
    in the store, before the throttle, and towards an IMAP server, which is asked for the key and never for
    what was typed.
    """
    name = unicodedata.normalize("NFC", unicodedata.normalize("NFC", username.strip()).lower())
    if not name.isprintable() or not name.strip("@"):
        return None
    if domain and "@" not in name:
        name = f"{name}@{domain.lower()}"
    return name if len(name.encode()) <= LONGEST_USERNAME else None
