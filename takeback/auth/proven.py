"""Logins that succeeded a moment ago, so that a busy client does not pay for its password at each message."""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from hashlib import sha256

from takeback.clock import MINUTE, Duration, Instant

_LIFETIME: Duration = 5 * MINUTE
_CAPACITY = 10_000


class ProvenLogins:
    """Remembers successes for five minutes, at most ten thousand of them, the oldest going first.

    It keeps no name and no password, only digests under a key that is made anew with each instance. What the
    password was checked against is part of the digest, so a changed password is unproven at once.
    """

    def __init__(self, lifetime: Duration = _LIFETIME, capacity: int = _CAPACITY) -> None:
        self._lifetime = lifetime
        self._capacity = capacity
        self._key = secrets.token_bytes(32)
        self._proven_at: OrderedDict[bytes, Instant] = OrderedDict()

    def digest(self, account: str, password: str, checked_against: str) -> bytes:
        """The name under which this very login is remembered. None of the three may contain NUL."""
        text = "\0".join((account, password, checked_against))
        return hmac.digest(self._key, text.encode(), sha256)

    def holds(self, digest: bytes, now: Instant) -> bool:
        """Whether this login succeeded within the lifetime. A clock that went backward proves nothing."""
        proven_at = self._proven_at.get(digest)
        return proven_at is not None and proven_at <= now < proven_at + self._lifetime

    def add(self, digest: bytes, now: Instant) -> None:
        """Afterwards the login counts as proven from `now` on."""
        self._proven_at[digest] = now
        self._proven_at.move_to_end(digest)
        if len(self._proven_at) > self._capacity:
            self._proven_at.popitem(last=False)

    def __len__(self) -> int:
        return len(self._proven_at)
