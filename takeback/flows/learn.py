"""Learn: what was sent makes the history of its sender, and what people do with findings says which were right.

A message is learned once, when the last of its copies has come to an end, and of those copies only what was sent: an
undone one was the mistake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from takeback import figures
from takeback.clock import SECOND, Duration
from takeback.errors import NotFound, StoreUnavailable
from takeback.flows.ask import Who, find
from takeback.flows.review import beginning, own_addresses
from takeback.ports.review import (
    Assignment,
    Fine,
    Judgement,
    Learning,
    Reviewer,
    ReviewStore,
    RuleFigures,
    ToLearn,
)
from takeback.ports.store import Store
from takeback.review.finding import Finding
from takeback.review.history import Change

POLL: Duration = SECOND
_AT_ONCE = 20
_NOTHING = Change((), ())

log = structlog.get_logger("learn")


class Learner:
    """The one loop that learns from what was sent."""

    def __init__(self, store: Store, reviews: ReviewStore, reviewer: Reviewer) -> None:
        self._store = store
        self._reviews = reviews
        self._reviewer = reviewer

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                learned = await self.learn_some()
            except StoreUnavailable as error:
                figures.STORE_ERRORS.labels("learn").inc()
                log.warning("store unavailable", reason=str(error))
                learned = 0
            except Exception:
                log.exception("learning failed")  # mail goes on without it
                learned = 0
            if not learned:
                await asyncio.sleep(POLL / SECOND)

    async def learn_some(self) -> int:
        """Learns from a few messages that wait to be learned. Returns from how many."""
        messages = await self._reviews.to_learn(_AT_ONCE)
        return sum([await self._learn(message) for message in messages])

    async def _learn(self, message: ToLearn) -> bool:
        """False where another node has changed the history meanwhile; then it is tried again."""
        circumstances = await self._reviews.circumstances(message.account)
        assignment = Assignment(
            content=await beginning(self._store.read(message.id)),
            sender=message.sender,
            recipients=message.recipients,
            account=message.account,
            version=circumstances.version,
            identities=own_addresses(circumstances, message.sender),
            now=message.sent_at,
        )
        change = await self._reviewer.learn(assignment) or _NOTHING
        stored = await self._reviews.learn(Learning(message.account, circumstances.version, change, [message.id]))
        if stored:
            self._reviewer.learned(message.account, circumstances.version + 1, change)
        return stored


async def fine(store: Store, reviews: ReviewStore, reference: str, code: str | None, who: Who) -> Sequence[Finding]:
    """Afterwards the findings of that code (None: all of them) count as wrong, and what they were about is not asked of
    again. What the message waits for stays as it is: to call it fine is not to send it.

    Raises NotFound, Ambiguous, StoreUnavailable.
    """
    newest, *_ = await find(store, reference, who)
    findings = await reviews.fine(Fine(newest.id, newest.account, code, who.actor, who.client))
    if not findings:
        if code:
            raise NotFound("the review of {message} has found no {code}", message=newest.id, code=code)
        raise NotFound("the review of {message} has found nothing", message=newest.id)
    log.info("fine", message=newest.id, actor=who.actor, code=code)
    return findings


def show(rules: Sequence[RuleFigures]) -> None:
    """Afterwards `/metrics` says what people's acts have said of findings."""
    for rule in rules:
        figures.JUDGEMENTS.labels(rule.code, Judgement.RIGHT.value).set(rule.right)
        figures.JUDGEMENTS.labels(rule.code, Judgement.WRONG.value).set(rule.wrong)
