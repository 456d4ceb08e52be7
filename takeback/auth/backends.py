"""Where passwords are checked: against our own accounts, or by logging in at the IMAP server."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from takeback.auth.identity import Identity, account_key
from takeback.auth.imap import ImapFailure, log_in, reach
from takeback.auth.passwords import (
    LONGEST_PASSWORD,
    NOBODY,
    Passwords,
    UnfitPassword,
    UnreadableHash,
    prepare,
)
from takeback.auth.proven import ProvenLogins
from takeback.auth.settings import AuthSettings
from takeback.clock import SECOND, Instant
from takeback.errors import ConfigError, StoreUnavailable, TakebackError

_IMAP_AT_ONCE = 20
"""Logins under way at the IMAP server; the others wait within their timeout."""


class AuthUnavailable(TakebackError):
    """Whether the password is right could not be found out now; the same attempt may succeed later.

    The text may quote a server: show it only through the function that makes hostile text visible.
    """


class Authenticator(Protocol):
    """Knows whose password is right."""

    async def verify(self, username: str, password: str, now: Instant) -> Identity | None:
        """The account, where user name and password belong together; None where they do not.

        None means the same, and takes the same time, whether or not there is such an account. AuthUnavailable
        where it could not be found out. Any two texts may be given. Success is remembered for five minutes.
        """
        ...

    def close(self) -> None:
        """Afterwards nothing of it runs any more."""
        ...


@dataclass(frozen=True, slots=True)
class StoredPassword:
    """What the store keeps of an account that may log in: its usual spelling and its argon2 hash."""

    address: str
    hash: str


LookUp = Callable[[str], Awaitable[StoredPassword | None]]
"""Given the key of an account: what is stored for it, or None. StoreUnavailable where that cannot be said."""
ReplaceHash = Callable[[str, str, str], Awaitable[None]]
"""Given an account's key, its old hash and the new one: stores the new one if the old one is still there."""


class AccountsBackend:
    """The accounts of `takeback account add`."""

    def __init__(self, look_up: LookUp, replace_hash: ReplaceHash, passwords: Passwords, domain: str) -> None:
        self._look_up = look_up
        self._replace_hash = replace_hash
        self._passwords = passwords
        self._domain = domain
        self._proven = ProvenLogins()

    async def verify(self, username: str, password: str, now: Instant) -> Identity | None:
        try:
            key, prepared = account_key(username, self._domain), prepare(password)
        except UnfitPassword:
            return None
        try:
            stored = await self._look_up(key) if key else None
            if key is None or stored is None:
                await self._passwords.verify(NOBODY, prepared)
                return None
            return await self._check(key, stored, prepared, now)
        except (StoreUnavailable, UnreadableHash) as error:
            raise AuthUnavailable(str(error)) from error

    async def _check(self, key: str, stored: StoredPassword, prepared: str, now: Instant) -> Identity | None:
        login = self._proven.digest(key, prepared, stored.hash)
        if not self._proven.holds(login, now):
            if not await self._passwords.verify(stored.hash, prepared):
                return None
            self._proven.add(login, now)
            await self._refresh(key, stored, prepared)
        return Identity(stored.address, key)

    async def _refresh(self, key: str, stored: StoredPassword, prepared: str) -> None:
        if not self._passwords.outdated(stored.hash):
            return
        try:
            await self._replace_hash(key, stored.hash, await self._passwords.hash(prepared))
        except StoreUnavailable:
            return  # The login is right all the same, and the next one tries again.

    def close(self) -> None:
        self._passwords.close()


class ImapBackend:
    """Whoever can log in at the organisation's IMAP server.

    The server is asked for the account's key, so it vouches for exactly the name that the identity carries.
    Which domains an identity may have is the application's business: a server that ignores the domain vouches
    for any. A password that was changed over there works here for another five minutes where it was used
    before.
    """

    def __init__(self, settings: AuthSettings) -> None:
        self._server = settings.imap_server
        self._timeout = settings.timeout
        self._domain = settings.domain
        self._context = _trusting(settings.ca_file)
        self._turns = asyncio.Semaphore(_IMAP_AT_ONCE)
        self._proven = ProvenLogins()

    async def verify(self, username: str, password: str, now: Instant) -> Identity | None:
        key = account_key(username, self._domain)
        if key is None or not _may_travel(password):
            return None
        login = self._proven.digest(key, password, self._server.host)
        if not self._proven.holds(login, now):
            if not await self._log_in(key, password):
                return None
            self._proven.add(login, now)
        return Identity(key, key)

    async def _log_in(self, key: str, password: str) -> bool:
        try:
            async with asyncio.timeout(self._timeout / SECOND):
                await self._turns.acquire()
        except TimeoutError as error:
            raise AuthUnavailable(f"{self._server.host} has too many logins under way") from error
        try:
            return await log_in(self._server, self._context, self._timeout, key, password)
        except ImapFailure as error:
            raise AuthUnavailable(str(error)) from error
        finally:
            self._turns.release()

    async def reach(self) -> None:
        """Returns where a login could begin now. Raises AuthUnavailable."""
        try:
            await reach(self._server, self._context, self._timeout)
        except ImapFailure as error:
            raise AuthUnavailable(str(error)) from error

    def close(self) -> None:
        """Nothing to do: each login closes its own connection."""


def _may_travel(password: str) -> bool:
    """Whether it may be sent as it is. To some directories an empty one is proof (RFC 4513 §5.1.2)."""
    try:
        return 0 < len(password.encode()) <= LONGEST_PASSWORD and "\0" not in password
    except UnicodeEncodeError:
        return False


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise ConfigError(f"auth.ca_file: {ca_file} cannot be used: {error}") from error
