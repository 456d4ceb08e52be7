"""A reply that goes to an organisation which had no part in the conversation."""

from __future__ import annotations

from takeback.mail.address import domain_of
from takeback.review.domains import organisation
from takeback.review.finding import Finding, Where
from takeback.review.history import History
from takeback.review.message import Message
from takeback.review.quoted import quoted_addresses
from takeback.review.recipients import addressees
from takeback.review.rule import Context
from takeback.review.saying import reason

CODE = "new_domain_in_reply"

_UNKNOWN = 0.25
_UNRELATED = 0.1
"""Somebody is known but was never together with those of the conversation; to add them is often meant."""


def check(message: Message, history: History, context: Context) -> list[Finding]:
    if message.automatic or not message.is_reply or message.is_forward:
        return []
    people = addressees(message, context)
    before = quoted_addresses(message) | history.thread(message.subject).keys()
    before -= context.identities | {message.sender}
    if not before or not any(each.address in before for each in people):
        return []
    organisations = {organisation(domain_of(address)) for address in before}
    found = []
    for each in people:
        if organisation(each.domain) in organisations or context.is_internal(each.address):
            continue
        if any(history.together(each.address, other) for other in before):
            continue
        likely = _UNRELATED if history.sent_to(each.address) else _UNKNOWN
        said = reason(
            "{address} is new in this conversation, and nobody at {domain} was in it",
            address=each.address,
            domain=each.domain,
        )
        found.append(Finding(CODE, likely, said, Where(recipient=each.address), about=each.address))
    return found
