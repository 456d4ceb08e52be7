"""How repeated failures slow down and lock out. Pure: no clock, no waiting, no network.

A failure is a debt that is paid off by time, one each `lockout / failures_before_lockout`. So whoever guesses
slowly enough never to be locked out gets no more guesses in a day than whoever is locked out again and again.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Generic, TypeVar

from takeback.auth.settings import AuthSettings
from takeback.clock import MILLISECOND, Duration, Instant

_FIRST_DELAY: Duration = 500 * MILLISECOND
_CAPACITY = 20_000
_IPV6_PREFIX = 64
"""What one subscriber has at least (RFC 6177 §2): inside it every address is the same somebody."""

Key = TypeVar("Key")
Pair = tuple[str, str]
"""A network and an account."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What must happen before a password is looked at: refuse until `locked_until`, or else wait `delay`."""

    delay: Duration
    locked_until: Instant | None = None


def network_of(address: str) -> str:
    """The network that counts as one client: an IPv4 address, or the /64 of an IPv6 address.

    An IPv4 address written as IPv6 (`::ffff:192.0.2.1`) is that IPv4 address. What is no IP address, such as
    the peer of a unix socket, stands for itself.
    """
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(IPv6Network((parsed, _IPV6_PREFIX), strict=False))
        parsed = parsed.ipv4_mapped
    return str(parsed)


class Throttle:
    """Remembers failures by network, by account, and by the pair of both.

    Network and account decide how long an answer waits; only the pair can be locked out, so nobody can lock a
    person out of their account from elsewhere. Each memory holds the latest 20,000 and forgets within `lockout`.
    """

    def __init__(self, settings: AuthSettings, capacity: int = _CAPACITY) -> None:
        self._settings = settings
        self._networks: _Debts[str] = _Debts(settings, capacity)
        self._accounts: _Debts[str] = _Debts(settings, capacity)
        self._pairs: _Debts[Pair] = _Debts(settings, capacity)
        self._locks: OrderedDict[Pair, Instant] = OrderedDict()
        self._capacity = capacity

    def decide(self, network: str, account: str, now: Instant) -> Decision:
        """What an attempt that begins now has to bear. Asking changes nothing."""
        until = self._locks.get((network, account), now)
        # One that ends later than that was set before the clock went backward, and would outstay its time.
        if now < until <= now + self._settings.lockout:
            return Decision(0, until)
        failures = max(self._networks.failures(network, now), self._accounts.failures(account, now))
        return Decision(self._delay(failures))

    def failed(self, network: str, account: str, now: Instant) -> None:
        """Afterwards it counts against all three, and the pair is locked where that was one too many."""
        self._networks.add(network, now)
        self._accounts.add(account, now)
        pair = (network, account)
        if self._pairs.add(pair, now) >= self._settings.failures_before_lockout:
            self._pairs.clear(pair)
            self._lock(pair, now)

    def succeeded(self, network: str, account: str, now: Instant) -> None:
        """Afterwards the pair owes nothing, the account half, and the network what it owed before.

        Only the owner can succeed on an account; but anybody who has one account could, by using it, buy
        guesses at all others, if that helped the network.
        """
        self._pairs.clear((network, account))
        self._locks.pop((network, account), None)
        self._accounts.halve(account, now)

    def _delay(self, failures: int) -> Duration:
        beyond = failures - self._settings.failures_before_delay
        if beyond < 0:
            return 0
        longest = self._settings.longest_delay
        doublings = min(beyond, longest.bit_length())
        return min(longest, _FIRST_DELAY << doublings)

    def _lock(self, pair: Pair, now: Instant) -> None:
        self._locks[pair] = now + self._settings.lockout
        self._locks.move_to_end(pair)
        _trim(self._locks, self._capacity, now)


class _Debts(Generic[Key]):
    """For each debtor the instant at which its last failure is paid off."""

    def __init__(self, settings: AuthSettings, capacity: int) -> None:
        self._price: Duration = max(1, settings.lockout // settings.failures_before_lockout)
        self._ceiling: Duration = self._price * settings.failures_before_lockout
        self._capacity = capacity
        self._paid_off: OrderedDict[Key, Instant] = OrderedDict()

    def failures(self, key: Key, now: Instant) -> int:
        return -(-self._owed(key, now) // self._price)

    def add(self, key: Key, now: Instant) -> int:
        """Afterwards one more failure is owed. Answers how many that makes."""
        self._owe(key, now, min(self._ceiling, self._owed(key, now) + self._price))
        return self.failures(key, now)

    def halve(self, key: Key, now: Instant) -> None:
        if owed := self._owed(key, now) // 2:
            self._owe(key, now, owed)
        else:
            self.clear(key)

    def clear(self, key: Key) -> None:
        self._paid_off.pop(key, None)

    def _owed(self, key: Key, now: Instant) -> Duration:
        return min(self._ceiling, max(0, self._paid_off.get(key, now) - now))

    def _owe(self, key: Key, now: Instant, owed: Duration) -> None:
        self._paid_off[key] = now + owed
        self._paid_off.move_to_end(key)
        _trim(self._paid_off, self._capacity, now)


def _trim(ends: OrderedDict[Key, Instant], capacity: int, now: Instant) -> None:
    """Drops the oldest entries that are over, and the oldest of all while there are too many."""
    while ends and (len(ends) > capacity or next(iter(ends.values())) <= now):
        ends.popitem(last=False)
