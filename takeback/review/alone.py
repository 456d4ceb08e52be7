"""A message reviewed by itself: without a gateway, with a history that was handed over for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from takeback.clock import DAY, Instant
from takeback.mail.address import canonical_domain, domain_of, identity
from takeback.review.domains import is_provider
from takeback.review.engine import Review, review
from takeback.review.history import History
from takeback.review.message import Message, read
from takeback.review.past import read_past
from takeback.review.rule import Context, Rule

_BUDGET = 10.0
"""Seconds; far more than any message takes."""


@dataclass(frozen=True, slots=True)
class Case:
    """`sender` and `identities` as somebody wrote them; without a sender it is whom the message is from.
    `internal_domains` None: the domains of the sender's addresses, but for providers of personal mail. `past` are lines
    of a history, parsed."""

    content: bytes
    sender: str = ""
    identities: Sequence[str] = ()
    internal_domains: Sequence[str] | None = None
    past: Iterable[tuple[int, object]] = ()
    """With the number of its line."""


def review_alone(case: Case, rules: Sequence[Rule], now: Instant) -> Review:
    """What the rules find. "Now" is the message's own date, unless that lies ahead. ValueError names the line of the
    history that cannot be used."""
    message = read(case.content, case.sender)
    moment = message.date if message.date is not None and message.date <= now + DAY else now
    identities = _identities(case, message)
    history = History()
    for number, record in case.past:
        try:
            history.observe(read_past(record, moment, identities))
        except ValueError as error:
            raise ValueError(f"history line {number}: {error}") from None
    context = Context(moment, identities, _internal(case, identities))
    return review(message, history, context, rules, _BUDGET)


def _identities(case: Case, message: Message) -> frozenset[str]:
    named = [identity(each.strip()) for each in (case.sender, *case.identities) if each.strip()]
    return frozenset(named) or frozenset({message.sender})


def _internal(case: Case, identities: frozenset[str]) -> Callable[[str], bool]:
    """Whether an address is at one of the domains or below."""
    if case.internal_domains is None:
        domains = {domain for each in identities if (domain := domain_of(each)) and not is_provider(domain)}
    else:
        domains = {canonical_domain(each.strip().lstrip("@")) for each in case.internal_domains if each.strip()}

    def is_internal(address: str) -> bool:
        own = domain_of(address)
        return any(own == domain or own.endswith(f".{domain}") for domain in domains)

    return is_internal
