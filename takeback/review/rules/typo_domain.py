"""A domain that is one slip of the finger, or of the eye, away from another one."""

from __future__ import annotations

from collections.abc import Callable

from takeback.mail.address import domain_of
from takeback.review.domains import Slip, organisation, slip_of
from takeback.review.finding import Finding, Reason, Where
from takeback.review.history import History
from takeback.review.message import Message
from takeback.review.recipients import addressees
from takeback.review.rule import Context
from takeback.review.saying import counted, reason

CODE = "typo_domain"

_FAMILIAR = 3
"""Copies sent there, after which a domain is taken for what was meant, and for what may be meant by another."""
_MOST = 20


def check(message: Message, history: History, context: Context) -> list[Finding]:
    if message.automatic:
        return []
    first_at = {each.domain: each.address for each in reversed(addressees(message, context))}
    unfamiliar = [
        domain
        for domain, address in first_at.items()
        if domain and not context.is_internal(address) and history.sent_to_domain(domain) < _FAMILIAR
    ][:_MOST]
    if not unfamiliar:
        return []
    own = {domain_of(identity) for identity in context.identities | {message.sender}}
    known = own | {domain for domain in history.domains() if history.sent_to_domain(domain) >= _FAMILIAR}
    found = []
    for domain in unfamiliar:
        slip = slip_of(domain, known)
        if slip and not (history.knows_domain(domain) and slip.certainty < _CERTAIN):
            found.append(_finding(domain, first_at[domain], slip, _sent_below(history, known)))
    return found


_CERTAIN = 0.6
"""A domain that was heard from exists, so that only the clearest slips are told of it."""


def _sent_below(history: History, known: set[str]) -> Callable[[str], int]:
    """How many copies went to anybody of an organisation."""
    return lambda meant: sum(history.sent_to_domain(domain) for domain in known if organisation(domain) == meant)


def _finding(domain: str, address: str, slip: Slip, sent: Callable[[str], int]) -> Finding:
    return Finding(
        CODE, slip.certainty, _why(domain, slip.meant, sent(slip.meant)), Where(recipient=address), about=domain
    )


def _why(domain: str, meant: str, times: int) -> Reason:
    if not times:
        return reason("{domain} looks like a slip for {meant}", domain=domain, meant=meant)
    return counted(
        "{domain} looks like {meant}, where you wrote once",
        "{domain} looks like {meant}, where you wrote {number} times",
        times,
        domain=domain,
        meant=meant,
    )
