"""Messages of which one recipient is hidden: who is missing?"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.review.interactions import Mail, Sent, replay
from takeback.review.absent import Candidates
from takeback.review.fit import Draft
from takeback.review.seen import says_reply

_WARMING_UP = 3


@dataclass(frozen=True, slots=True)
class Query:
    """`addresses` are the candidates, those with the most votes first; `hidden` is None where nobody is missing."""

    message: Sent
    hidden: str | None
    addresses: Sequence[str]
    numbers: Sequence[dict[str, float]]


def queries(mail: Mail, wanted: Callable[[Sent], bool], seed: int, whole: bool = True) -> Iterator[Query]:
    """Of each message one as it was, if `whole`, and one with a random recipient hidden, if it has two."""
    chance = random.Random(seed)
    for message, history in replay(mail):
        if not wanted(message) or history.sent_messages < _WARMING_UP:
            continue
        hidings: list[str | None] = [None] if whole else []
        if len(message.addresses) > 1:
            hidings.append(chance.choice(message.addresses))
        for hidden in hidings:
            rest = tuple(address for address in message.addresses if address != hidden)
            found = Candidates(Draft(rest, message.subject, message.at, says_reply(message.subject)), history)
            yield Query(message, hidden, found.addresses, [found.numbers(address) for address in found.addresses])
