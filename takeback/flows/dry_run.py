"""Dry run: what a recall would come to now. The same search and the same decisions, and nothing is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from takeback.errors import TakebackError
from takeback.flows.ask import Who
from takeback.flows.recall import Wish, chosen, messages_to_recall, note_look
from takeback.flows.recaller import Reach
from takeback.flows.take_back import identity_of
from takeback.hold.states import STOPPABLE, State
from takeback.mail import address
from takeback.ports.mailbox import Connector, Copy, Mailbox, MailboxRefused, MailboxUnavailable, Reference
from takeback.ports.recall import RecallStore
from takeback.ports.store import MessageView, RecipientView, Store
from takeback.recall.matching import Identity, Stamp
from takeback.recall.outcomes import Outcome, Reason, worst
from takeback.recall.planning import READ_FLAGS, reach
from takeback.recall.report import CopyReport, PersonReport, RecipientReport, Report, Status

AT_ONCE = 32


async def dry_run(store: Store, recalls: RecallStore, going_by: Reach, wish: Wish, who: Who) -> list[Report]:
    """One report for each message meant, of status `dry_run`. It is on the record that somebody looked. Raises
    NotFound, Ambiguous, LimitReached, StoreUnavailable."""
    reports = []
    for view in await messages_to_recall(store, recalls, going_by.settings, wish, who):
        keys = await chosen(store, view, wish, who)
        await note_look(store, recalls, going_by.settings, view, who)
        stamp = await recalls.stamp(view.id)
        if stamp is not None:
            look = _Look(store, going_by, stamp, wish.also_read)
            reports.append(await look.report(view, keys))
    return reports


class _Look:
    def __init__(self, store: Store, going_by: Reach, stamp: Stamp, also_read: bool) -> None:
        self._store = store
        self._reach = going_by
        self._stamp = stamp
        self._also_read = also_read
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def report(self, view: MessageView, keys: frozenset[str] | None) -> Report:
        meant = [each for each in view.recipients if keys is None or address.key(each.address) in keys]
        now = self._store.now()
        recipients = [await self._recipient(each) for each in meant]
        return Report("", view.id, Status.DRY_RUN, now, now, recipients)

    async def _recipient(self, recipient: RecipientView) -> RecipientReport:
        fate = _fate(recipient.state, self._stamp)
        if fate is not None:
            return RecipientReport(recipient.address, *fate, recipient.at)
        try:
            people = await self._people(recipient.address)
        except TakebackError:
            return RecipientReport(recipient.address, Outcome.GAVE_UP, Reason.NOT_EXPANDED, self._store.now())
        found = await asyncio.gather(*(self._person(each) for each in people))
        return RecipientReport(recipient.address, None, Reason.NONE, self._store.now(), found)

    async def _people(self, recipient: str) -> Sequence[str]:
        if reach(recipient, self._reach.settings.protected, lambda address: True) is not None:
            return [recipient]
        return await self._reach.expand(recipient) or [recipient]

    async def _person(self, person: str) -> PersonReport:
        connector = self._reach.covering(person)
        out = reach(person, self._reach.settings.protected, lambda address: connector is not None)
        if out is not None or connector is None:
            told = out.outcome if out else Outcome.OUT_OF_REACH
            return PersonReport(person, told, out.reason if out else Reason.NO_CONNECTOR, self._store.now())
        async with self._turn:
            return await self._look_into(person, connector)

    async def _look_into(self, person: str, connector: Connector) -> PersonReport:
        try:
            mailbox = await connector.open(person)
            try:
                found = await mailbox.find(Reference(self._stamp.message_id))
                copies = [each for copy in found if (each := await self._copy(mailbox, copy)) is not None]
            finally:
                await mailbox.close()
        except MailboxRefused as error:
            return self._told(person, Outcome.GAVE_UP, Reason.REFUSED_BY_SERVER, str(error))
        except MailboxUnavailable as error:
            return self._told(person, Outcome.PENDING, Reason.UNREACHABLE, str(error))
        outcome = worst(copy.outcome for copy in copies) or Outcome.NOT_FOUND
        return PersonReport(person, outcome, Reason.NONE, self._store.now(), copies=copies)

    def _told(self, person: str, outcome: Outcome, reason: Reason, detail: str) -> PersonReport:
        return PersonReport(person, outcome, reason, self._store.now(), detail=detail)

    async def _copy(self, mailbox: Mailbox, copy: Copy) -> CopyReport | None:
        match await identity_of(mailbox, copy, self._stamp):
            case Identity.STRANGER:
                return None
            case Identity.OURS:
                outcome = self._would_be(copy)
            case _:
                outcome = Outcome.AMBIGUOUS
        evidence = f"flags {' '.join(sorted(copy.flags))}".strip()
        return CopyReport(outcome, copy.place.folder, self._store.now(), evidence)

    def _would_be(self, copy: Copy) -> Outcome:
        if copy.removing or not copy.flags & READ_FLAGS:
            return Outcome.RECALLED
        return Outcome.RECALLED_READ if self._also_read else Outcome.ALREADY_READ


def _fate(state: State, stamp: Stamp) -> tuple[Outcome, Reason] | None:
    """What is told of a recipient without a search; None where mailboxes are searched."""
    if state in STOPPABLE or state is State.UNDONE:
        return Outcome.NEVER_LEFT, Reason.UNDONE
    if state is State.FAILED:
        return Outcome.NEVER_LEFT, Reason.REFUSED_BY_RELAY
    if state is State.LEAVING:
        return Outcome.PENDING, Reason.LEAVING
    return None if stamp.message_id else (Outcome.GAVE_UP, Reason.NO_MESSAGE_ID)
