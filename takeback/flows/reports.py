"""Reports: system mail to a sender. Null sender, never held, never reviewed, and nobody reports on a report."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from takeback import figures
from takeback.clock import Instant
from takeback.hold.retry import GIVE_UP_AFTER
from takeback.ids import new_id, new_token
from takeback.mail import dsn, headers, message_id, notices, recall_lock
from takeback.mail.compose import SystemMail
from takeback.mail.digest import BodyDigest
from takeback.mail.envelope import Envelope, Recipient
from takeback.mail.risk_notice import HeldLonger, held_longer
from takeback.ports import Outcome
from takeback.ports.store import ClaimedMessage, NewMessage, Origin, Parked, ParkReason, Store


class Occasion(StrEnum):
    """What gives rise to a report on one recipient (RFC 3464 §2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    RELAYED = "relayed"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Reported:
    """One recipient's part of a report. `first_claim_at` is when retries began."""

    recipient: Recipient
    outcome: Outcome
    occasion: Occasion
    first_claim_at: Instant


class Reporter:
    """Makes the messages; whoever asked stores them."""

    def __init__(self, store: Store, hostname: str) -> None:
        self._store = store
        self.hostname = hostname

    async def compose(self, message: ClaimedMessage, reported: Sequence[Reported]) -> list[NewMessage]:
        """One report on all of them to the message's sender; none where there is nobody to tell."""
        if not reported or not message.envelope.sender or message.origin is Origin.SYSTEM:
            return []
        now = self._store.now()
        top = await self._top(message)
        facts = dsn.Report(
            to=message.envelope.sender,
            hostname=self.hostname,
            message_id=message_id.new(new_id(now), self.hostname),
            boundary=new_token(),
            now=now,
            message=message.id,
            arrived_at=message.accepted_at,
            statuses=[_status(each, now) for each in reported],
            returned=dsn.returned(top, message.content.size, message.envelope.ret),
            envid=message.envelope.envid,
            future_release=message.future_release,
            original_message_id=message.message_id,
        )
        for each in reported:
            figures.REPORTS.labels(each.occasion.value).inc()
        return [self.system_message(dsn.report(facts), message.envelope.sender, message.account, now)]

    def parked(self, parked: Parked, reason: ParkReason) -> NewMessage | None:
        """The notice that a message was kept; None where there is nobody to tell."""
        if not parked.sender:
            return None
        now = self._store.now()
        facts = notices.Kept(
            occasion=notices.Occasion(reason.value),
            to=parked.sender,
            hostname=self.hostname,
            message_id=message_id.new(new_id(now), self.hostname),
            now=now,
            message=parked.message,
            recipients=parked.recipients,
            subject=parked.subject,
            due_at=parked.due_at,
        )
        figures.REPORTS.labels(reason.value).inc()
        return self.system_message(notices.kept(facts), parked.sender, parked.account, now)

    def held_longer(self, facts: HeldLonger, to: str, account: str) -> NewMessage | None:
        """The notice that a message waits longer; None where there is nobody to tell."""
        if not to:
            return None
        now = self._store.now()
        fresh_id = message_id.new(new_id(now), self.hostname)
        figures.REPORTS.labels("held_longer").inc()
        return self.system_message(held_longer(facts, to, self.hostname, fresh_id, now), to, account, now)

    async def _top(self, message: ClaimedMessage) -> bytes:
        """The beginning of the message: its header, and a small message whole."""
        wanted = max(headers.MAX_HEADER, dsn.LARGEST_RETURNED)
        top = b""
        async for piece in message.content.open():
            top += piece
            if len(top) >= wanted:
                break
        return top

    def system_message(self, mail: SystemMail, to: str, account: str, now: Instant) -> NewMessage:
        """A message of our own to one address, to be stored by whoever asked: due at once, and nobody reports on it."""
        header = headers.split(mail.data)
        digest = BodyDigest()
        digest.update(mail.data[header.body :])
        return NewMessage(
            id=new_id(now),
            account=account,
            origin=Origin.SYSTEM,
            envelope=Envelope("", (Recipient(to, notify="NEVER"),), smtputf8=mail.smtputf8),
            due_at=[now],
            accepted_at=now,
            size=len(mail.data),
            eight_bit=mail.eight_bit,
            content=(mail.data,),
            lock_secret=secrets.token_bytes(recall_lock.SECRET_SIZE),
            body_digest=digest.digest(),
            message_id=message_id.of(header),
            header_from=header.text("from"),
            header_date=header.text("date"),
            subject=header.text("subject"),
        )


def _status(reported: Reported, now: Instant) -> dsn.Status:
    delayed = reported.occasion is Occasion.DELAYED
    return dsn.Status(
        address=reported.recipient.address,
        action=dsn.Action(reported.occasion.value),
        reply=reported.outcome.reply,
        server=reported.outcome.server,
        orcpt=reported.recipient.orcpt,
        attempted_at=now,
        retry_until=reported.first_claim_at + GIVE_UP_AFTER if delayed else None,
    )
