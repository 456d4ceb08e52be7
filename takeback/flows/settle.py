"""Settle: what the outcomes of one attempt mean, when to try again, and which reports the sender is due."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from takeback import figures
from takeback.clock import Instant, rfc3339
from takeback.errors import StoreUnavailable
from takeback.flows.reports import Occasion, Reported, Reporter
from takeback.hold import retry
from takeback.ports import Outcome, Verdict
from takeback.ports.store import ClaimedMessage, ClaimedRecipient, NewMessage, Result, Settlement, Store

RECORD_ATTEMPTS = 5
"""Then the lease runs out and what left is shown as unknown, which is what it then is."""

log = structlog.get_logger("release")


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one recipient, and what its sender is to hear of it."""

    recipient: ClaimedRecipient
    result: Result
    occasion: Occasion | None


def decide(recipient: ClaimedRecipient, outcome: Outcome, now: Instant, chance: float) -> Decision:
    """`chance` is a random number in [0, 1) that spreads the retries."""
    match outcome.verdict:
        case Verdict.SENT:
            return _decide_sent(recipient, outcome)
        case Verdict.DEFERRED if retry.is_time_to_give_up(recipient.first_claim_at, now):
            given_up = replace(outcome, verdict=Verdict.FAILED, reply=f"554 5.4.7 Given up; last: {outcome.reply}")
            return _decide_failed(recipient, given_up)
        case Verdict.DEFERRED:
            return _decide_deferred(recipient, outcome, now, chance)
        case Verdict.FAILED:
            return _decide_failed(recipient, outcome)
        case _:
            return Decision(recipient, Result(recipient.id, outcome, None, recipient.delay_reported), None)


def _decide_sent(recipient: ClaimedRecipient, outcome: Outcome) -> Decision:
    result = Result(recipient.id, outcome, None, recipient.delay_reported)
    if outcome.reports_itself or not recipient.recipient.wants("SUCCESS"):
        return Decision(recipient, result, None)
    return Decision(recipient, result, Occasion.DELIVERED if outcome.delivered else Occasion.RELAYED)


def _decide_failed(recipient: ClaimedRecipient, outcome: Outcome) -> Decision:
    result = Result(recipient.id, outcome, None, recipient.delay_reported)
    return Decision(recipient, result, Occasion.FAILED if recipient.recipient.wants("FAILURE") else None)


def _decide_deferred(recipient: ClaimedRecipient, outcome: Outcome, now: Instant, chance: float) -> Decision:
    due_at = now + retry.delay_after(recipient.attempts + 1, chance)
    late = retry.is_delay_report_due(recipient.first_claim_at, recipient.delay_reported, now)
    result = Result(recipient.id, outcome, due_at, recipient.delay_reported or late)
    return Decision(recipient, result, Occasion.DELAYED if late and recipient.recipient.wants("DELAY") else None)


class Settler:
    """Carries decisions out. `on_report` is told when a report became due."""

    def __init__(self, store: Store, reporter: Reporter, on_report: Callable[[], None]) -> None:
        self._store = store
        self._reporter = reporter
        self._on_report = on_report

    async def settle(self, message: ClaimedMessage, outcomes: Sequence[Outcome]) -> None:
        """Afterwards the outcomes are recorded with the reports that follow from them, or a line in the log says
        why not."""
        now = self._store.now()
        decisions = [
            decide(recipient, outcome, now, random.random())
            for recipient, outcome in zip(message.recipients, outcomes, strict=True)
            if outcome.verdict is not Verdict.WITHDRAWN
        ]
        standing = await self._record(message, decisions)
        for decision in decisions:
            if decision.recipient.id in standing:
                _tell(message, decision)

    async def _record(self, message: ClaimedMessage, decisions: Sequence[Decision]) -> set[int]:
        if not decisions:
            return set()
        reports = await self._reports(message, decisions)
        results = [decision.result for decision in decisions]
        standing = set(await self._persist(Settlement(message.token, results, reports)))
        if reports and len(standing) < len(results):
            await self._report_the_rest(message, [each for each in decisions if each.recipient.id in standing])
        if reports:
            self._on_report()
        return standing

    async def _report_the_rest(self, message: ClaimedMessage, decisions: Sequence[Decision]) -> None:
        """Some recipients were no longer ours (undone meanwhile), so the reports that also spoke of them were not
        stored; these speak of the others."""
        for report in await self._reports(message, decisions):
            await self._store.accept(report)

    async def _reports(self, message: ClaimedMessage, decisions: Sequence[Decision]) -> list[NewMessage]:
        reported = [
            Reported(each.recipient.recipient, each.result.outcome, each.occasion, each.recipient.first_claim_at)
            for each in decisions
            if each.occasion is not None
        ]
        return await self._reporter.compose(message, reported) if reported else []

    async def _persist(self, settlement: Settlement) -> Sequence[int]:
        for attempt in range(1, RECORD_ATTEMPTS + 1):
            try:
                return await self._store.record(settlement)
            except StoreUnavailable as error:
                figures.STORE_ERRORS.labels("record").inc()
                log.warning("outcome not recorded yet", reason=str(error), attempt=attempt)
                await asyncio.sleep(attempt * 2)
        return ()


def _tell(message: ClaimedMessage, decision: Decision) -> None:
    outcome = decision.result.outcome
    figures.OUTCOMES.labels(outcome.verdict.value).inc()
    log.info(
        outcome.verdict.value,
        message=message.id,
        recipient=decision.recipient.recipient.address,
        reply=outcome.reply,
        server=outcome.server,
        **({"again_at": rfc3339(decision.result.due_at)} if decision.result.due_at else {}),
    )
