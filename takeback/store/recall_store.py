"""The store of recalls: `takeback.ports.recall.RecallStore` over a database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence, Set
from functools import partial
from itertools import count

from takeback.clock import Duration, Instant
from takeback.ports.recall import (
    Asked,
    BodyPiece,
    CopyOutcome,
    Ending,
    Expansion,
    Kept,
    NewRecall,
    PersonOutcome,
    Plan,
    RecallFacts,
    Restoration,
    WaitingRecall,
    Work,
    WorkRequest,
)
from takeback.recall.matching import Stamp
from takeback.recall.outcomes import Outcome
from takeback.recall.report import Report
from takeback.store import acts, quarantine, recall_reading, recalling
from takeback.store.access import Access
from takeback.store.writer import Transition, Urgency

_START = Transition(recalling.start, Urgency.PERSON)
_CONFIRM = Transition(recalling.confirm, Urgency.PERSON)
_CLAIM = Transition(recalling.claim, Urgency.DELIVERY)
_RENEW = Transition(recalling.renew, Urgency.DELIVERY)
_GIVE_BACK = Transition(recalling.give_back, Urgency.DELIVERY)
_EXPAND = Transition(recalling.expand, Urgency.DELIVERY)
_SETTLE_COPY = Transition(recalling.settle_copy, Urgency.DELIVERY)
_SETTLE_PERSON = Transition(recalling.settle_person, Urgency.DELIVERY)
_FINISH = Transition(recalling.finish, Urgency.DELIVERY)
_NOTE_ASKED = Transition(recalling.note_asked, Urgency.PERSON)
_PLAN = Transition(quarantine.plan, Urgency.DELIVERY)
_KEEP_PIECE = Transition(quarantine.keep_piece, Urgency.DELIVERY)
_HOLD_PERSON = Transition(quarantine.hold_person, Urgency.PERSON)
_NOTE_RESTORED = Transition(quarantine.note_restored, Urgency.PERSON)
_PURGE = Transition(quarantine.purge, Urgency.DELIVERY)


class SqlRecallStore:
    """Belongs to the event loop of its access."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def now(self) -> Instant:
        return self._access.now()

    async def start(self, recall: NewRecall) -> str:
        return await self._access.submit(_START, recall)

    async def confirm(self, recall: str, actor: str) -> None:
        await self._access.submit(_CONFIRM, (recall, actor))

    async def times(self, account: str, kinds: Sequence[str], since: Instant) -> Sequence[Instant]:
        return await self._access.ask(partial(acts.times, account=account, kinds=kinds, since=since))

    async def facts(self, recall: str) -> RecallFacts | None:
        return await self._access.ask(partial(recall_reading.facts, id=recall))

    async def stamp(self, message: str) -> Stamp | None:
        return await self._access.ask(partial(recall_reading.stamp, message=message))

    async def envelope_sender(self, message: str) -> str:
        return await self._access.ask(partial(recall_reading.envelope_sender, message=message))

    async def claim(self, request: WorkRequest) -> Work:
        await self._access.submit(_CLAIM, request)
        return await self._access.ask(partial(recall_reading.work, token=request.token))

    async def renew(self, tokens: Sequence[str], lease: Duration) -> None:
        await self._access.submit(_RENEW, (tokens, lease))

    async def give_back(self, token: str) -> None:
        await self._access.submit(_GIVE_BACK, token)

    async def expand(self, expansion: Expansion) -> None:
        await self._access.submit(_EXPAND, expansion)

    async def has_body(self, recall: str, digest: bytes) -> bool:
        return await self._access.ask(partial(recall_reading.has_body, recall_id=recall, digest=digest))

    async def keep_piece(self, piece: BodyPiece) -> None:
        await self._access.submit(_KEEP_PIECE, piece)

    async def plan(self, plan: Plan) -> int:
        return await self._access.submit(_PLAN, plan)

    async def settle_copy(self, outcome: CopyOutcome) -> None:
        await self._access.submit(_SETTLE_COPY, outcome)

    async def settle_person(self, outcome: PersonOutcome) -> None:
        await self._access.submit(_SETTLE_PERSON, outcome)

    async def finished(self) -> Sequence[RecallFacts]:
        return await self._access.ask(recall_reading.finished)

    async def finish(self, ending: Ending) -> bool:
        return await self._access.submit(_FINISH, ending)

    async def next_try(self, recall: str | None = None) -> Instant | None:
        return await self._access.ask(partial(recall_reading.next_try, id=recall))

    async def untried(self, recall: str) -> int:
        return await self._access.ask(partial(recall_reading.untried, id=recall))

    async def outline(self, recall: str) -> Sequence[tuple[str, Set[Outcome]]]:
        return await self._access.ask(partial(recall_reading.outline, id=recall))

    async def counts(self, recall: str) -> dict[Outcome, int]:
        return await self._access.ask(partial(recall_reading.counts, id=recall))

    async def report(self, recall: str) -> Report | None:
        return await self._access.ask(partial(recall_reading.report, id=recall))

    async def recalls(self, message: str) -> Sequence[str]:
        return await self._access.ask(partial(recall_reading.recalls, message=message))

    async def kept(self, recall: str) -> Sequence[Kept]:
        return await self._access.ask(partial(recall_reading.kept, id=recall))

    async def kept_body(self, recall: str, digest: bytes) -> AsyncIterator[bytes]:
        """The sealed pieces, one in memory at a time."""
        for position in count():
            question = partial(recall_reading.body_piece, recall_id=recall, digest=digest, position=position)
            piece = await self._access.ask(question)
            if piece is None:
                return
            yield piece

    async def note_restored(self, restoration: Restoration) -> None:
        await self._access.submit(_NOTE_RESTORED, restoration)

    async def hold_person(self, person: int, token: str, lease: Duration) -> bool:
        return await self._access.submit(_HOLD_PERSON, (person, token, lease))

    async def waiting(self) -> Sequence[WaitingRecall]:
        return await self._access.ask(recall_reading.waiting)

    async def note_asked(self, asked: Asked) -> bool:
        return await self._access.submit(_NOTE_ASKED, asked)

    async def purge(self, keep: Duration, limit: int) -> int:
        return await self._access.submit(_PURGE, (keep, limit))
