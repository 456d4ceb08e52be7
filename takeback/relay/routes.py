"""Which way a recipient's copy takes. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_PATTERN = re.compile(r"(?:\*|[^\s@*]+)@(?:\*\.)?[^\s@*]+")


@dataclass(frozen=True, slots=True)
class Condition:
    """Whose copies a `[[relay]]` section takes: patterns on the recipient and on the sender.

    Patterns are as `parse_pattern` gives them. No pattern of a kind means that any address will do.
    """

    recipients: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()

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


def parse_pattern(text: str) -> str:
    """`ann@example.com`, `*@example.com` or `*@*.example.com`, in lower case; ValueError where it is none."""
    pattern = text.strip().lower()
    exact_below_wildcard = "@*." in pattern and not pattern.startswith("*@")
    if _PATTERN.fullmatch(pattern) is None or exact_below_wildcard:
        raise ValueError(f'{text!r} matches no address; write "ann@example.com", "*@example.com" or "*@*.example.com"')
    return pattern


def matches(pattern: str, address: str) -> bool:
    """Whether the pattern, as `parse_pattern` gave it, covers the address. Case does not matter.

    `*@*.example.com` covers every subdomain at any depth, and not example.com itself.
    """
    wanted_local, _, wanted_domain = pattern.rpartition("@")
    local, _, domain = address.lower().rpartition("@")
    if not domain or wanted_local not in ("*", local):
        return False
    if wanted_domain.startswith("*."):
        return domain.endswith(wanted_domain[1:]) and domain != wanted_domain[1:]
    return domain == wanted_domain


def _any_matches(patterns: Sequence[str], address: str) -> bool:
    return any(matches(pattern, address) for pattern in patterns)
