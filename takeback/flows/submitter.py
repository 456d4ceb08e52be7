"""The one who submits: the account that will own the message, and the addresses it may write in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from takeback.mail.address import Pattern, identity


@dataclass(frozen=True, slots=True)
class Submitter:
    """Who was authenticated, or is trusted by the configuration; never who the message says."""

    account: str
    addresses: frozenset[str]
    """Exact addresses, as `takeback.mail.address.identity` gives them."""
    patterns: tuple[Pattern, ...] = ()
    authenticated: bool = True

    @classmethod
    def of(cls, account: str, own_address: str, grants: Iterable[str], authenticated: bool = True) -> Submitter:
        given = tuple(grants)
        exact = {identity(text) for text in given if "*" not in text}
        if own_address:
            exact.add(identity(own_address))
        wide = tuple(Pattern(text) for text in given if "*" in text)
        return cls(account, frozenset(exact), wide, authenticated)

    def may_send_as(self, address: str) -> bool:
        return identity(address) in self.addresses or any(pattern.matches(address) for pattern in self.patterns)
