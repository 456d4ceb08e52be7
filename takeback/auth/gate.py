"""The gate: the throttle in front, a backend behind, and one answer for whoever drives the protocol.

The gate knows one name, the one whose password is given (authcid). A client that names a different
authorization identity (authzid, RFC 4616 §2) asks to act for somebody else, which nobody may: the caller
refuses that itself (535 5.7.8) and counts it among the session's errors. What is logged of an attempt is the
caller's business too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from weakref import WeakValueDictionary

from takeback.auth.backends import Authenticator, AuthUnavailable
from takeback.auth.identity import Identity, account_key
from takeback.auth.throttle import Pair, Throttle, network_of
from takeback.clock import Duration, Instant


@dataclass(frozen=True, slots=True)
class Accepted:
    """235 2.7.0: it is this account."""

    identity: Identity


@dataclass(frozen=True, slots=True)
class Refused:
    """535 5.7.8: user name and password do not belong together."""


@dataclass(frozen=True, slots=True)
class Locked:
    """454 4.7.0: too many failures of this account from this address. No password is looked at until then."""

    until: Instant


@dataclass(frozen=True, slots=True)
class Unavailable:
    """454 4.7.0: it could not be found out. The reason is for the log, and may quote a server."""

    reason: str


Answer = Accepted | Refused | Locked | Unavailable
Sleep = Callable[[Duration], Awaitable[None]]
"""Waits so many microseconds."""

_NO_ACCOUNT = ""
"""Counts the attempts whose user name no account can have."""


class Gate:
    """Lets in whoever proves to be an account, and makes guessing slow."""

    def __init__(
        self,
        authenticator: Authenticator,
        throttle: Throttle,
        domain: str,
        now: Callable[[], Instant],
        sleep: Sleep,
    ) -> None:
        self._authenticator = authenticator
        self._throttle = throttle
        self._domain = domain
        self._now = now
        self._sleep = sleep
        self._turns: WeakValueDictionary[Pair, asyncio.Lock] = WeakValueDictionary()

    async def attempt(self, username: str, password: str, address: str) -> Answer:
        """What to tell the client at `address`, which may be any text, after the wait that its failures earned.

        Attempts of one account from one network go one at a time: guesses sent side by side meet the count of
        those before them, and a client that opens twenty sessions at once pays for its password once. The
        wait comes before the password is looked at, even where it was proven a moment ago: a client that
        hangs up early, or times the answer, learns nothing.
        """
        network = network_of(address)
        account = account_key(username, self._domain) or _NO_ACCOUNT
        turn = self._turns.setdefault((network, account), asyncio.Lock())
        async with turn:
            decision = self._throttle.decide(network, account, self._now())
            if decision.locked_until is not None:
                return Locked(decision.locked_until)
            if decision.delay:
                await self._sleep(decision.delay)
            return await self._verified(username, password, network, account)

    async def _verified(self, username: str, password: str, network: str, account: str) -> Answer:
        try:
            identity = await self._authenticator.verify(username, password, self._now())
        except AuthUnavailable as error:
            return Unavailable(str(error))
        except asyncio.CancelledError:
            # Hanging up while the password is looked at must not make a guess free.
            self._throttle.failed(network, account, self._now())
            raise
        if identity is None:
            self._throttle.failed(network, account, self._now())
            return Refused()
        self._throttle.succeeded(network, account, self._now())
        return Accepted(identity)
