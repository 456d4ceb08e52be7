"""Drill: a canary goes through the gateway to test mailboxes and is taken back, so that it is known before somebody
needs it whether recall works, and how fast."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from takeback import figures
from takeback.clock import MILLISECOND, SECOND, Duration, Instant
from takeback.flows.accept import Acceptor, Hold, Session, Submission
from takeback.flows.ask import Who
from takeback.flows.recall import Wish, start
from takeback.flows.recaller import Reach
from takeback.flows.spool import Spool
from takeback.flows.submitter import Submitter
from takeback.hold.states import State
from takeback.ids import new_id
from takeback.mail import message_id
from takeback.mail.address import identity
from takeback.mail.canary import canary
from takeback.mail.envelope import Envelope, Recipient
from takeback.ports.drill import Drilled, DrillStore
from takeback.ports.mailbox import Connector, MailboxRefused, MailboxUnavailable, Reference
from takeback.ports.recall import RecallStore
from takeback.ports.store import ReleaseRequest, Selection, Store
from takeback.recall.outcomes import Outcome

ACCOUNT = "takeback-drill"
"""Owns the canaries."""
NOT_SENT = "not_sent"
NOT_DELIVERED = "not_delivered"
NO_CONNECTOR = "out_of_reach"
_LOOK_AGAIN: Duration = 100 * MILLISECOND

log = structlog.get_logger("drill")


@dataclass(frozen=True, slots=True)
class Range:
    """What a drill is held with. `patience` is for the way there, and again for the way back."""

    store: Store
    recalls: RecallStore
    reach: Reach
    acceptor: Acceptor
    hostname: str
    folder: Path
    patience: Duration


async def drill(held_with: Range, history: DrillStore, mailboxes: Sequence[str], actor: str) -> Sequence[Drilled]:
    """One canary for each test mailbox, so that a slow one does not hide a fast one. Afterwards the results are in the
    history. Raises Refused where the gateway does not take a canary, StoreUnavailable."""
    now = history.now()
    id = new_id(now)
    results = await asyncio.gather(*(_Flight(held_with, id, now, address, actor).fly() for address in mailboxes))
    await history.keep(results)
    for each in results:
        log.info("drill", server=each.server, outcome=each.outcome, passed=each.passed)
    show(results)
    return results


def show(results: Sequence[Drilled]) -> None:
    """Afterwards the figures are those of this drill. A server with several test mailboxes is as good as its worst."""
    figures.DRILL_PASSED.clear()
    figures.DRILL_SECONDS.clear()
    for each in results:
        those = [other for other in results if (other.kind, other.server) == (each.kind, each.server)]
        labels = (each.kind, each.server)
        figures.DRILL_PASSED.labels(*labels).set(all(other.passed for other in those))
        slowest = max((other.recalled_after for other in those if other.recalled_after is not None), default=None)
        if slowest is not None:
            figures.DRILL_SECONDS.labels(*labels).set(slowest / SECOND)
        figures.DRILL_TIME.set(each.at / SECOND)


class _Flight:
    """One canary, there and back."""

    def __init__(self, held_with: Range, drill: str, now: Instant, address: str, actor: str) -> None:
        self._with = held_with
        self._address = address
        self._who = Who(actor)
        self._connector = held_with.reach.covering(address)
        self._began = now
        kind, server = (self._connector.kind, self._connector.server) if self._connector else ("", "")
        self._result = Drilled(drill, self._began, identity(address), kind, server, NO_CONNECTOR, "", None, None)

    async def fly(self) -> Drilled:
        if self._connector is None:
            return self._result
        message, id = await self._send()
        everybody = Selection([message], self._who.actor)
        await self._with.store.release(ReleaseRequest(everybody))  # a rule may hold it, and that is not what is tested
        if not await self._until(lambda: self._has_left(message)):
            await self._with.store.undo(everybody)
            return replace(self._result, outcome=NOT_SENT)
        connector = self._connector
        if not await self._until(lambda: self._is_there(connector, id)):
            return replace(self._result, outcome=NOT_DELIVERED)
        arrived_after = self._with.store.now() - self._began
        return await self._take_back(message, arrived_after)

    async def _send(self) -> tuple[str, str]:
        """The id of the message, and its Message-ID."""
        hostname = self._with.hostname
        id = message_id.new(new_id(self._began), hostname)
        spool = Spool(self._with.folder)
        try:
            spool.write(canary(self._address, hostname, id, self._began))
            accepted = await self._with.acceptor.accept(_submission(self._address, hostname), spool)
        finally:
            spool.close()
        return accepted.id, id

    async def _has_left(self, message: str) -> bool:
        [view] = await self._with.store.find(message)
        return all(each.state is State.SENT for each in view.recipients)

    async def _is_there(self, connector: Connector, id: str) -> bool:
        try:
            mailbox = await connector.open(self._address)
            try:
                return bool(await mailbox.find(Reference(id)))
            finally:
                await mailbox.close()
        except (MailboxUnavailable, MailboxRefused) as error:
            self._result = replace(self._result, reason=str(error))
            return False

    async def _take_back(self, message: str, arrived_after: Duration) -> Drilled:
        asked_at = self._with.store.now()
        wish = Wish(message)
        [recall] = await start(self._with.store, self._with.recalls, self._with.reach, wish, self._who)
        await self._until(lambda: self._is_over(recall))
        report = await self._with.recalls.report(recall)
        assert report is not None
        [recipient] = report.recipients
        person = recipient.worst_person
        return replace(
            self._result,
            outcome=recipient.outcome.value,
            reason=(person.detail if person else "") or recipient.reason.value,
            arrived_after=arrived_after,
            recalled_after=max(0, (person.at if person else recipient.at) - asked_at),
        )

    async def _is_over(self, recall: str) -> bool:
        """The work is done by the `serve` that sent the canary."""
        return Outcome.PENDING not in await self._with.recalls.counts(recall)

    async def _until(self, holds: Callable[[], Awaitable[bool]]) -> bool:
        """Whether it came to hold within the patience."""
        deadline: Instant = self._with.store.now() + self._with.patience
        while not await holds():
            if self._with.store.now() >= deadline:
                return False
            await asyncio.sleep(_LOOK_AGAIN / SECOND)
        return True


def _submission(address: str, hostname: str) -> Submission:
    own = f"MAILER-DAEMON@{hostname}"
    envelope = Envelope("", (Recipient(address, notify="NEVER"),), smtputf8=not address.isascii())
    session = Session(helo="takeback", client="", esmtp=True, tls=False)
    return Submission(Submitter(ACCOUNT, own, authenticated=False), envelope, Hold(), session, eight_bit=False)
