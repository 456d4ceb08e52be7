"""The worker of recalls: claims recipients and mailboxes whose time has come, works on many at once, and writes down
what became of each. Several workers, on several nodes, share the same recalls."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog

from takeback import figures
from takeback.clock import DAY, MINUTE, SECOND, Duration, Instant
from takeback.errors import StoreUnavailable, TakebackError
from takeback.flows.correct import Corrections, NotNowCorrected
from takeback.flows.put_in_place import PuttingInPlace, as_it_will_stand
from takeback.flows.quarantine import Quarantine
from takeback.flows.recall_mail import RecallMail
from takeback.flows.take_back import TakingBack
from takeback.hold.states import State
from takeback.ids import new_token
from takeback.ports.mailbox import Connector, Mailbox, MailboxRefused, MailboxUnavailable
from takeback.ports.recall import (
    Covering,
    Ending,
    Expand,
    Expansion,
    LostClaim,
    NewPerson,
    PersonOutcome,
    PersonWork,
    RecallFacts,
    RecallStore,
    RecipientWork,
    SeenCopy,
    WorkRequest,
)
from takeback.ports.store import Selection, Store
from takeback.recall.correction import CannotCorrect, to_correct
from takeback.recall.outcomes import Outcome, Reason
from takeback.recall.planning import Verdict, Watch, after_late_look, after_search, reach, watched
from takeback.recall.settings import RecallSettings

LEASE: Duration = MINUTE
POLL: Duration = SECOND // 2
"""Another process may have asked for a recall: it is noticed within this time."""
GATHERING: Duration = SECOND // 20
"""So long others may take to end after the first one has: their places are filled by one claim."""
AT_ONCE = 32
"""So many of one server, give or take a claim; how many connections that means is the connector's business."""
MOST = 128
CORRECTION_PATIENCE: Duration = DAY
"""So long after the watch a recall waits for the limits of its sender's account to let its correction through."""

log = structlog.get_logger("recall")


@dataclass(frozen=True, slots=True)
class Reach:
    """What a recaller goes by; exchanged whole where the configuration is read again."""

    settings: RecallSettings
    covering: Covering
    expand: Expand
    corrections: Corrections


