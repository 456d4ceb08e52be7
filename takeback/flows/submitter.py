"""The one who submits: the account that will own the message, and the addresses it may write in it."""

from __future__ import annotations

from dataclasses import dataclass

from takeback.mail.address import Pattern, identity


@dataclass(frozen=True, slots=True)
class Submitter:
    """Who was authenticated, or is trusted by the configuration; never who the message says."""

    account: str
    own_address: str
    """Empty for a program that the configuration trusts: it has grants only."""
    grants: tuple[Pattern, ...] = ()
    authenticated: bool = True

    def may_send_as(self, address: str) -> bool:
        is_own = bool(self.own_address) and identity(address) == identity(self.own_address)
        return is_own or any(grant.matches(address) for grant in self.grants)
