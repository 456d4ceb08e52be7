"""One thread that writes, one transaction for all that arrived while the last one was being made durable.

A transition is a function of a connection, the store's time and a list of requests; it answers each. Requests of
one kind that wait together are given to it together, so that twenty accepts cost about what one does. Should
one fail, all is undone and tried again in parts until it stands alone: one poisonous message hurts only itself.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from takeback.clock import Instant
from takeback.errors import StoreUnavailable
from takeback.store.database import Database, explain

Request = TypeVar("Request")
Reply = TypeVar("Reply")


class Urgency(IntEnum):
    """What goes first when much waits. A person who undoes goes ahead of everything."""

    PERSON = 0
    DELIVERY = 1
    ACCEPT = 2


@dataclass(frozen=True)
class Transition(Generic[Request, Reply]):
    apply: Callable[[Connection, Instant, Sequence[Request]], Sequence[Reply]]
    urgency: Urgency


@dataclass(slots=True, eq=False)
class _Job:
    transition: Transition[Any, Any]
    request: Any
    future: asyncio.Future[Any]
    answer: Any = None
    error: Exception | None = None


class Writer:
    """Runs transitions for the event loop it was started on."""

    def __init__(self, database: Database, largest_batch: int = 200) -> None:
        self._database = database
        self._largest_batch = largest_batch
        self._waiting: tuple[deque[_Job], ...] = tuple(deque() for _ in Urgency)
        self._wake = threading.Condition()
        self._closing = False
        self._connection: Connection | None = None
        self._reachable = True
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="takeback-writer", daemon=True)
        self._thread.start()

    def submit(self, transition: Transition[Request, Reply], request: Request) -> asyncio.Future[Reply]:
        """The future ends when the transaction is durable. StoreUnavailable means that nobody can say."""
        future: asyncio.Future[Reply] = self._loop.create_future()
        with self._wake:
            if self._closing:
                raise StoreUnavailable("the store is closing")
            self._waiting[transition.urgency].append(_Job(transition, request, future))
            self._wake.notify()
        return future

    def close(self) -> None:
        """Afterwards everything submitted has been answered and the thread has ended."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while jobs := self._next_batch():
            self._commit(jobs)
            self._loop.call_soon_threadsafe(_deliver, jobs)
        self._disconnect()

    def _next_batch(self) -> list[_Job]:
        with self._wake:
            while not any(self._waiting) and not self._closing:
                self._wake.wait()
            batch: list[_Job] = []
            for queue in self._waiting:
                while queue and len(batch) < self._largest_batch:
                    batch.append(queue.popleft())
            return batch

    def _commit(self, jobs: list[_Job]) -> None:
        """Afterwards every job has an answer that is durable, or an error."""
        if not self._attempt(jobs):
            self._retry(jobs)

    def _retry(self, jobs: list[_Job]) -> bool:
        """Tries what failed together once more in ever smaller parts; whether the database could be reached.

        COMMIT itself may have failed, or the connection died in it. Requests carry their ids and tokens, so asking
        again finds out what was done and does only what was not. In halves, so that a request that cannot succeed ends
        up alone after a few tries, and takes no other with it.
        """
        if len(jobs) == 1:
            return self._attempt(jobs) or self._reachable
        middle = len(jobs) // 2
        return all(
            self._attempt(half) or (self._reachable and self._retry(half)) for half in (jobs[:middle], jobs[middle:])
        )

    def _attempt(self, jobs: list[_Job]) -> bool:
        """Whether all of them are durable. None is, otherwise, and each has the error."""
        try:
            self._transact(jobs)
        except DBAPIError as error:
            _fail(jobs, explain(error))
            if not isinstance(error, DataError | IntegrityError):  # for which the connection is not to blame
                self._disconnect()
        except Exception as error:  # noqa: BLE001 - whoever asked must hear of it, and the thread must live
            _fail(jobs, error)
        else:
            return True
        return False

    def _transact(self, jobs: list[_Job]) -> None:
        self._reachable = False
        if self._connection is None:
            self._connection = self._database.writer.connect()
        with self._connection.begin():
            self._reachable = True
            now = self._database.now(self._connection)
            for group in _by_transition(jobs):
                _apply(self._connection, now, group)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


def _by_transition(jobs: Sequence[_Job]) -> list[list[_Job]]:
    groups: dict[int, list[_Job]] = {}
    for job in jobs:
        groups.setdefault(id(job.transition), []).append(job)
    return list(groups.values())


def _apply(connection: Connection, now: Instant, group: list[_Job]) -> None:
    answers = group[0].transition.apply(connection, now, [job.request for job in group])
    for job, answer in zip(group, answers, strict=True):
        job.answer, job.error = answer, None


def _fail(jobs: Sequence[_Job], error: Exception) -> None:
    for job in jobs:
        job.answer, job.error = None, error


def _deliver(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if job.future.cancelled():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.answer)
