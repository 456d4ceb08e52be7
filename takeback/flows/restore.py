"""Restore: the copies that a recall took away are put back where they were, with their flags and dates."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

import structlog

from takeback.clock import MINUTE, Duration
from takeback.errors import NotFound
from takeback.flows.ask import Who
from takeback.flows.permission import check_often, check_password
from takeback.flows.quarantine import Quarantine
from takeback.flows.recaller import Reach
from takeback.flows.take_back import identity_of
from takeback.ids import new_token
from takeback.ports import mailbox as ports
from takeback.ports.mailbox import Mailbox, MailboxRefused, MailboxUnavailable, QuotaExceeded, Reference
from takeback.ports.recall import Covering, Kept, RecallFacts, RecallStore, Restoration
from takeback.ports.store import Store
from takeback.recall.matching import Identity
from takeback.recall.outcomes import Outcome, Reason, worst
from takeback.recall.report import Report
from takeback.recall.settings import RecallSettings

LEASE: Duration = 10 * MINUTE
"""For one mailbox; whoever dies meanwhile is waited for that long."""

log = structlog.get_logger("restore")


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of one person's copies: `restored`, or why not."""

    address: str
    outcome: Outcome
    reason: Reason = Reason.NONE
    detail: str = ""


def document(recall: str, people: Sequence[Restored]) -> dict[str, Any]:
    """What `--json` and the API give."""
    return {
        "id": recall,
        "people": [
            {
                "address": each.address,
                "outcome": each.outcome.value,
                "reason": each.reason.value or None,
                "detail": each.detail or None,
            }
            for each in people
        ],
    }


async def restore(
    store: Store, recalls: RecallStore, going_by: Reach, quarantine: Quarantine, recall: str, who: Who
) -> list[Restored]:
    """Afterwards every copy that could be is back in its folder, once, however often this is asked. One answer for
    each person who had a copy taken away; whoever asks for an account has one for each recipient instead, for who is
    behind a list is not the sender's business. Raises NotFound, LimitReached, StoreUnavailable."""
    facts = await recalls.facts(recall)
    if facts is None or who.account not in (None, facts.account):
        raise NotFound("no such recall: {recall}", recall=recall)
    kept = sorted(await recalls.kept(recall), key=lambda copy: copy.person)
    if not kept:
        raise NotFound("recall {recall} took nothing away; there is nothing to put back", recall=recall)
    await _check(store, recalls, going_by.settings, facts, who)
    work = _Restoring(recalls, going_by.covering, quarantine, facts, who)
    told = [await work.person(list(copies)) for _, copies in groupby(kept, key=lambda copy: copy.person)]
    report = await recalls.report(recall)
    return told if who.account is None or report is None else _by_recipient(told, report)


async def _check(store: Store, recalls: RecallStore, settings: RecallSettings, facts: RecallFacts, who: Who) -> None:
    """Raises NotNow where the account's password is too fresh, or too much was put back of late."""
    if who.account is None:
        return
    await check_password(store, settings.limits, who)
    await check_often(store, recalls, settings.per_hour, "restoring", facts.message, who)


def _by_recipient(told: Sequence[Restored], report: Report) -> list[Restored]:
    """The worst of what became of the people behind each recipient, without what the servers said."""
    by_person = {each.address: each for each in told}
    rows = []
    for recipient in report.recipients:
        behind = {by.outcome: by for person in recipient.people if (by := by_person.get(person.address)) is not None}
        if (outcome := worst(behind)) is not None:
            rows.append(Restored(recipient.address, outcome, behind[outcome].reason))
    return rows


class _Restoring:
    def __init__(
        self, recalls: RecallStore, covering: Covering, quarantine: Quarantine, facts: RecallFacts, who: Who
    ) -> None:
        self._recalls = recalls
        self._covering = covering
        self._quarantine = quarantine
        self._facts = facts
        self._who = who

    async def person(self, copies: Sequence[Kept]) -> Restored:
        address, person = copies[0].address, copies[0].person
        missing = [copy for copy in copies if copy.outcome is not Outcome.RESTORED]
        if not missing:
            return Restored(address, Outcome.RESTORED)
        if any(copy.header is None for copy in missing):
            return Restored(address, Outcome.GAVE_UP, Reason.PURGED)
        connector = self._covering(address)
        if connector is None:
            return Restored(address, Outcome.OUT_OF_REACH, Reason.NO_CONNECTOR)
        token = new_token()
        if not await self._recalls.hold_person(person, token, LEASE):
            return Restored(address, Outcome.PENDING, Reason.UNREACHABLE, "somebody else works on it just now")
        try:
            mailbox = await connector.open(address)
            try:
                await self._put_back(mailbox, copies, missing, token)
            finally:
                await mailbox.close()
        except QuotaExceeded as error:
            return Restored(address, Outcome.GAVE_UP, Reason.QUOTA, str(error))
        except MailboxRefused as error:
            return Restored(address, Outcome.GAVE_UP, Reason.REFUSED_BY_SERVER, str(error))
        except MailboxUnavailable as error:
            return Restored(address, Outcome.PENDING, Reason.UNREACHABLE, str(error))
        finally:
            await self._recalls.give_back(token)
        return Restored(address, Outcome.RESTORED)

    async def _put_back(self, mailbox: Mailbox, copies: Sequence[Kept], missing: Sequence[Kept], token: str) -> None:
        """A copy that stands in its folder although nobody wrote down that it does was put back by an earlier try."""
        there = await self._standing(mailbox)
        for copy in copies:
            if copy.outcome is Outcome.RESTORED:
                there[copy.place.folder] -= 1
        for copy in missing:
            if there[copy.place.folder] > 0:
                there[copy.place.folder] -= 1
                evidence = "it stood there already"
            else:
                place = await mailbox.put_back(self._as_it_was(copy))
                evidence = f"put back as {place.uid}"
            await self._recalls.note_restored(Restoration(token, copy.id, copy.person, self._who.actor, evidence))
            log.info("restored", recall=copy.recall, copy=copy.id)

    async def _standing(self, mailbox: Mailbox) -> Counter[str]:
        """How many copies of the message are in each folder."""
        found = await mailbox.find(Reference(self._facts.stamp.message_id))
        there: Counter[str] = Counter()
        for copy in found:
            if not copy.removing and await identity_of(mailbox, copy, self._facts.stamp) is Identity.OURS:
                there[copy.place.folder] += 1
        return there

    def _as_it_was(self, copy: Kept) -> ports.Kept:
        return ports.Kept(
            folder=copy.place.folder,
            flags=copy.flags,
            delivered_at=copy.delivered_at,
            size=copy.size,
            open=partial(self._open, copy),
        )

    def _open(self, copy: Kept) -> AsyncIterator[bytes]:
        return self._quarantine.open(copy)
