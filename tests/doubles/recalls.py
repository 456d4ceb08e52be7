"""A recall under test: a real store, mailboxes in memory, and a worker that is driven round by round."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from takeback.clock import Duration
from takeback.flows.ask import Who
from takeback.flows.correct import Corrections
from takeback.flows.quarantine import Quarantine
from takeback.flows.quota import QuotaLimits
from takeback.flows.recall import Wish, start
from takeback.flows.recall_mail import RecallMail
from takeback.flows.recaller import LEASE, Reach, Recaller
from takeback.flows.reports import Reporter
from takeback.flows.submitter import Submitter
from takeback.hold.settings import HoldSettings
from takeback.mail import recall_lock
from takeback.mail.address import Pattern
from takeback.mail.digest import BodyDigest
from takeback.ports import Outcome as RelayOutcome
from takeback.ports import Verdict
from takeback.ports.mailbox import Connector
from takeback.ports.store import DotMark, Result, Settlement
from takeback.recall.report import PersonReport, Report
from takeback.recall.settings import RecallSettings
from takeback.review.settings import ReviewSettings
from takeback.sealing import Seal
from takeback.store.recall_store import SqlRecallStore
from tests.contract.store.trial import ANN, Trial
from tests.doubles.acceptors import acceptor
from tests.doubles.mailboxes import SERVER, Post

OWNER = Who("ann", ANN)
ADMIN = Who("local:root")
SECRET = b"\7" * 32
ID = "<quarterly@example.com>"
FROM = "Ann <ann@example.com>"
DATE = "Tue, 24 Nov 2026 02:55:00 +0000"
BODY = b"Here are the figures.\r\n"


def stored_copy(body: bytes = BODY, *more: str, lock: bool = True, from_: str = FROM, id: str = ID) -> bytes:
    """The message as a mailbox has it."""
    lines = [*more, *([f"Recall-Lock: {recall_lock.lock(SECRET, ANN, ID)}"] if lock else [])]
    lines += [f"From: {from_}", f"Date: {DATE}", f"Message-ID: {id}", "Subject: Figures"]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


def pattern(*texts: str) -> tuple[Pattern, ...]:
    return tuple(Pattern(text) for text in texts)


class RecallTrial(AbstractAsyncContextManager["RecallTrial"]):
    """`settings`, `lists`, `submitter` and `limits` may be changed before something is begun."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.post = Post()
        self.settings = RecallSettings()
        self.lists: Mapping[str, Sequence[str]] = {}
        self.submitter = Submitter(ANN, ANN)
        self.limits = QuotaLimits(0, 0, 0)

    async def __aenter__(self) -> RecallTrial:
        await self.trial.__aenter__()
        self.recalls = SqlRecallStore(self.trial.store.access)
        self.quarantine = Quarantine(self.recalls, Seal(b"k" * 32))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.trial.__aexit__()

    async def advance(self, duration: Duration) -> None:
        """Time passes, for the store and for those who ask it what time it is."""
        self.trial.clock.advance(duration)
        await self.trial.store.read_clock()

    def reach(self) -> Reach:
        return Reach(self.settings, self.covering, self.expand, self.corrections())

    def corrections(self) -> Corrections:
        store = self.trial.store
        accepting = acceptor(store, self.limits, HoldSettings(), ReviewSettings())
        return Corrections(store, accepting, self._submitter_of, Path(tempfile.gettempdir()))

    async def _submitter_of(self, account: str) -> Submitter:
        assert account == ANN
        return self.submitter

    def covering(self, address: str) -> Connector | None:
        return self.post if self.post.covers(address) else None

    async def expand(self, address: str) -> Sequence[str]:
        return self.lists.get(address, [address])

    def recaller(self, lease: Duration = LEASE) -> Recaller:
        store = self.trial.store
        mail = RecallMail(self.recalls, Reporter(store, "mx.example.com"), "mx.example.com")
        return Recaller(store, self.recalls, self.quarantine, mail, self.reach(), lease)

    async def accept(self, *addresses: str, **values: Any) -> str:
        digest = BodyDigest()
        digest.update(BODY)
        usual = {
            "message_id": ID,
            "header_from": FROM,
            "header_date": DATE,
            "lock_secret": SECRET,
            "body_digest": digest.digest(),
            "content": [stored_copy()],
        }
        return await self.trial.accept(*addresses, **{**usual, **values})

    async def send(self, *addresses: str, server: str = SERVER, delivered: bool = True, **values: Any) -> str:
        """A message that the next server has taken for all of them."""
        message = await self.accept(*addresses, **values)
        await self.deliver(message, server, delivered)
        return message

    async def deliver(self, message: str, server: str = SERVER, delivered: bool = True) -> None:
        await self.settle(message, {}, server, delivered)

    async def settle(
        self, message: str, verdicts: Mapping[str, Verdict], server: str = SERVER, delivered: bool = True
    ) -> None:
        """Everybody who is due has that verdict, or the message was taken for them."""
        [claimed] = await self.trial.claim()
        assert claimed.id == message
        ids = [recipient.id for recipient in claimed.recipients]
        assert await self.trial.store.mark_dot(DotMark(claimed.token, ids))
        results = []
        for each in claimed.recipients:
            verdict = verdicts.get(each.recipient.address, Verdict.SENT)
            results.append(Result(each.id, RelayOutcome(verdict, "the reply", server, delivered=delivered)))
        await self.trial.store.record(Settlement(claimed.token, results))

    async def ask(
        self, message: str, *recipients: str, also_read: bool = False, who: Who = OWNER, correction: str | None = None
    ) -> str:
        wish = Wish(message, recipients or None, also_read, correction)
        [id] = await start(self.trial.store, self.recalls, self.reach(), wish, who)
        return id

    async def work(self, id: str) -> Report:
        """The report when everybody was looked at once."""
        await self.recaller().work_off(id, _nothing)
        return await self.report(id)

    async def round(self) -> None:
        """What is due now is worked on, and what is over is finished."""
        recaller = self.recaller()
        while await recaller.round(None):
            await asyncio.gather(*recaller.under_way())
        await recaller.finish_what_is_over()

    async def recall(self, message: str, *recipients: str, also_read: bool = False) -> Report:
        return await self.work(await self.ask(message, *recipients, also_read=also_read))

    async def report(self, id: str) -> Report:
        report = await self.recalls.report(id)
        assert report is not None
        return report

    async def system_mail(self) -> list[bytes]:
        """The messages of our own that wait to be sent."""
        views = await self.trial.store.outbox(None)
        return [await self.trial.body(view.id) for view in views if view.origin.value == "system"]


async def _nothing() -> None: ...


def people(report: Report) -> dict[str, PersonReport]:
    return {person.address: person for each in report.recipients for person in each.people}
