"""Remember: a history is made from mail that was sent before, shown to the person whose it is, and erased."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

import structlog

from takeback.clock import Instant
from takeback.errors import StoreUnavailable
from takeback.mail.address import identity
from takeback.ports.review import Circumstances, Forget, Learning, ReviewStore
from takeback.review.history import Change, History, Row
from takeback.review.learning import seen_in
from takeback.review.message import Message, read

AT_ONCE = 100
"""Messages that are counted in one transaction, which then writes a few thousand counters at most."""
_TRIES = 5

log = structlog.get_logger("history")


@dataclass(frozen=True, slots=True)
class Remembering:
    """How an import went, or goes. What was `known` already was not counted again."""

    counted: int = 0
    known: int = 0
    without_recipients: int = 0

    def plus(self, other: Remembering) -> Remembering:
        return Remembering(
            self.counted + other.counted,
            self.known + other.known,
            self.without_recipients + other.without_recipients,
        )


@dataclass(frozen=True, slots=True)
class _Old:
    """One message that was sent, and by what it is known."""

    digest: bytes
    message: Message


async def remember(
    reviews: ReviewStore, account: str, messages: Iterable[bytes], now: Instant, actor: str
) -> Remembering:
    """Afterwards these, which the account has sent, are counted in its history, each once however often it is
    imported. Raises StoreUnavailable; what was counted until then stays."""
    whole = Remembering()
    listed = map(_old, messages)
    while part := list(islice(listed, AT_ONCE)):
        whole = whole.plus(await _remember_some(reviews, account, part, now))
    log.info("imported", account=account, actor=actor, counted=whole.counted, known=whole.known)
    return whole


async def _remember_some(reviews: ReviewStore, account: str, part: Sequence[_Old], now: Instant) -> Remembering:
    for _ in range(_TRIES):
        known = await reviews.known(account, [old.digest for old in part])
        fresh = list({old.digest: old for old in part if old.digest not in known}.values())
        remembered = await reviews.history(account)
        history = History.of(remembered.rows)
        own = _own(await reviews.circumstances(account))
        changes = [history.observe(seen_in(old.message, _sent_at(old.message, now), own)) for old in fresh]
        empty = changes.count(Change((), ()))
        learning = Learning(account, remembered.version, merged(changes), imported=[old.digest for old in fresh])
        if not fresh or await reviews.learn(learning):
            return Remembering(len(fresh) - empty, len(part) - len(fresh), empty)
    raise StoreUnavailable(f"the history of {account} is being changed by somebody else; try again")


def _old(content: bytes) -> _Old:
    message = read(content)
    named = message.message_id.strip().encode("utf-8", "replace")
    return _Old(sha256(named or content).digest()[:16], message)


def _own(circumstances: Circumstances) -> frozenset[str]:
    return frozenset(identity(address) for address in circumstances.addresses)


def _sent_at(message: Message, now: Instant) -> Instant:
    """What a client wrote; nobody has sent anything in the future."""
    return now if message.date is None else min(message.date, now)


def merged(changes: Iterable[Change]) -> Change:
    """What several changes, one after the other, come to."""
    changed: dict[tuple[str, str], Row] = {}
    forgotten: dict[tuple[str, str], None] = {}
    for change in changes:
        for row in change.changed:
            changed[row.kind, row.key] = row
            forgotten.pop((row.kind, row.key), None)
        for key in change.forgotten:
            changed.pop(key, None)
            forgotten[key] = None
    return Change(tuple(changed.values()), tuple(forgotten))


async def forget(reviews: ReviewStore, account: str, actor: str) -> int:
    """Afterwards nothing is known of whom the account wrote to, and nothing is silenced for it. Returns how many
    counters there were."""
    count = await reviews.forget(Forget(account, actor))
    log.info("erased", account=account, actor=actor, counters=count)
    return count


def contacts(history: History) -> Iterator[tuple[str, int, Instant, list[str]]]:
    """Everybody who was written to, the most frequent first: how often, when last, and under which names."""
    known = sorted(history.contacts(), key=lambda each: (-each[1].count, each[0]))
    for address, counter in known:
        yield address, counter.count, counter.last, sorted(history.names_of(address))
