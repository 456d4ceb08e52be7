"""The recipients of a message as the rules about people look at them, and how much each is doubted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from takeback.mail.address import domain_of
from takeback.review.domains import organisation
from takeback.review.fit import Draft, Fit
from takeback.review.history import LARGEST_GROUP, History
from takeback.review.lookalike import Lookalike
from takeback.review.message import Addressee, Message
from takeback.review.rule import Context
from takeback.review.weights import probability, shipped

_FOREIGN = math.log(2)
"""Added to the log-odds of somebody from elsewhere. An assumption: the weights were trained within one organisation."""
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


def doubts(fit: Fit) -> list[Doubt]:
    """Of every recipient; of none where the sender has hardly written yet, or where these are an audience."""
    addresses = fit.draft.addresses
    if fit.history.sent_messages < _LEAST_EXPERIENCE or not 0 < len(addresses) <= LARGEST_GROUP:
        return []
    weights = shipped("wrong_recipient")
    return [
        Doubt(
            index,
            address,
            probability(weights.log_odds(fit.numbers(index)) + (_FOREIGN if _is_foreign(fit, index) else 0.0)),
            _meant(fit, index),
        )
        for index, address in enumerate(addresses)
    ]


def _is_foreign(fit: Fit, index: int) -> bool:
    """Whether it is of another organisation than all the others, and never went with any of them."""
    organisations = [organisation(domain_of(address)) for address in fit.draft.addresses]
    others = organisations[:index] + organisations[index + 1 :]
    return bool(others) and organisations[index] not in others and not fit.company.met(index)


def _meant(fit: Fit, index: int) -> Lookalike | None:
    """The lookalike that fits better."""
    own = fit.fitness(fit.draft.addresses[index], index)
    best = next(iter(fit.lookalikes(index)), None)
    return best if best and fit.fitness(best.address, index) > own else None


def strangers(message: Message, history: History, context: Context) -> list[Addressee]:
    """Those of whom the history has never heard."""
    return [each for each in addressees(message, context) if not history.knows(each.address)]
