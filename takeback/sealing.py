"""Sealing: bytes that only this installation can read again, and that nobody can exchange for others."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from takeback.errors import TakebackError

KEY_SIZE = 32
_NONCE_SIZE = 12


class SealBroken(TakebackError):
    """These bytes were not sealed by this key for this purpose, or they were changed since."""


class Seal:
    """AES-256-GCM under one key. `about` says what the bytes are and where they belong; whoever opens them must say
    the same, so a sealed value that is moved to another row opens nothing."""

    def __init__(self, key: bytes) -> None:
        """ValueError unless the key has KEY_SIZE bytes."""
        if len(key) != KEY_SIZE:
            raise ValueError(f"a key has {KEY_SIZE} bytes")
        self._cipher = AESGCM(key)

    def close(self, plain: bytes, about: str) -> bytes:
        """A fresh nonce, then the sealed bytes: 28 more than the plain ones."""
        nonce = os.urandom(_NONCE_SIZE)
        return nonce + self._cipher.encrypt(nonce, plain, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """The plain bytes. Raises SealBroken."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], about.encode())
        except (InvalidTag, ValueError):
            raise SealBroken("a stored secret cannot be opened with this key") from None
