"""Review: what was accepted is looked over before it leaves, and what looks like a mistake waits longer.

It runs off the accept path: messages that wait are taken from the store, a few at a time, and each is judged by a
reviewer whose rules can hurt nothing but themselves. The claim (`takeback/store/claiming.py`) lets nothing leave before
its review is in or its `review_by` has passed, whatever happens here.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog

from takeback import clock, figures
from takeback.clock import MINUTE, SECOND, Duration, Instant
from takeback.errors import StoreUnavailable
from takeback.flows.reports import Reporter
from takeback.hold import window
from takeback.hold.settings import Condition, HoldSettings
from takeback.ids import new_token
from takeback.mail import headers, message_id
from takeback.mail.address import identity
from takeback.mail.attached import says_attachment
from takeback.mail.headers import Header, HeaderError
from takeback.mail.risk_notice import Doubt, HeldLonger
from takeback.ports.review import (
    Assignment,
    Circumstances,
    GiveUp,
    Opinion,
    Reviewer,
    ReviewStore,
    TakeRequest,
    ToReview,
    Verdict,
)
from takeback.ports.store import NewMessage, Store
from takeback.review import policy, postponing
from takeback.review.finding import Finding
from takeback.review.policy import Judged
from takeback.review.postponing import Urgent
from takeback.review.settings import ReviewSettings

LEASE: Duration = 2 * MINUTE
"""Longer than a reviewer can take over one message: what was taken and not given in by then was lost with its node."""
POLL: Duration = SECOND // 2
"""What another process has accepted is noticed within this time."""
STORE_RETRY: Duration = SECOND
TAKEN_AT_ONCE = 20
LARGEST_READ = 32 << 20
"""Bytes of a message that are looked at."""
_AT_ONCE = 100
_ADDED = 8 * 1024
"""At least what Takeback puts on top of a header, which was within its limit when it came."""

log = structlog.get_logger("review")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One message and what was said of it."""

    message: ToReview
    content: bytes
    opinion: Opinion
    circumstances: Circumstances


