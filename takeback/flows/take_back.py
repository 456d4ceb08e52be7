"""Take back: one mailbox is searched, and the copies of one message are removed from it, each in the same steps:

1. find every candidate, and decide which are ours (`takeback.recall.matching`)
2. keep the bytes, sealed, and commit the plan
3. remove, on the condition that it is unread
4. commit what became of the copy
5. commit what is told of the person

Whoever comes after a crash begins at the first step and finds the plan. A planned copy that carries our mark of
removal, or is gone, is our own work: it is finished, and told as recalled, once.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from takeback.flows.quarantine import Quarantine, body_digest
from takeback.ports.mailbox import Copy, Mailbox, Place, Reference, Removal, Removed
from takeback.ports.recall import BodyMissing, CopyOutcome, PersonWork, Plan, PlannedCopy, RecallStore, SeenCopy
from takeback.recall.matching import Identity, Stamp, judge, judge_body
from takeback.recall.outcomes import Outcome, Reason, worst
from takeback.recall.planning import READ_FLAGS

ROUNDS = 3
"""How often a mailbox is searched anew because somebody moved a copy while it was to be removed."""
OUR_MARKS = frozenset({"\\Deleted", "$Recalled", "\\Recent"})
_STAYING = frozenset({Outcome.ALREADY_READ, Outcome.AMBIGUOUS, Outcome.RESTORED})
"""What is found where a copy was taken away before is another copy: some servers show identical ones as one."""
FOUND_GONE = "gone when looked for after an interruption"


@dataclass(slots=True)
class Findings:
    """What the search of one mailbox came to, copy by copy."""

    settled: dict[int, Outcome] = field(default_factory=dict)
    """Copies that were planned, by their id in the store."""
    seen: dict[Place, SeenCopy] = field(default_factory=dict)
    """Copies that were left alone."""

    @property
    def outcomes(self) -> list[Outcome]:
        return [*self.settled.values(), *(copy.outcome for copy in self.seen.values())]

    @property
    def reason(self) -> Reason:
        return _REASONS.get(worst(self.outcomes) or Outcome.RECALLED, Reason.NONE)


_REASONS = {Outcome.NOT_FOUND: Reason.TAKEN_AWAY, Outcome.AMBIGUOUS: Reason.NO_PROOF}
"""Of copies that were found: whoever is `not_found` without one has none."""


class TakingBack:
    """The work on one mailbox under one claim. Errors of the mailbox and LostClaim come through; what was committed
    until then stands."""

    def __init__(
        self, store: RecallStore, quarantine: Quarantine, person: PersonWork, token: str, mailbox: Mailbox
    ) -> None:
        self._store = store
        self._quarantine = quarantine
        self._person = person
        self._token = token
        self._mailbox = mailbox
        self._open = {copy.place: copy for copy in person.copies if copy.outcome is None}
        """Plans of which it is not known whether they were carried out."""
        self._taken_away: set[int] = set()
        """Plans of which we have seen that the copy was gone before we came to remove it."""
        self._findings = Findings({copy.id: copy.outcome for copy in person.copies if copy.outcome is not None})
        self._left = {copy.place for copy in person.copies if copy.outcome in _STAYING}

    async def run(self) -> Findings:
        """Afterwards no copy of ours that could be removed is there."""
        for _ in range(ROUNDS):
            found = await self._mailbox.find(Reference(self._person.recall.stamp.message_id, to_remove=True))
            ours = await self._ours(found)
            if await self._take(ours, {copy.place for copy in found}):
                break
        for plan in self._open.values():
            await self._settle(plan, Outcome.NOT_FOUND, "moved or deleted while it was to be removed", plan.flags)
        return self._findings

    async def _ours(self, found: Sequence[Copy]) -> list[Copy]:
        """The copies to remove; those that are left alone go into the findings."""
        self._findings.seen.clear()
        ours: list[Copy] = []
        for copy in found:
            if copy.place in self._left:
                continue
            match await identity_of(self._mailbox, copy, self._person.recall.stamp):
                case Identity.STRANGER:
                    continue
                case Identity.OURS if self._may_try(copy):
                    ours.append(copy)
                case Identity.OURS:
                    await self._leave(copy, Outcome.ALREADY_READ, f"flags {' '.join(sorted(copy.flags))}")
                case _:
                    await self._leave(copy, Outcome.AMBIGUOUS, "neither lock nor body shows that it is the message")
        return ours

    def _may_try(self, copy: Copy) -> bool:
        """A copy that carries our mark has met the condition already."""
        return copy.removing or self._person.recall.also_read or not copy.flags & READ_FLAGS

    async def _leave(self, copy: Copy, outcome: Outcome, evidence: str) -> None:
        """A copy that stays. An earlier try may have planned its removal, and somebody has read it since."""
        if (plan := self._open.pop(copy.place, None)) is not None:
            await self._settle(plan, outcome, evidence, copy.flags)
        else:
            self._findings.seen[copy.place] = SeenCopy(
                copy.place, copy.flags, copy.size, copy.delivered_at, outcome, evidence
            )

    async def _take(self, ours: Sequence[Copy], standing: Set[Place]) -> bool:
        """Whether every copy came to an end; else the mailbox has to be searched again. A plan whose place is not
        among those `standing` has lost its copy."""
        missing = [plan for place, plan in self._open.items() if place not in standing]
        planned = [(copy, await self._plan_for(copy, missing)) for copy in ours]
        for plan in missing:
            await self._finish_missing(plan)
        complete = True
        for copy, plan in planned:
            complete = await self._remove(copy, plan) and complete
        return complete

    async def _plan_for(self, copy: Copy, missing: list[PlannedCopy]) -> PlannedCopy:
        """The plan of this copy, committed. A copy without one while one of the plans has lost its copy is that very
        copy, moved by somebody."""
        known = self._open.get(copy.place)
        if known is not None and copy.removing:
            return known
        moved = missing.pop() if known is None and missing else None
        try:
            id = await self._commit(copy, moved)
        except BodyMissing:
            self._quarantine.forget(self._person.recall.id)
            id = await self._commit(copy, moved)
        if moved is not None:
            del self._open[moved.place]
            self._taken_away.discard(moved.id)
        plan = PlannedCopy(id, copy.place, copy.flags - OUR_MARKS, None)
        self._open[copy.place] = plan
        return plan

    async def _commit(self, copy: Copy, moved: PlannedCopy | None) -> int:
        """Afterwards the bytes of the copy are kept and its plan stands, durably; returns the id of the plan."""
        kept = await self._quarantine.keep(self._person.recall.id, self._person.id, self._mailbox, copy)
        return await self._store.plan(
            Plan(
                token=self._token,
                person=self._person.id,
                follows=moved.id if moved else None,
                place=copy.place,
                version=copy.version,
                flags=copy.flags - OUR_MARKS,
                size=copy.size,
                delivered_at=copy.delivered_at,
                header=kept.header,
                body=kept.body,
            )
        )

    async def _finish_missing(self, plan: PlannedCopy) -> None:
        del self._open[plan.place]
        if plan.id in self._taken_away:
            await self._settle(
                plan, Outcome.NOT_FOUND, "somebody moved it out of the mailbox or deleted it", plan.flags
            )
        else:
            await self._settle_gone(plan)

    async def _settle_gone(self, plan: PlannedCopy) -> None:
        """A planned copy that is gone, and that nobody else was seen to take away: we did, before an interruption."""
        await self._settle(plan, self._came_to(plan.flags), FOUND_GONE, plan.flags)

    async def _remove(self, copy: Copy, plan: PlannedCopy) -> bool:
        removed = await self._take_away(copy, only_if_unread=not self._person.recall.also_read)
        match removed.removal:
            case Removal.GONE:
                self._taken_away.add(plan.id)
                return False
            case Removal.READ:
                outcome, flags = Outcome.ALREADY_READ, removed.flags
            case _:
                flags = plan.flags if copy.removing else removed.flags - OUR_MARKS
                outcome = self._came_to(flags)
        del self._open[copy.place]
        await self._settle(plan, outcome, _evidence(removed), flags)
        return True

    async def _take_away(self, copy: Copy, only_if_unread: bool) -> Removed:
        return await self._mailbox.remove(copy, only_if_unread)

    def _came_to(self, flags: frozenset[str]) -> Outcome:
        """What it is to have been removed with those flags."""
        return Outcome.RECALLED_READ if flags & READ_FLAGS else Outcome.RECALLED

    async def _settle(self, plan: PlannedCopy, outcome: Outcome, evidence: str, flags: frozenset[str]) -> None:
        await self._store.settle_copy(CopyOutcome(self._token, self._person.id, plan.id, outcome, evidence, flags))
        self._findings.settled[plan.id] = outcome
        if outcome in _STAYING:
            self._left.add(plan.place)


async def identity_of(mailbox: Mailbox, copy: Copy, stamp: Stamp) -> Identity:
    """Whose the copy is; its body is read only where the lock is missing."""
    identity = judge(copy.header, stamp)
    if identity is Identity.ASK_BODY:
        return judge_body(await body_digest(mailbox, copy), stamp)
    return identity


def _evidence(removed: Removed) -> str:
    later = "; opened after the server had decided and before it was gone" if removed.seen_later else ""
    return removed.evidence + later
