"""Numbers to train and to measure with: the fit of each recipient of each copy of each message."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.review.interactions import Learns, Mail, Sent, always, replay
from bench.review.leaks import Copy, Slip, clean, leaked
from takeback.review.fit import Draft, Fit
from takeback.review.history import History

_WARMING_UP = 3
"""Messages after which a history says anything."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One copy of one message: the numbers of each recipient."""

    message: Sent
    copy: Copy
    numbers: Sequence[dict[str, float]]


Copies = Callable[[Sent, History], Iterator[Copy]]


def samples(mail: Mail, wanted: Callable[[Sent], bool], copies: Copies, learns: Learns = always) -> Iterator[Sample]:
    for message, history in replay(mail, learns):
        if wanted(message) and history.sent_messages >= _WARMING_UP:
            for copy in copies(message, history):
                yield Sample(message, copy, numbers_of(message, copy, history))


def numbers_of(message: Sent, copy: Copy, history: History) -> list[dict[str, float]]:
    fit = Fit(Draft(copy.addresses, message.subject, message.at), history)
    return [fit.numbers(index) for index in range(len(copy.addresses))]


def copies(mail: Mail, seed: int, slips: Sequence[Slip], unseen: float) -> Copies:
    """A clean copy, and one for each slip."""
    chance = random.Random(seed)

    def made(message: Sent, history: History) -> Iterator[Copy]:
        yield clean(message)
        for slip in slips:
            if copy := leaked(message, history, mail, chance, slip, unseen):
                yield copy

    return made
