"""Names that Takeback gives: short, lower case, safe to type, to speak and to put in a file name."""

from __future__ import annotations

import hashlib
import secrets

from takeback.clock import SECOND, Instant

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: no i, l, o or u, which are misread."""

_SECOND_DIGITS = 7


def _base32(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 32)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def new_id(now: Instant) -> str:
    """Sixteen characters: seven for the second, which keep rows that belong together together, nine of chance."""
    return _base32(now // SECOND, _SECOND_DIGITS) + _base32(secrets.randbits(45), 9)


def same_second(id: str) -> str:
    """What every id of the same second, and none of an earlier one, compares as equal to or greater than."""
    return id[:_SECOND_DIGITS]


def first_id(instant: Instant) -> str:
    """What every id from that second on, and none of an earlier one, compares as equal to or greater than."""
    return _base32(instant // SECOND, _SECOND_DIGITS)


def new_secret() -> str:
    """What only its holder knows: 256 random bits, in characters that need no escaping in a link or a header."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What the store keeps of a secret that was made by chance; it needs no salt and no work factor."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def new_token() -> str:
    """A fence: whoever holds it may write to what it claimed, nobody else."""
    return _base32(secrets.randbits(80), 16)
