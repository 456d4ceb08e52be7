"""Passwords: what may be one, how one is made up, how it is kept (argon2id) and checked."""

from __future__ import annotations

import asyncio
import base64
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import Type

from takeback.errors import TakebackError
from takeback.ids import ALPHABET

SHORTEST_PASSWORD = 8
"""Characters that a password chosen by a person must have."""
LONGEST_PASSWORD = 1024
"""Octets of UTF-8. Nothing longer is ever hashed or passed on."""

_MEMORY_KIB = 19 * 1024
_PASSES = 2
_LANES = 1
_DIGEST_OCTETS = 32
_SALT_OCTETS = 16
_AT_ONCE = 2
_GROUPS, _GROUP_LENGTH = 4, 4


class UnfitPassword(TakebackError):
    """This cannot be a password. The text says which rule it breaks and never repeats it."""


class UnreadableHash(TakebackError):
    """What is stored for an account is no argon2 hash, so no password can be checked against it."""


def prepare(password: str) -> str:
    """The password in the one form that is hashed and compared; UnfitPassword where it has none.

    OpaqueString (RFC 8265 §4.2): other spaces become U+0020, the rest is NFC, case and everything else stay;
    control characters, lone surrogates, the empty password and more than 1024 octets are refused.
    """
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in password)
    prepared = unicodedata.normalize("NFC", spaced)
    if not prepared:
        raise UnfitPassword("the password is empty")
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in prepared):
        raise UnfitPassword("the password contains a control character")
    if len(prepared.encode()) > LONGEST_PASSWORD:
        raise UnfitPassword(f"the password is longer than {LONGEST_PASSWORD} bytes")
    return prepared


def check_new(password: str) -> str:
    """A password somebody chose for an account, prepared; UnfitPassword also where it is too short."""
    prepared = prepare(password)
    if len(prepared) < SHORTEST_PASSWORD:
        raise UnfitPassword(f"the password needs at least {SHORTEST_PASSWORD} characters")
    return prepared


def generate() -> str:
    """A new password of 80 random bits, easy to read aloud: `7gk2-m0xq-9vtc-d4nh`."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


def _unpadded(octets: bytes) -> str:
    return base64.b64encode(octets).decode().rstrip("=")


def _unmatchable_hash() -> str:
    """An encoded hash with today's cost that belongs to no password: its digest is random, not computed."""
    salt, digest = secrets.token_bytes(_SALT_OCTETS), secrets.token_bytes(_DIGEST_OCTETS)
    cost = f"m={_MEMORY_KIB},t={_PASSES},p={_LANES}"
    return f"$argon2id$v=19${cost}${_unpadded(salt)}${_unpadded(digest)}"


NOBODY = _unmatchable_hash()
"""Checked when there is no such account, so that the answer takes as long as for a wrong password."""


class Passwords:
    """Hashes and checks prepared passwords with argon2id, two at a time and never on the event loop.

    19 MiB, two passes, one lane: OWASP's figures for argon2id. Many phones at once then cost 38 MiB, not
    gigabytes.
    """

    def __init__(self) -> None:
        self._argon2 = PasswordHasher(
            time_cost=_PASSES,
            memory_cost=_MEMORY_KIB,
            parallelism=_LANES,
            hash_len=_DIGEST_OCTETS,
            salt_len=_SALT_OCTETS,
            type=Type.ID,
        )
        self._threads = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="argon2")

    def hash_now(self, prepared: str) -> str:
        """The hash to store, made in the calling thread (for commands that have no event loop)."""
        return self._argon2.hash(prepared)

    async def hash(self, prepared: str) -> str:
        """The hash to store."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.hash_now, prepared)

    async def verify(self, stored: str, prepared: str) -> bool:
        """Whether `stored` was made from this password; UnreadableHash where it was made from none."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._matches, stored, prepared)

    def outdated(self, stored: str) -> bool:
        """Whether a hash that verified was made at another cost than today's and should be made anew."""
        return self._argon2.check_needs_rehash(stored)

    def close(self) -> None:
        """Afterwards the threads have ended. What waited for one is cancelled."""
        self._threads.shutdown(cancel_futures=True)

    def _matches(self, stored: str, prepared: str) -> bool:
        try:
            return self._argon2.verify(stored, prepared)
        except VerifyMismatchError:
            return False
        except (VerificationError, InvalidHashError) as error:
            raise UnreadableHash("the stored password hash cannot be read; set the password anew") from error
