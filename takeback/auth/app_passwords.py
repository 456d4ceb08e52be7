"""Passwords for single devices beside those of the account: good for submitting mail, revoked one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from takeback.auth.backends import Authenticator, AuthUnavailable
from takeback.auth.credentials import app_password_digest
from takeback.auth.identity import Identity, account_key
from takeback.clock import Instant
from takeback.errors import StoreUnavailable

IsGood = Callable[[str, str], Awaitable[bool]]
"""Given an account's key and the hash of a password: whether the account has such an app password."""


class WithAppPasswords:
    """Another authenticator, and app passwords beside it."""

    def __init__(self, authenticator: Authenticator, is_good: IsGood, domain: str) -> None:
        self._authenticator = authenticator
        self._is_good = is_good
        self._domain = domain

    async def verify(self, username: str, password: str, now: Instant) -> Identity | None:
        key = account_key(username, self._domain)
        hashed = app_password_digest(key, password) if key is not None else None
        if key is not None and hashed is not None:
            try:
                if await self._is_good(key, hashed):
                    return Identity(key, key)
            except StoreUnavailable as error:
                raise AuthUnavailable(str(error)) from error
        return await self._authenticator.verify(username, password, now)

    def close(self) -> None:
        self._authenticator.close()
