"""Numbers by which states know people leave the organisation."""

from __future__ import annotations

from collections.abc import Iterator

from takeback.review.finding import Finding, about
from takeback.review.history import History
from takeback.review.identities import Identity, identities, may_hold
from takeback.review.leaks import Passage, destination, everything, masked, named_domains, outsiders, passages
from takeback.review.message import Message
from takeback.review.rule import Context
from takeback.review.saying import counted, reason

CODE = "national_id"

_MOST_CHARACTERS = 150_000
"""Of lines with digits enough, each of which is compared with the numbers of thirty countries."""
_LIST = 0.9
_MANY = 4


def check(message: Message, history: History, context: Context) -> list[Finding]:
    outside = outsiders(message, context)
    if not outside or not may_hold(everything(message)):
        return []
    found: dict[str, tuple[Identity, Passage]] = {}
    for passage in _worth_a_look(message):
        for identity in identities(passage.plain):
            found.setdefault(identity.number, (identity, passage))
    if not found:
        return []
    identity, passage = max(found.values(), key=lambda item: item[0].sure)
    domains = named_domains(outside)
    if len(found) >= _MANY:
        said = counted(
            "{number} national identity number goes to {domains}",
            "{number} national identity numbers go to {domains}",
            len(found),
            domains=domains,
        )
        return [Finding(CODE, _LIST, said, passage.where)]
    said = reason(
        "A national identity number ({kind}, {masked}) goes to {domains}",
        kind=identity.kind, masked=masked(identity.number), domains=domains,
    )  # fmt: skip
    silenced = about(identity.kind, masked(identity.number), "→", destination(outside))
    return [Finding(CODE, identity.sure, said, passage.where, silenced)]


def _worth_a_look(message: Message) -> Iterator[Passage]:
    room = _MOST_CHARACTERS
    for passage in passages(message):
        if may_hold(passage.plain):
            room -= len(passage.plain)
            if room < 0:
                return
            yield passage
