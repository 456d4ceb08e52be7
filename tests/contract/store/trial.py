"""One store under test: a clock that the test moves, and short ways to say what is asked of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, event, select

from takeback.clock import MINUTE, SECOND, Duration, Instant
from takeback.hold.states import State
from takeback.ids import new_id, new_token
from takeback.mail.envelope import Envelope, Recipient
from takeback.ports import Outcome, Verdict
from takeback.ports.store import (
    ClaimedMessage,
    ClaimRequest,
    DotMark,
    NewMessage,
    Origin,
    Result,
    Selection,
    Settlement,
)
from takeback.store import tables
from takeback.store.database import Database, database_url
from takeback.store.store import SqlStore
from takeback.store.tables import AnyRow
from takeback.store.writer import Transition, Urgency

T = TypeVar("T")

START: Instant = 1_800_000_000 * SECOND
ANN = "ann@example.com"
BOB = "bob@one.example"
CAROL = "carol@two.example"
OK = "250 2.0.0 taken"


class MovedClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now: Instant = START

    def __call__(self) -> Instant:
        return self.now

    def advance(self, duration: Duration) -> None:
        self.now += duration


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database with an up-to-date schema is."""

    folder: Path
    database: str = "sqlite"

    @property
    def is_sqlite(self) -> bool:
        return self.database == "sqlite"

    def open(self, clock: Callable[[], Instant] | None) -> Database:
        return Database(database_url(self.database, self.folder), clock)


@dataclass(frozen=True, slots=True)
class Copy:
    """One recipient in hand: the message, its row, and the token that last held it."""

    message: str
    recipient: int
    token: str


class Trial(AbstractAsyncContextManager["Trial"]):
    """`store` is open between entering and leaving; `database` may be prepared before."""

    store: SqlStore

    def __init__(self, place: Place) -> None:
        self.place = place
        self.clock = MovedClock()
        self.database = place.open(self.clock)
        self._others: list[SqlStore] = []

    async def __aenter__(self) -> Trial:
        self.store = await SqlStore.open(self.database)
        return self

    async def __aexit__(self, *_: object) -> None:
        for store in (*self._others, self.store):
            await store.close()

    async def another(self) -> SqlStore:
        """A second store on the same database, as another process would have it."""
        self._others.append(await SqlStore.open(self.place.open(self.clock)))
        return self._others[-1]

    def message(
        self, *addresses: str, due_in: Duration | Sequence[Duration | None] | None = 0, **values: Any
    ) -> NewMessage:
        recipients = tuple(Recipient(address) for address in addresses or (BOB,))
        waits = due_in if isinstance(due_in, Sequence) else [due_in] * len(recipients)
        content = values.pop("content", [b"Subject: hi\r\n\r\nbody\r\n"])
        usual: dict[str, Any] = {
            "id": new_id(self.clock.now),
            "account": ANN,
            "origin": Origin.SUBMISSION,
            "envelope": Envelope(sender=values.pop("sender", ANN), recipients=recipients),
            "due_at": [None if wait is None else self.clock.now + wait for wait in waits],
            "accepted_at": self.clock.now,
            "size": sum(map(len, content)),
            "eight_bit": False,
            "content": content,
            "lock_secret": b"\1" * 32,
            "body_digest": b"\2" * 32,
        }
        return NewMessage(**{**usual, **values})

    async def accept(
        self, *addresses: str, due_in: Duration | Sequence[Duration | None] | None = 0, **values: Any
    ) -> str:
        message = self.message(*addresses, due_in=due_in, **values)
        await self.store.accept(message)
        return message.id

    async def claim(
        self, limit: int = 100, lease: Duration = MINUTE, token: str = "", store: SqlStore | None = None
    ) -> Sequence[ClaimedMessage]:
        request = ClaimRequest(token or new_token(), limit, lease, self.clock.now)
        return await (store or self.store).claim(request)

    async def claim_one(self, **values: Any) -> Copy:
        """The one recipient that is due."""
        [claimed] = await self.claim(**values)
        [recipient] = claimed.recipients
        return Copy(claimed.id, recipient.id, claimed.token)

    async def leaving(self, **values: Any) -> Copy:
        """One recipient of a new message whose dot mark is committed."""
        await self.accept(**values)
        copy = await self.claim_one()
        assert await self.store.mark_dot(DotMark(copy.token, [copy.recipient]))
        return copy

    async def record(self, copy: Copy, verdict: Verdict, due_at: Instant | None = None, reply: str = OK) -> bool:
        """Whether the recipient stands as this says."""
        result = Result(copy.recipient, Outcome(verdict, reply, "mx.one.example"), due_at)
        return list(await self.store.record(Settlement(copy.token, [result]))) == [copy.recipient]

    async def undo(self, message: str, recipients: frozenset[str] | None = None) -> tuple[list[str], list[str]]:
        """The addresses that are stopped, and those that are not."""
        [answer] = await self.store.undo(Selection([message], ANN, recipients))
        return [view.address for view in answer.done], [view.address for view in answer.refused]

    async def states(self, message: str) -> dict[str, State]:
        return {row.address: State(row.state) for row in await self.rows(message)}

    async def state(self, message: str) -> State:
        [state] = (await self.states(message)).values()
        return state

    async def rows(self, message: str) -> list[AnyRow]:
        columns = tables.recipient.c
        query = select(tables.recipient).where(columns.message == message).order_by(columns.position)
        return await self.query(lambda connection: list(connection.execute(query)))

    async def kinds(self, message: str) -> list[str]:
        """The kinds of the events of a message, oldest first."""
        return [event.kind for event in await self.store.events(message)]

    async def query(self, question: Callable[[Connection], T]) -> T:
        return await self.store.access.ask(question)

    async def body(self, message: str) -> bytes:
        return b"".join([piece async for piece in self.store.read(message)])

    async def together(self, *requests: Awaitable[Any]) -> list[Any]:
        """What came of requests that all waited while the writer was busy, so that they share one batch."""
        async with self.busy():
            tasks = [asyncio.ensure_future(request) for request in requests]
            await asyncio.sleep(0)
        return await asyncio.gather(*tasks, return_exceptions=True)

    @asynccontextmanager
    async def busy(self) -> AsyncIterator[None]:
        """While this is entered, the writer is at work on something else."""
        begun, go_on = threading.Event(), threading.Event()

        def work(connection: Connection, now: Instant, requests: Sequence[None]) -> list[None]:
            begun.set()
            go_on.wait()
            return [None]

        working = self.store.access.submit(Transition(work, Urgency.PERSON), None)
        await asyncio.to_thread(begun.wait)
        try:
            yield
        finally:
            go_on.set()
            await working

    def count_commits(self) -> list[None]:
        """A list that grows by one with every COMMIT of the writer from now on."""
        commits: list[None] = []
        event.listen(self.database.writer, "commit", lambda connection: commits.append(None))
        return commits

    def lose_answer_to_commit(self, after: int = 0) -> None:
        """The COMMIT that follows the next `after` ones is carried out, and its answer never comes."""
        dialect = self.database.writer.dialect
        commit = dialect.do_commit
        before = iter(range(after))

        def lossy(connection: Any) -> None:
            commit(connection)
            if next(before, None) is None:
                dialect.do_commit = commit  # type: ignore[method-assign]
                raise dialect.loaded_dbapi.OperationalError("the answer to COMMIT was lost")

        dialect.do_commit = lossy  # type: ignore[method-assign, assignment]