class Reviewing:
    """The one loop that has messages reviewed. `on_reviewed` is told when one may be due because of it."""

    def __init__(
        self,
        store: Store,
        reviews: ReviewStore,
        reviewer: Reviewer,
        judge: Judge,
        on_reviewed: Callable[[], None],
    ) -> None:
        self._store = store
        self._reviews = reviews
        self._reviewer = reviewer
        self.judge = judge
        self._on_reviewed = on_reviewed
        self._wake = asyncio.Event()
        self._gave_up_at: Duration = 0
        self._turns = asyncio.Semaphore(2 * reviewer.count)  # the next one is read while this one is judged
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepted: deque[Duration] = deque(maxlen=postponing.CROWD)

    def wake(self) -> None:
        """Something was accepted just now."""
        self._accepted.append(clock.monotonic())
        self._wake.set()

    async def run(self) -> None:
        """Until it is cancelled; what is under way then is taken up again later."""
        try:
            while True:
                try:
                    await self._round()
                except StoreUnavailable as error:
                    figures.STORE_ERRORS.labels("review").inc()
                    log.warning("store unavailable", reason=str(error))
                    await self._sleep(STORE_RETRY)
                except Exception:
                    log.exception("review round failed")  # one bad round must not leave all mail unreviewed
                    await self._sleep(STORE_RETRY)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _round(self) -> None:
        self._wake.clear()
        if clock.monotonic() - self._gave_up_at >= POLL:
            await self._give_up()
            self._gave_up_at = clock.monotonic()
        if len(self._tasks) >= 2 * self._reviewer.count:
            await self._sleep(POLL)
            return
        crowded = self._is_crowded()
        if await self._take(crowded):
            return
        if crowded:
            await asyncio.sleep(POLL / SECOND)  # what comes in meanwhile is no reason to look again
        else:
            await self._sleep(POLL)

    def _is_crowded(self) -> bool:
        since = clock.monotonic() - postponing.CROWD_WITHIN
        return len(self._accepted) == postponing.CROWD and self._accepted[0] >= since

    async def _take(self, crowded: bool) -> Sequence[ToReview]:
        """Takes and starts as many as have a turn soon: a transaction for each would cost more than its review."""
        if not self.judge.settings.enabled:
            return ()
        urgent = await self._urgent() if crowded else None
        limit = TAKEN_AT_ONCE * self._reviewer.count
        taken = await self._reviews.take(TakeRequest(new_token(), limit, LEASE, urgent))
        accounts = {message.account for message in taken}
        circumstances = {account: await self._reviews.circumstances(account) for account in accounts}
        for message in taken:
            task = asyncio.create_task(self._review(message, circumstances[message.account]))
            self._tasks.add(task)
            task.add_done_callback(self._finished)
        return taken

    async def _urgent(self) -> Urgent:
        waiting = await self._reviews.waiting()
        return postponing.urgent(self._store.now(), waiting, self._reviewer.count, self.judge.settings)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if len(self._tasks) < 2 * self._reviewer.count:
            self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("review failed", error=repr(error), exc_info=error)

    async def _sleep(self, duration: Duration) -> None:
        # Not wait_for: where the event comes at the same moment, it swallows being cancelled (Python before 3.12).
        with suppress(TimeoutError):
            async with asyncio.timeout(duration / SECOND):
                await self._wake.wait()

    async def _review(self, message: ToReview, circumstances: Circumstances) -> None:
        """Afterwards the review is in. Where the store does not answer, the message is taken again when its lease has
        run out."""
        async with self._turns:  # so that not all that was taken is in memory at once
            with figures.REVIEW_SECONDS.time():
                content = message.content
                if content is None:
                    content = await beginning(self._store.read(message.id))
                assignment = _assignment(message, content, circumstances, self.judge.internal, self._store.now())
                opinion = await self._reviewer.review(assignment)
        reviewed = Reviewed(message, content, opinion, circumstances)
        verdict = self.judge.verdict(reviewed, self._store.now())
        standing = await self._reviews.give_in(verdict)
        if standing.stands:
            _tell(message, verdict, opinion, standing.longer)
        self._on_reviewed()

    async def _give_up(self) -> None:
        """Afterwards nothing waits for a review longer than the policy of now says, and what it keeps is told to be
        kept."""
        settings = self.judge.settings
        keep = settings.enabled and settings.on_failure == "hold"
        before = self._store.now() - (settings.timeout if settings.enabled else 0)
        given_up = await self._reviews.give_up(GiveUp(before, _AT_ONCE, keep))
        for message in given_up:
            log.warning("not reviewed in time", message=message, kept=keep)
        if given_up:
            self._on_reviewed()


class Judge:
    """Turns opinions into verdicts: what the configuration makes of findings."""

    def __init__(
        self,
        settings: ReviewSettings,
        hold: HoldSettings,
        internal: Sequence[str],
        is_internal: window.IsInternal,
        reporter: Reporter,
    ) -> None:
        self.settings = settings
        self.internal = internal
        self._hold = hold
        self._is_internal = is_internal
        self._reporter = reporter

    def verdict(self, reviewed: Reviewed, now: Instant) -> Verdict:
        judged = policy.judge(reviewed.opinion.findings, self.settings, reviewed.circumstances.silences)
        return Verdict(
            message=reviewed.message.id,
            token=reviewed.message.token,
            judged=judged,
            due_at=self._due_at(reviewed, judged, now),
            detail=_detail(reviewed.opinion, judged),
            told=self._notice(reviewed, judged, now) if self.settings.notify else None,
        )

    def _due_at(self, reviewed: Reviewed, judged: Sequence[Judged], now: Instant) -> list[Instant | None]:
        """Before when no copy leaves: the longest of what findings, rules of the gateway and failures ask for."""
        recipients = reviewed.message.envelope.recipients
        if reviewed.opinion.failures and self.settings.on_failure == "hold":
            return [None] * len(recipients)
        held = policy.longest(each.window for each in judged)
        by_findings = None if held is None else now + held
        asking = [rule.when for rule in self._hold.rule if rule.when.finding is not None]
        if not judged or not asking:
            return [by_findings] * len(recipients)
        facts = _facts(reviewed, asking, frozenset(each.finding.code for each in judged))
        by_rules = window.due_times_by_findings(facts, self._hold, self._is_internal, now)
        return [window.later(by_findings, by_rule) for by_rule in by_rules]

    def _notice(
        self, reviewed: Reviewed, judged: Sequence[Judged], now: Instant
    ) -> Callable[[Sequence[str]], NewMessage | None]:
        message = reviewed.message
        held = policy.longest(each.window for each in judged)

        def told(longer: Sequence[str]) -> NewMessage | None:
            return self._reporter.held_longer(
                HeldLonger(
                    message=message.id,
                    message_id=message_id.of(_header(reviewed.content)),
                    recipients=longer,
                    doubts=[_doubt(each.finding) for each in judged],
                    due_at=None if held is None else now + held,
                ),
                to=message.envelope.sender,
                account=message.account,
            )

        return told


