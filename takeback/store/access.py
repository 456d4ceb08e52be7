"""The way to the database that all stores of one process share: one writer, readers beside it, one clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from takeback import clock
from takeback.clock import Duration, Instant
from takeback.store.database import Database, explain
from takeback.store.writer import Transition, Writer

Request = TypeVar("Request")
Reply = TypeVar("Reply")
T = TypeVar("T")


class Access:
    """Transitions go through the one writer thread, questions to readers. Belongs to the event loop it was made on."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._writer = Writer(database)
        self._readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="takeback-reader")
        # SQLite's clock is this machine's. Another machine's is carried forward by a clock that nobody sets.
        self._clock = clock.now if database.is_sqlite else clock.monotonic
        self._clock_ahead: Duration = 0

    async def close(self) -> None:
        """Afterwards everything submitted has been answered, and no connection is open."""
        await asyncio.to_thread(self._writer.close)
        self._readers.shutdown()
        self.database.close()

    def now(self) -> Instant:
        """The store's clock, as well as it is known here."""
        return self._clock() + self._clock_ahead

    async def read_clock(self) -> Instant:
        """Asks the store for its time, and keeps how far it is ahead of ours."""
        theirs = await self.ask(self.database.now)
        self._clock_ahead = theirs - self._clock()
        return theirs

    def submit(self, transition: Transition[Request, Reply], request: Request) -> asyncio.Future[Reply]:
        """The future ends when the transaction is durable. StoreUnavailable means that nobody can say."""
        return self._writer.submit(transition, request)

    async def ask(self, question: Callable[[Connection], T]) -> T:
        """What the question comes to, all of it as of one moment. Raises StoreUnavailable."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._answer, question)

    def _answer(self, question: Callable[[Connection], T]) -> T:
        try:
            with self.database.reader.connect() as connection, connection.begin():
                return question(connection)
        except DBAPIError as error:
            raise explain(error) from error
