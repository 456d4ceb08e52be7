"""Passwords for single devices: made by the person, good for submitting mail and nothing else, revoked one by one.

They are made by chance, 100 bits of it: a plain hash is enough, and looking one up costs no work factor. They are told
from other passwords by their form, so that nothing else is ever looked up.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable

from takeback.auth.backends import Authenticator, AuthUnavailable
from takeback.auth.identity import Identity, account_key
from takeback.clock import Instant
from takeback.errors import StoreUnavailable
from takeback.ids import ALPHABET

_GROUPS, _GROUP_LENGTH = 5, 4
_FORM = re.compile(rf"[{ALPHABET}]{{{_GROUPS * _GROUP_LENGTH}}}")
_BETWEEN = re.compile(r"[\s-]")

IsGood = Callable[[str, str], Awaitable[bool]]
"""Given an account's key and the hash of a password: whether the account has such an app password."""


def generate() -> str:
    """`7gk2-m0xq-9vtc-d4nh-2b8w`, easy to copy by hand."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


def digest(account: str, password: str) -> str | None:
    """What is stored and looked up: the same with or without hyphens, spaces or capitals. None for a text that cannot
    be such a password."""
    compact = _BETWEEN.sub("", password).lower()
    if not _FORM.fullmatch(compact):
        return None
    return hashlib.sha256(f"{account}\0{compact}".encode()).hexdigest()


class WithAppPasswords:
    """Another authenticator, and app passwords beside it."""

    def __init__(self, authenticator: Authenticator, is_good: IsGood, domain: str) -> None:
        self._authenticator = authenticator
        self._is_good = is_good
        self._domain = domain

    async def verify(self, username: str, password: str, now: Instant) -> Identity | None:
        key = account_key(username, self._domain)
        hashed = digest(key, password) if key is not None else None
        if key is not None and hashed is not None:
            try:
                if await self._is_good(key, hashed):
                    return Identity(key, key)
            except StoreUnavailable as error:
                raise AuthUnavailable(str(error)) from error
        return await self._authenticator.verify(username, password, now)

    def close(self) -> None:
        self._authenticator.close()
