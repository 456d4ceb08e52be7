"""Wrong recipients, made as Carvalho and Cohen (2007) made them."""

from __future__ import annotations

import random
from collections.abc import Set
from dataclasses import dataclass
from enum import Enum

from bench.review.interactions import Mail, Sent
from takeback.review.history import History


class Slip(Enum):
    """How the wrong recipient got there."""

    NONE = "none"
    ADDED = "added"
    """Beside the right ones: what the published generator does."""
    IN_PLACE = "in place"
    """Instead of a right one: what a completed address does."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A message as it may have been sent; `leak` is the place of the wrong recipient, None in a clean copy."""

    addresses: tuple[str, ...]
    leak: int | None
    slip: Slip
    seen: bool = True
    """Whether the sender's history knew the wrong recipient."""


def clean(message: Sent) -> Copy:
    return Copy(message.addresses, None, Slip.NONE)


def leaked(
    message: Sent, history: History, mail: Mail, chance: random.Random, slip: Slip = Slip.ADDED, unseen: float = 0.0
) -> Copy | None:
    """A copy with one wrong recipient, who with the chance of `unseen` is somebody the history never heard of. None
    where there is nobody to choose."""
    book = history.correspondents()
    seen = chance.random() >= unseen
    choice = book if seen else {person.address for person in mail.people} - book - {message.author.address}
    true = message.addresses
    instead = chance.choice(true)
    wrong = three_g([instead] if slip is Slip.IN_PLACE else true, choice - frozenset(true), chance)
    if wrong is None:
        return None
    rest = tuple(each for each in true if slip is Slip.ADDED or each != instead)
    return Copy((*rest, wrong), len(rest), slip, seen)


def three_g(true: tuple[str, ...] | list[str], choice: Set[str], chance: random.Random) -> str | None:
    """Somebody whose address begins like that of a random true recipient: by three letters, else two, else one, else
    anybody."""
    if not choice:
        return None
    address = chance.choice(true)
    for length in (3, 2, 1, 0):
        if alike := sorted(each for each in choice if each[:length] == address[:length]):
            return chance.choice(alike)
    return None
