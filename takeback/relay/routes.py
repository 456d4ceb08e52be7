"""Which way a recipient's copy takes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from takeback.mail.address import Pattern


@dataclass(frozen=True, slots=True)
class Condition:
    """Whose copies a `[[relay]]` section takes: patterns on the recipient and on the sender. No pattern of a kind means
    that any address will do."""

    recipients: tuple[Pattern, ...] = ()
    senders: tuple[Pattern, ...] = ()

    def holds_for(self, recipient: str, sender: str, account_holds: Callable[[str], bool]) -> bool:
        if self.recipients and not _any_matches(self.recipients, recipient):
            return False
        return not self.senders or (_any_matches(self.senders, sender) and account_holds(sender))


def first_match(
    conditions: Sequence[Condition], recipient: str, sender: str, account_holds: Callable[[str], bool]
) -> int | None:
    """The position of the first condition that holds; None where none does.

    `sender` is the envelope's sender or, for mail of the system, the address of the account it concerns.
    `account_holds` says whether the account holds that address: without that, a condition on the sender is never
    met, so that nobody gets the use of another's credentials by writing an address.
    """
    for position, condition in enumerate(conditions):
        if condition.holds_for(recipient, sender, account_holds):
            return position
    return None


def _any_matches(patterns: Sequence[Pattern], address: str) -> bool:
    return any(pattern.matches(address) for pattern in patterns)