class Recaller:
    def __init__(
        self,
        store: Store,
        recalls: RecallStore,
        quarantine: Quarantine,
        mail: RecallMail,
        reach: Reach,
        lease: Duration = LEASE,
    ) -> None:
        self.reach = reach
        self._store = store
        self._recalls = recalls
        self._quarantine = quarantine
        self._mail = mail
        self._lease = lease
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()
        self._again_at: dict[str, Instant] = {}

    async def run(self) -> None:
        """Works on every recall until cancelled."""
        renewal = asyncio.create_task(self._keep_leases())
        try:
            while True:
                try:
                    await self.round(None)
                    await self.finish_what_is_over()
                except StoreUnavailable as error:
                    _tell(error)
                except Exception:
                    log.exception("recall round failed")  # one bad round must not end all recalls
                await self._pause()
        finally:
            renewal.cancel()
            await self._give_up_tasks()

    async def work_off(self, recall: str, progress: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Works on one recall until everybody was looked at once, by us or by others; then nothing but `pending`
        remains. `progress` is called again and again meanwhile. Raises StoreUnavailable."""
        renewal = asyncio.create_task(self._keep_leases())
        try:
            while await self._recalls.untried(recall):
                await self.round(recall)
                await progress()
                await self._pause()
            await self.finish_what_is_over()
            await progress()
        finally:
            renewal.cancel()
            await self._give_up_tasks()

    async def round(self, recall: str | None) -> bool:
        """Takes on what is due and there is room for; whether there was anything."""
        room = min(AT_ONCE, MOST - len(self._tasks))
        if room <= 0:
            return True
        token = new_token()
        busy = frozenset(server for server, count in self._busy.items() if count >= AT_ONCE)
        work = await self._recalls.claim(WorkRequest(token, room, self._lease, recall, busy))
        for recipient in work.recipients:
            self._begin(self._settle_recipient(recipient, token), token, "")
        for person in work.people:
            self._begin(self._settle_person(person, token), token, person.server)
        return bool(work.recipients or work.people)

    def _begin(self, work: Coroutine[Any, Any, None], token: str, server: str) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        self._busy[server] += 1
        self._tokens[token] += 1

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            self._busy[server] -= 1
            self._tokens[token] -= 1
            if not task.cancelled() and (error := task.exception()) is not None:
                _tell(error)

        task.add_done_callback(ended)

    def under_way(self) -> set[asyncio.Task[None]]:
        """The work that was taken on and has not come to an end."""
        return set(self._tasks)

    async def _pause(self) -> None:
        """Until some work has ended, or it is time to look again."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=POLL / SECOND, return_when=asyncio.FIRST_COMPLETED)
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=GATHERING / SECOND)
        else:
            await asyncio.sleep(POLL / SECOND)

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._lease / SECOND / 3)
            tokens = [token for token, count in self._tokens.items() if count > 0]
            self._tokens = Counter({token: self._tokens[token] for token in tokens})
            with suppress(StoreUnavailable):
                await self._recalls.renew(tokens, self._lease)

    async def _give_up_tasks(self) -> None:
        """Afterwards nothing is under way, and what was may be claimed at once by others."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for token in self._tokens:
            with suppress(StoreUnavailable):
                await self._recalls.give_back(token)

    # A recipient: undone, or who is behind it

    async def _settle_recipient(self, work: RecipientWork, token: str) -> None:
        state = await self._stop(work)
        verdict = self._fate(work, state)
        people: Sequence[NewPerson] = ()
        if verdict is None:
            try:
                people = await self._people(work.address)
            except TakebackError as error:
                watch = Watch(work.recall.watch_until, work.attempts)
                now = self._recalls.now()
                verdict = watch.again(Outcome.GAVE_UP, Reason.NOT_EXPANDED, now, str(error))
        await self._recalls.expand(Expansion(token, work.id, verdict, people))

    async def _stop(self, work: RecipientWork) -> State:
        """Where the recipient's own copy stands after one more attempt to keep it from leaving."""
        if work.state in _SETTLED:
            return work.state
        selection = Selection([work.recall.message], work.recall.actor, frozenset([work.address_key]))
        for answer in await self._store.undo(selection):
            for view in [*answer.done, *answer.refused]:
                return view.state
        return work.state

    def _fate(self, work: RecipientWork, state: State) -> Verdict | None:
        """What is told of the recipient without looking behind it; None where its mailboxes are searched."""
        match state:
            case State.UNDONE:
                return Verdict(Outcome.NEVER_LEFT, Reason.UNDONE)
            case State.FAILED:
                return Verdict(Outcome.NEVER_LEFT, Reason.REFUSED_BY_RELAY)
            case State.SENT | State.LET_BE | State.UNKNOWN:
                unusable = not work.recall.stamp.message_id
                return Verdict(Outcome.GAVE_UP, Reason.NO_MESSAGE_ID) if unusable else None
            case _:
                watch = Watch(work.recall.watch_until, work.attempts)
                return watch.again(Outcome.GAVE_UP, Reason.LEAVING, self._recalls.now())

    async def _people(self, address: str) -> list[NewPerson]:
        """Who is behind a recipient; a protected one is not looked behind."""
        whole = reach(address, self.reach.settings.protected, lambda address: True)
        if whole is not None:
            return [NewPerson(address, "", whole)]
        return [self._person(each) for each in await self.reach.expand(address) or [address]]

    def _person(self, address: str) -> NewPerson:
        settings, covering = self.reach.settings, self.reach.covering
        out = reach(address, settings.protected, lambda address: covering(address) is not None)
        if out is not None:
            return NewPerson(address, "", out)
        connector = covering(address)
        assert connector is not None
        retained = any(pattern.matches(address) for pattern in settings.legal_hold)
        return NewPerson(address, connector.server, Verdict(Outcome.PENDING), retained)

    # A person: one mailbox

    async def _settle_person(self, work: PersonWork, token: str) -> None:
        verdict, seen = await self._verdict(work, token)
        watch = Watch(work.recall.watch_until, work.attempts)
        verdict = after_late_look(work.told, verdict, watch, self._recalls.now())
        notice = self._mail.notice(work, verdict, self.reach.settings.notify)
        await self._recalls.settle_person(PersonOutcome(token, work.id, verdict, seen, notice))
        figures.RECALLED.labels(verdict.outcome.value).inc()

    async def _verdict(self, work: PersonWork, token: str) -> tuple[Verdict, Sequence[SeenCopy]]:
        watch = Watch(work.recall.watch_until, work.attempts)
        connector = self.reach.covering(work.address)
        if connector is None:
            return Verdict(Outcome.OUT_OF_REACH, Reason.NO_CONNECTOR), ()
        try:
            return await self._search(work, token, connector, watch)
        except MailboxRefused as error:
            return Verdict(Outcome.GAVE_UP, Reason.REFUSED_BY_SERVER, str(error)), ()
        except MailboxUnavailable as error:
            return watch.again(Outcome.GAVE_UP, Reason.UNREACHABLE, self._recalls.now(), str(error)), ()
        except (LostClaim, StoreUnavailable):
            raise
        except Exception:
            log.exception("work on a mailbox broke off", recall=work.recall.id)
            return watch.again(Outcome.GAVE_UP, Reason.UNREACHABLE, self._recalls.now(), "see the log"), ()

    async def _search(
        self, work: PersonWork, token: str, connector: Connector, watch: Watch
    ) -> tuple[Verdict, Sequence[SeenCopy]]:
        mailbox = await connector.open(work.address)
        try:
            findings = await self._taking_back(work, token, mailbox).run()
        finally:
            await mailbox.close()
        now = self._recalls.now()
        if not findings.outcomes and work.taken_earlier:
            earlier = Verdict(Outcome.RECALLED, Reason.EARLIER)
            return watched(earlier, work.ways, connector.server, watch, now), ()
        verdict = after_search(findings.outcomes, work.ways, connector.server, watch, now)
        if verdict.outcome is not Outcome.PENDING:
            verdict = replace(verdict, reason=findings.reason)
        return verdict, tuple(findings.seen.values())

    def _taking_back(self, work: PersonWork, token: str, mailbox: Mailbox) -> TakingBack:
        replacement = work.recall.replacement
        if replacement is None:
            return TakingBack(self._recalls, self._quarantine, work, token, mailbox)
        kept = as_it_will_stand(replacement, partial(self._store.read, replacement.id))
        return PuttingInPlace(self._recalls, self._quarantine, work, token, mailbox, replacement.stamp, kept)

    # The end

    async def finish_what_is_over(self) -> None:
        """Afterwards every recall of which nothing is pending is done, its sender has a summary, and those whom it
        could not reach a correction, where one was asked for. A recall whose correction a limit keeps back goes on."""
        for facts in await self._recalls.finished():
            if self._again_at.get(facts.id, 0) > self._recalls.now():
                continue
            try:
                ending = await self._ending(facts)
            except NotNowCorrected as error:
                self._again_at[facts.id] = self._recalls.now() + MINUTE
                log.info("the correction waits", recall=facts.id, reason=str(error))
                continue
            self._again_at.pop(facts.id, None)
            if await self._recalls.finish(ending):
                counts = await self._recalls.counts(facts.id)
                log.info("recall is over", recall=facts.id, message=facts.message, **_counted(counts))

    async def _ending(self, facts: RecallFacts) -> Ending:
        """Raises NotNowCorrected."""
        summary = self._mail.summary(facts, await self._recalls.outline(facts.id))
        if facts.correction is None:
            return Ending(facts.id, summary)
        report = await self._recalls.report(facts.id)
        unreached = to_correct(report) if report is not None else []
        if not unreached:
            return Ending(facts.id, summary)
        try:
            return Ending(facts.id, summary, await self.reach.corrections.prepare(facts, unreached))
        except CannotCorrect as error:
            if isinstance(error, NotNowCorrected) and self._recalls.now() < facts.watch_until + CORRECTION_PATIENCE:
                raise
            log.warning("no correction was sent", recall=facts.id, reason=str(error))
            return Ending(facts.id, summary, not_corrected=str(error))


_SETTLED = frozenset({State.SENT, State.FAILED, State.LET_BE, State.UNDONE})


def _counted(counts: dict[Outcome, int]) -> dict[str, int]:
    return {outcome.value: number for outcome, number in counts.items()}


def _tell(error: BaseException) -> None:
    """Work that broke off stays claimed until its lease ends, and is then begun anew."""
    match error:
        case LostClaim():
            log.info("work passed to somebody else")
        case StoreUnavailable():
            figures.STORE_ERRORS.labels("recall").inc()
            log.warning("not written down; it is tried again", reason=str(error))
        case _:
            log.error("work on a mailbox broke off", exc_info=error)
