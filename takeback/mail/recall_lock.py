"""Recall-Lock: proof that a copy found later is the message that was accepted then.

The construction is that of Cancel-Lock (RFC 8315 §2, §4): the lock in the header is the hash of a key that only the
holder of the secret can make, so a lock copied into another message opens nothing.

    K    = base64(HMAC-SHA256(secret, uid NUL Message-ID))
    lock = base64(SHA256(K))

RFC 8315 joins uid and Message-ID without a separator; NUL makes the joint unambiguous.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode

SECRET_SIZE = 32
_SCHEME = "sha256"


def key(secret: bytes, uid: str, message_id: str) -> str:
    """`sha256:K`, what opens the lock. `message_id` has its angle brackets, or is empty where the message has no usable
    one. ValueError if `uid` holds NUL."""
    return f"{_SCHEME}:{key_text(secret, _joined(uid, message_id)).decode('ascii')}"


def lock(secret: bytes, uid: str, message_id: str) -> str:
    """The value of the Recall-Lock field. ValueError if `uid` holds NUL."""
    return f"{_SCHEME}:{lock_text(key_text(secret, _joined(uid, message_id))).decode('ascii')}"


def matches(value: str, secret: bytes, uid: str, message_id: str) -> bool:
    """Whether one of the locks in a field's value is ours; unknown schemes are skipped (RFC 8315 §2.1)."""
    own = lock(secret, uid, message_id).partition(":")[2].encode("ascii")
    found = False
    for element in value.split():
        scheme, _, text = element.partition(":")
        if scheme.lower() == _SCHEME:
            found |= hmac.compare_digest(text.encode("utf-8", "replace"), own)
    return found


def key_text(secret: bytes, data: bytes) -> bytes:
    """K over any data, in base64."""
    return b64encode(hmac.digest(secret, data, "sha256"))


def lock_text(key: bytes) -> bytes:
    """The lock that the base64 text of a key opens, in base64."""
    return b64encode(hashlib.sha256(key).digest())


def _joined(uid: str, message_id: str) -> bytes:
    if "\0" in uid:
        raise ValueError("a uid holds no NUL")
    return f"{uid}\0{message_id}".encode()
