"""Reports as their reader gets them: stored with the result they speak of, complete, and never about a report."""

from __future__ import annotations

import email
from collections.abc import Sequence
from email import policy
from email.message import EmailMessage, Message
from typing import Any, cast

from takeback.clock import DAY, HOUR, SECOND, Duration
from takeback.flows.reports import Reporter
from takeback.flows.settle import Settler
from takeback.hold.states import State
from takeback.mail.envelope import Envelope, Recipient
from takeback.ports import Outcome, Verdict
from takeback.ports.store import ClaimedMessage, Origin, Selection
from tests.contract.store.trial import ANN, BOB, CAROL, Trial

NO = Outcome(Verdict.FAILED, "550 5.1.1 nobody of that name", "mx.one.example")
LATER = Outcome(Verdict.DEFERRED, "451 4.3.0 later", "mx.one.example")
CONTENT = b"From: ann@example.com\r\nSubject: the secret plan\r\n\r\nbody\r\n"


class Reports:
    """The settling flow, and the reports that came of it."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.due = 0
        self.settler = Settler(trial.store, Reporter(trial.store, "gateway.example"), self._on_report)

    def _on_report(self) -> None:
        self.due += 1

    async def claimed(self, *recipients: Recipient, **values: Any) -> ClaimedMessage:
        """A message whose recipients a worker has in hand."""
        envelope = Envelope(sender=values.pop("sender", ANN), recipients=recipients, envid="QQ314")
        await self.trial.accept(*(each.address for each in recipients), content=[CONTENT], envelope=envelope, **values)
        return await self.claim()

    async def claim(self) -> ClaimedMessage:
        [message] = await self.trial.claim()
        return message

    async def advance(self, duration: Duration) -> None:
        """Time passes, and the store notices."""
        self.trial.clock.advance(duration)
        await self.trial.store.read_clock()

    async def sent(self) -> Sequence[tuple[ClaimedMessage, EmailMessage]]:
        """The system mail that is due, parsed."""
        await self.advance(SECOND)
        mails = []
        for message in await self.trial.claim():
            assert message.origin is Origin.SYSTEM
            data = b"".join([piece async for piece in message.content.open()])
            mails.append((message, email.message_from_bytes(data, policy=policy.default)))
        return mails


def fields(report: EmailMessage) -> list[Message]:
    """The per-message fields and those of each recipient (RFC 3464 §2.1)."""
    [status] = [part for part in report.walk() if part.get_content_type() == "message/delivery-status"]
    return cast(list[Message], status.get_payload())


async def test_a_failure_is_reported_to_the_sender(trial: Trial) -> None:
    reports = Reports(trial)
    message = await reports.claimed(
        Recipient(BOB, orcpt="rfc822;bob@one.example"), Recipient(CAROL), future_release="for;60"
    )
    await reports.settler.settle(message, [NO, NO])
    [(sent, report)] = await reports.sent()
    assert reports.due == 1
    assert (sent.envelope.sender, [each.address for each in sent.envelope.recipients]) == ("", [ANN])
    assert report["Auto-Submitted"] == "auto-replied"
    about, of_bob, of_carol = fields(report)
    assert (about["Reporting-MTA"], about["Original-Envelope-Id"]) == ("dns; gateway.example", "QQ314")
    assert about["Future-Release-Request"] == "for;60"
    assert about["Arrival-Date"]
    assert (of_bob["Final-Recipient"], of_bob["Action"], of_bob["Status"]) == (f"rfc822; {BOB}", "failed", "5.1.1")
    assert of_bob["Original-Recipient"] == "rfc822; bob@one.example"
    assert of_carol["Diagnostic-Code"].startswith("smtp; 550 5.1.1 nobody of that name")
    assert "secret plan" not in str(report["Subject"])


async def test_notify_never_is_obeyed(trial: Trial) -> None:
    reports = Reports(trial)
    message = await reports.claimed(Recipient(BOB, notify="NEVER"), Recipient(CAROL))
    await reports.settler.settle(message, [NO, NO])
    [(_, report)] = await reports.sent()
    assert [each["Final-Recipient"] for each in fields(report)[1:]] == [f"rfc822; {CAROL}"]


async def test_a_long_delay_is_reported_once(trial: Trial) -> None:
    reports = Reports(trial)
    await reports.settler.settle(await reports.claimed(Recipient(BOB)), [LATER])
    assert await reports.sent() == []
    await reports.advance(4 * HOUR)
    await reports.settler.settle(await reports.claim(), [LATER])
    [(_, report)] = await reports.sent()
    assert (fields(report)[1]["Action"], fields(report)[1]["Status"]) == ("delayed", "4.3.0")
    assert fields(report)[1]["Will-Retry-Until"]
    await reports.advance(4 * HOUR)
    await reports.settler.settle(await reports.claim(), [LATER])
    assert await reports.sent() == []


async def test_after_five_days_the_sender_hears_that_it_failed(trial: Trial) -> None:
    reports = Reports(trial)
    message = await reports.claimed(Recipient(BOB, notify="FAILURE"))
    await reports.settler.settle(message, [LATER])
    await reports.advance(6 * DAY)
    await reports.settler.settle(await reports.claim(), [LATER])
    [(_, report)] = await reports.sent()
    assert (fields(report)[1]["Action"], fields(report)[1]["Status"]) == ("failed", "5.4.7")
    assert await trial.state(message.id) is State.FAILED


async def test_nobody_is_told_of_what_has_no_sender(trial: Trial) -> None:
    reports = Reports(trial)
    await reports.settler.settle(await reports.claimed(Recipient(BOB), sender=""), [NO])
    await reports.settler.settle(await reports.claimed(Recipient(ANN), sender="", origin=Origin.SYSTEM), [NO])
    assert await reports.sent() == []


async def test_what_was_undone_meanwhile_is_not_reported_as_failed(trial: Trial) -> None:
    reports = Reports(trial)
    message = await reports.claimed(Recipient(BOB), Recipient(CAROL))
    await trial.store.undo(Selection([message.id], "test", frozenset({BOB})))
    await reports.settler.settle(message, [NO, NO])
    assert await trial.states(message.id) == {BOB: State.UNDONE, CAROL: State.FAILED}
    [(_, report)] = await reports.sent()
    assert [each["Final-Recipient"] for each in fields(report)[1:]] == [f"rfc822; {CAROL}"]
