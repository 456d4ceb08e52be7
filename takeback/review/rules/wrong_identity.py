"""Sent under another address of one's own than these recipients know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from takeback.review.domains import is_provider
from takeback.review.finding import Finding, Reason, Where, about
from takeback.review.history import History
from takeback.review.leaks import destination
from takeback.review.message import Addressee, Message
from takeback.review.quoted import quoted_addresses
from takeback.review.recipients import addressees
from takeback.review.rule import Context
from takeback.review.saying import counted, reason

CODE = "wrong_identity"

_LIKELY_FROM = ((10, 0.65), (5, 0.5), (3, 0.3))
"""How likely it is after so many messages under the other identity and none under this one."""
_AT_A_DOMAIN = 0.25
_LEAST_AT_A_DOMAIN = 10
_TO_ANOTHER = 0.3
_NEVER_USED = 0.5
"""What an identity that was never used with anybody takes off: people do change their address."""


def check(message: Message, history: History, context: Context) -> list[Finding]:
    people = addressees(message, context)
    if message.automatic or not people:
        return []
    used = _identities_with(people, history)
    if message.sender in used:
        return []
    if used:
        return _unlike_before(message, history, people, used)
    return _unlike_at_the_domain(message, history, people) or _not_the_one_written_to(message, people, context)


def _identities_with(people: Iterable[Addressee], history: History) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in people:
        total.update({identity: counter.count for identity, counter in history.identities_with(each.address).items()})
    return total


def _unlike_before(
    message: Message, history: History, people: Sequence[Addressee], used: Counter[str]
) -> list[Finding]:
    ((usual, times),) = used.most_common(1)
    likely = next((likely for least, likely in _LIKELY_FROM if times >= least), 0.0)
    if not likely:
        return []
    if not history.uses_identity(message.sender):
        likely *= _NEVER_USED
    said = counted(
        "You write as {sender}, but wrote to these people as {usual} once",
        "You write as {sender}, but wrote to these people as {usual} {number} times",
        times,
        sender=message.sender,
        usual=usual,
    )
    return [_finding(message, people, likely, said)]


def _unlike_at_the_domain(message: Message, history: History, people: tuple[Addressee, ...]) -> list[Finding]:
    """Nobody of them was written to before, but others at their one domain were."""
    domains = {each.domain for each in people}
    if len(domains) > 1 or any(is_provider(domain) for domain in domains):
        return []
    domain = domains.pop()
    used = _identities_with((Addressee(address, "", "to") for address in history.contacts_at(domain)), history)
    if message.sender in used or used.total() < _LEAST_AT_A_DOMAIN or not history.uses_identity(message.sender):
        return []
    ((usual, times),) = used.most_common(1)
    said = counted(
        "You write as {sender}, but wrote to people at {domain} as {usual} once",
        "You write as {sender}, but wrote to people at {domain} as {usual} {number} times",
        times,
        sender=message.sender,
        usual=usual,
        domain=domain,
    )
    return [_finding(message, people, _AT_A_DOMAIN, said)]


def _not_the_one_written_to(message: Message, people: Sequence[Addressee], context: Context) -> list[Finding]:
    """The quoted text names another identity, and not this one."""
    quoted = quoted_addresses(message) if message.is_reply else frozenset()
    others = sorted((context.identities - {message.sender}) & quoted)
    if not others or message.sender in quoted:
        return []
    said = reason("You answer as {sender}, but what you answer went to {usual}", sender=message.sender, usual=others[0])
    return [_finding(message, people, _TO_ANOTHER, said)]


def _finding(message: Message, people: Sequence[Addressee], likely: float, said: Reason) -> Finding:
    return Finding(CODE, likely, said, Where(), about(message.sender, "→", destination(people)))
