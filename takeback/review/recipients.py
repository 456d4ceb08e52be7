"""The recipients of a message as the rules about people look at them, and how much each is doubted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from takeback.mail.address import domain_of
from takeback.review.domains import is_provider, organisation
from takeback.review.fit import Draft, Fit
from takeback.review.history import LARGEST_GROUP, History
from takeback.review.lookalike import Lookalike
from takeback.review.message import Addressee, Message
from takeback.review.rule import Context
from takeback.review.weights import probability, shipped

_FOREIGN = math.log(2)
"""Added to the log-odds of somebody from elsewhere, and taken off those of somebody who works where another of the
recipients does. An assumption: the weights were trained within one organisation."""
_LEAST_EXPERIENCE = 10
"""Messages that must have been sent before a fit says anything."""


def addressees(message: Message, context: Context) -> tuple[Addressee, ...]:
    """Everybody but the sender."""
    own = context.identities | {message.sender}
    return tuple(each for each in message.recipients if each.address not in own)


@dataclass(frozen=True, slots=True)
class Doubt:
    """`probability` that this recipient is a wrong one; `meant` is the contact who fits better in that place."""

    index: int
    address: str
    probability: float
    meant: Lookalike | None


def draft_of(message: Message, context: Context) -> Draft:
    addresses = tuple(each.address for each in addressees(message, context))
    return Draft(addresses, message.subject, context.now, message.is_reply)


def doubts(fit: Fit, context: Context) -> list[Doubt]:
    """Of every recipient; of none where the sender has hardly written yet, or where these are an audience."""
    addresses = fit.draft.addresses
    if fit.history.sent_messages < _LEAST_EXPERIENCE or not 0 < len(addresses) <= LARGEST_GROUP:
        return []
    weights = shipped("wrong_recipient")
    return [
        Doubt(
            index,
            address,
            probability(weights.log_odds(fit.numbers(index)) + _by_organisation(fit, index, context)),
            _meant(fit, index),
        )
        for index, address in enumerate(addresses)
    ]


def _by_organisation(fit: Fit, index: int, context: Context) -> float:
    """What the organisations say of one who never went with any of the others; of colleagues, nothing."""
    domains = [domain_of(address) for address in fit.draft.addresses]
    own, others = domains[index], domains[:index] + domains[index + 1 :]
    if not others or fit.company.met(index):
        return 0.0
    if organisation(own) not in map(organisation, others):
        return _FOREIGN
    return 0.0 if is_provider(own) or context.is_internal(fit.draft.addresses[index]) else -_FOREIGN


def _meant(fit: Fit, index: int) -> Lookalike | None:
    """The lookalike that fits better."""
    own = fit.fitness(fit.draft.addresses[index], index)
    best = next(iter(fit.lookalikes(index)), None)
    return best if best and fit.fitness(best.address, index) > own else None


def strangers(message: Message, history: History, context: Context) -> list[Addressee]:
    """Those of whom the history has never heard."""
    return [each for each in addressees(message, context) if not history.knows(each.address)]
