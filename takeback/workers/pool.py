"""The reviewer: a few workers, asked one message at a time, each brought up to date with the history it needs.

A worker that dies over a message is started anew, and asked again without the rule that it was at. So a rule costs its
message that rule, and a message that cannot be read costs nobody else anything.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import structlog

from takeback import figures
from takeback.ports.review import Assignment, Opinion, Remembered
from takeback.review.history import Change
from takeback.workers import forms
from takeback.workers.frames import LEARNING, READING
from takeback.workers.limits import Limits
from takeback.workers.worker import COMMAND, Worker, WorkerDied

_MOST_DEATHS = 3
"""Of workers, over one message."""
_KEPT_CHANGES = 20
_KEPT_ACCOUNTS = 500

log = structlog.get_logger("review")


class _Ahead:
    """What stands for the version of a history that has counted a message of which the store does not know yet."""


class Pool:
    """`takeback.ports.review.Reviewer` in `count` processes, none of which is started before it is needed."""

    def __init__(
        self,
        count: int,
        limits: Limits,
        load: Callable[[str], Awaitable[Remembered]],
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._load = load
        self._workers = [Worker(limits, command) for _ in range(count)]
        self._idle: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()
        for worker in self._workers:
            self._idle.put_nowait(worker)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="takeback-review")
        self._changes: OrderedDict[str, deque[tuple[int, Change]]] = OrderedDict()
        self._ahead: dict[str, tuple[Worker, _Ahead]] = {}
        self._answers: set[asyncio.Task[dict[str, Any]]] = set()

    @property
    def count(self) -> int:
        return len(self._workers)

    @property
    def pids(self) -> list[int]:
        """The processes that run now."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    async def close(self) -> None:
        """Afterwards no process runs; who waits for an opinion hears that there is none."""
        for worker in self._workers:
            worker.interrupt()
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.gather(*self._answers, return_exceptions=True)
        for worker in self._workers:
            worker.end()

    async def review(self, assignment: Assignment) -> Opinion:
        failures: dict[str, str] = {}
        for _ in range(_MOST_DEATHS):
            try:
                said = await self._ask(assignment, READING, sorted(failures))
                opinion = forms.to_opinion(said)
            except WorkerDied as death:
                figures.REVIEW_DEATHS.inc()
                log.warning("review worker ended", at=death.at, reason=death.reason)
                if death.at == READING or death.at in failures:
                    return _nothing(failures, death.reason)
                failures[death.at] = death.reason  # at nothing yet: it had ended before, and the next one may know
            except forms.BadForm:
                return _nothing(failures, str(said.get("failed", "no answer")))
            else:
                return replace(opinion, failures={**opinion.failures, **_of_rules(failures)})
        return Opinion(0.0, (), _of_rules(failures), whole=False)

    async def learn(self, assignment: Assignment) -> Change | None:
        """How the account's history changes with this message, sent at `now`; None where nothing can be read of it."""
        try:
            said = await self._ask(assignment, LEARNING, ())
            return forms.to_change(said.get("change"))
        except WorkerDied as death:
            log.warning("review worker ended", at=death.at, reason=death.reason)
        except forms.BadForm:
            log.info("nothing to learn from", account=assignment.account)
        return None

    def learned(self, account: str, version: int, change: Change) -> None:
        """The change has made the history that version. Workers hear of it when they need it."""
        changes = self._changes.setdefault(account, deque(maxlen=_KEPT_CHANGES))
        if changes and changes[-1][0] != version - 1:
            changes.clear()
        changes.append((version, change))
        self._changes.move_to_end(account)
        while len(self._changes) > _KEPT_ACCOUNTS:
            self._changes.popitem(last=False)
        worker, ahead = self._ahead.pop(account, (None, None))
        if worker is not None and worker.histories.get(account) is ahead:
            worker.histories[account] = version

    async def _ask(self, assignment: Assignment, ask: str, skip: Sequence[str]) -> dict[str, Any]:
        """What a worker says. Whoever does not wait for it any more leaves the worker to end its answer: it is nobody
        else's before that."""
        answer = asyncio.create_task(self._answer(await self._idle.get(), assignment, ask, skip))
        self._answers.add(answer)
        answer.add_done_callback(self._answers.discard)
        return await asyncio.shield(answer)

    async def _answer(self, worker: Worker, assignment: Assignment, ask: str, skip: Sequence[str]) -> dict[str, Any]:
        try:
            asked = {
                "ask": ask,
                "skip": list(skip),
                "account": assignment.account,
                "sender": assignment.sender,
                "recipients": list(assignment.recipients),
                "identities": list(assignment.identities),
                "internal": list(assignment.internal),
                "now": assignment.now,
            }
            history, version = await self._history_for(worker, assignment)
            # Until it has answered, nobody knows how much of it has come to be known there.
            worker.histories.pop(assignment.account, None)
            loop = asyncio.get_running_loop()
            said = await loop.run_in_executor(self._threads, worker.ask, asked | history, assignment.content)
            self._note(worker, assignment.account, version, ask, said)
            return said
        finally:
            if worker.pid is None:
                worker.histories.clear()
            self._idle.put_nowait(worker)

    def _note(self, worker: Worker, account: str, version: int, ask: str, said: dict[str, Any]) -> None:
        """Afterwards it is written down which histories the worker has, now that it has answered."""
        for gone in forms.to_names(said.get("gone")):
            worker.histories.pop(gone, None)
        if "failed" in said:
            return
        worker.histories[account] = version
        if ask == LEARNING:
            # The worker's copy has counted the message already; whether that stands, the store will say.
            ahead = worker.histories[account] = _Ahead()
            self._ahead[account] = (worker, ahead)

    async def _history_for(self, worker: Worker, assignment: Assignment) -> tuple[dict[str, Any], int]:
        """What the worker needs to know of the history, nothing, the changes since it last saw it, or all of it; and
        which version that makes."""
        account, version = assignment.account, assignment.version
        known = worker.histories.get(account)
        changes = self._changes_since(account, known, version)
        if changes is not None and isinstance(known, int):
            return {"rows": None, "changes": [forms.of_change(change) for change in changes]}, max(known, version)
        remembered = await self._load(account)
        return {"rows": [forms.of_row(row) for row in remembered.rows], "changes": []}, remembered.version

    def _changes_since(self, account: str, known: object, wanted: int) -> list[Change] | None:
        """What leads from the one version to the other; None where that is not known."""
        if not isinstance(known, int):
            return None
        if known >= wanted:  # a newer one is as good
            return []
        changes = [change for version, change in self._changes.get(account, ()) if known < version <= wanted]
        return changes if len(changes) == wanted - known else None


def _nothing(failures: dict[str, str], reason: str) -> Opinion:
    return Opinion(0.0, (), _of_rules(failures) | {READING: reason}, whole=False)


def _of_rules(failures: dict[str, str]) -> dict[str, str]:
    """Those of which it is known what the worker was at."""
    return {at: reason for at, reason in failures.items() if at}
