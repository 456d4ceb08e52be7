"""Addresses in what a message quotes: who took part in the conversation so far."""

from __future__ import annotations

import re

from takeback.mail.address import identity
from takeback.review.message import Message

_ADDRESS = re.compile(r"[\w.+\-']{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,8}")
_MOST_LINES = 2_000


def quoted_addresses(message: Message) -> frozenset[str]:
    """Every address that stands in quoted or forwarded text, canonical."""
    found: set[str] = set()
    for _, line in zip(range(_MOST_LINES), message.passed_on(), strict=False):
        if "@" in line.text:
            found.update(identity(match[0]) for match in _ADDRESS.finditer(line.text))
    return frozenset(found)


def mentions(message: Message, address: str) -> bool:
    """Whether the quoted text has that address, so that the recipient was in the conversation before."""
    return address in quoted_addresses(message)