def _doubt(finding: Finding) -> Doubt:
    return Doubt(finding.code, finding.reason.en, finding.reason.ar)


def _detail(opinion: Opinion, judged: Sequence[Judged]) -> dict[str, Any]:
    detail: dict[str, Any] = {}
    if judged:
        detail["score"] = round(max(each.finding.probability for each in judged), 4)
        detail["codes"] = list(dict.fromkeys(each.finding.code for each in judged))
    if opinion.failures:
        detail["failed"] = dict(opinion.failures)
    return detail


def _assignment(
    message: ToReview, content: bytes, circumstances: Circumstances, internal: Sequence[str], now: Instant
) -> Assignment:
    return Assignment(
        content=content,
        sender=message.envelope.sender,
        recipients=[recipient.address for recipient in message.envelope.recipients],
        account=message.account,
        version=circumstances.version,
        identities=own_addresses(circumstances, message.envelope.sender),
        internal=internal,
        now=now,
    )


def own_addresses(circumstances: Circumstances, sender: str) -> list[str]:
    """The canonical addresses under which an account writes, as far as is known."""
    return sorted({identity(address) for address in (*circumstances.addresses, sender) if address})


async def beginning(pieces: AsyncIterator[bytes]) -> bytes:
    """The message, or as much of it as is looked at."""
    data = bytearray()
    async for piece in pieces:
        data += piece
        if len(data) >= LARGEST_READ:
            break
    return bytes(data[:LARGEST_READ])


def _facts(reviewed: Reviewed, rules: Sequence[Condition], findings: frozenset[str]) -> window.Facts:
    """What these rules may ask of the message, as it is stored."""
    envelope, header = reviewed.message.envelope, _header(reviewed.content)
    wanted = {name.lower() for when in rules for name in when.header or ()}
    return window.Facts(
        sender=envelope.sender,
        recipients=[recipient.address for recipient in envelope.recipients],
        size=reviewed.message.size,
        has_attachment=any(when.has_attachment is not None for when in rules) and says_attachment([reviewed.content]),
        automatic=False,
        header={name: header.text(name) for name in wanted if header.count(name)},
        findings=findings,
    )


def _header(content: bytes) -> Header:
    """It was read when the message was accepted; one that cannot be read now has no fields."""
    try:
        return headers.split(content, headers.MAX_HEADER + _ADDED)
    except HeaderError:
        return headers.split(b"\r\n")


def _tell(message: ToReview, verdict: Verdict, opinion: Opinion, longer: Sequence[str]) -> None:
    for each in verdict.judged:
        figures.FINDINGS.labels(each.finding.code, each.effect.value).inc()
    for rule in opinion.failures:
        figures.RULE_FAILURES.labels(rule).inc()
    figures.REVIEWS.labels("held" if longer else "failed" if opinion.failures else "passed").inc()
    if verdict.judged or opinion.failures:
        codes = sorted({each.finding.code for each in verdict.judged})
        log.info("reviewed", message=message.id, codes=codes, held=len(longer), failed=dict(opinion.failures))
