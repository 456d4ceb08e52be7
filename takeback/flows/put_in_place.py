"""Put in place: a corrected message takes the place of each copy that is taken back. In one mailbox, the steps are
those of `takeback/flows/take_back.py`, but for the third:

3. mark the old copy as removed, on the condition that it is unread; append the corrected message; remove the old one

The connector does that in this order (`put_in_place`), so the mailbox never has neither. So that it does not keep both,
whoever comes after a crash looks for the corrected message first: where it stands, all that is left to do is to remove
what is marked.
"""

from __future__ import annotations

from takeback.flows.quarantine import Quarantine
from takeback.flows.take_back import Findings, TakingBack, identity_of
from takeback.ports.mailbox import Copy, Kept, Mailbox, OpenBytes, Reference, Removal, Removed
from takeback.ports.recall import PersonWork, PlannedCopy, RecallStore, Replacement
from takeback.recall.matching import Identity, Stamp
from takeback.recall.outcomes import Outcome

PUT_AFTERWARDS = "the old one was gone after an interruption; the corrected one was put where it stood"


class PuttingInPlace(TakingBack):
    """The corrected message is put into a mailbox once, in the place of the first copy that may be removed; where there
    are several, the others are removed as well, on the same condition."""

    def __init__(
        self,
        store: RecallStore,
        quarantine: Quarantine,
        person: PersonWork,
        token: str,
        mailbox: Mailbox,
        stamp: Stamp,
        corrected: Kept,
    ) -> None:
        super().__init__(store, quarantine, person, token, mailbox)
        self._stamp = stamp
        self._corrected = corrected
        self._stands = False

    async def run(self) -> Findings:
        """Afterwards the corrected message stands where a copy of ours was removed."""
        self._stands = await self._is_there()
        return await super().run()

    async def _is_there(self) -> bool:
        """An earlier try may have put it there and ended before it could say so."""
        for copy in await self._mailbox.find(Reference(self._stamp.message_id)):
            if not copy.removing and await identity_of(self._mailbox, copy, self._stamp) is Identity.OURS:
                return True
        return False

    async def _take_away(self, copy: Copy, only_if_unread: bool) -> Removed:
        if self._stands:
            return await super()._take_away(copy, only_if_unread)
        removed, _ = await self._mailbox.put_in_place(copy, self._corrected, only_if_unread)
        self._stands = removed.removal is Removal.REMOVED
        return removed

    async def _settle_gone(self, plan: PlannedCopy) -> None:
        """Whoever was interrupted had marked the old copy, and a mail program may have removed what is marked: the
        corrected one is still owed."""
        if not self._stands:
            await self._mailbox.put_back(_where(plan, self._corrected))
            self._stands = True
            await self._settle(plan, Outcome.REPLACED, PUT_AFTERWARDS, plan.flags)
        else:
            await super()._settle_gone(plan)

    def _came_to(self, flags: frozenset[str]) -> Outcome:
        return Outcome.REPLACED


def _where(plan: PlannedCopy, corrected: Kept) -> Kept:
    return Kept(plan.place.folder, plan.flags, None, corrected.size, corrected.open)


def as_it_will_stand(replacement: Replacement, read: OpenBytes) -> Kept:
    """The corrected message for a connector; folder, flags and date are those of the copy whose place it takes."""
    return Kept("INBOX", frozenset(), None, replacement.size, read)
