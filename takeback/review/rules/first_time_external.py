"""The first message ever to somebody outside."""

from __future__ import annotations

from takeback.review.domains import is_provider
from takeback.review.finding import Finding, Reason, Where
from takeback.review.history import History
from takeback.review.message import Addressee, Message
from takeback.review.quoted import mentions
from takeback.review.recipients import strangers
from takeback.review.rule import Context
from takeback.review.saying import counted, reason

CODE = "first_time_external"

_LEAST_EXPERIENCE = 3
"""Messages that must have been sent before "first" says anything."""
_NEW_DOMAIN = 0.06
_NEW_ADDRESS = 0.03
"""A first message is rarely a mistake: about one slip in five goes to a stranger (notes on the weights in
docs/review.md), and people write to strangers fifty times as often as they slip. So this alone holds nothing by the
tiers that are set by default; a policy may make it."""
_MOST = 3


def check(message: Message, history: History, context: Context) -> list[Finding]:
    if message.automatic or history.sent_messages < _LEAST_EXPERIENCE:
        return []
    new = [
        each
        for each in strangers(message, history, context)
        if not context.is_internal(each.address) and not mentions(message, each.address)
    ]
    return [_finding(each, history) for each in new[:_MOST]]


def _finding(stranger: Addressee, history: History) -> Finding:
    domain_is_new = not history.knows_domain(stranger.domain) and not is_provider(stranger.domain)
    return Finding(
        CODE,
        _NEW_DOMAIN if domain_is_new else _NEW_ADDRESS,
        _why(stranger, history),
        Where(recipient=stranger.address),
        about=stranger.address,
    )


def _why(stranger: Addressee, history: History) -> Reason:
    address, domain = stranger.address, stranger.domain
    if is_provider(domain):
        return reason("First message ever to {address}", address=address)
    if not (others := len(history.contacts_at(domain))):
        return reason("First message ever to {address}, and to anybody at {domain}", address=address, domain=domain)
    return counted(
        "First message ever to {address}; you know one other address at {domain}",
        "First message ever to {address}; you know {number} other addresses at {domain}",
        others,
        address=address,
        domain=domain,
    )
