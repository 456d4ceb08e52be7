"""The connections of one route: how many at once, and which of them are used again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from takeback.relay.connection import Connection, Trouble

LONGEST_REST = 30.0
"""Seconds an unused connection is kept. Servers hang up after some minutes, and dislike being made to wait."""
MOST_TRANSACTIONS = 100
"""After that many a connection is replaced, so that load finds its way to new servers behind one name."""


class Pool:
    """Lends out connections, never more than `limit` at once."""

    def __init__(
        self,
        open_connection: Callable[[], Awaitable[Connection]],
        limit: int,
    ) -> None:
        self._open = open_connection
        self._slots = asyncio.Semaphore(limit)
        self._resting: list[tuple[Connection, asyncio.TimerHandle]] = []
        self._lent: set[Connection] = set()
        self._leaving: set[asyncio.Task[None]] = set()
        self._closed = False

    async def take(self, *, fresh: bool = False) -> Connection:
        """A connection, the last used one if any is left and `fresh` is false. Raises Trouble.

        It must be given back, in whatever condition.
        """
        await self._slots.acquire()
        try:
            self._check_open()
            rested = None if fresh else self._wake_one()
            connection = rested or await self._open()
            if self._closed:
                connection.abort()
            self._check_open()
        except BaseException:
            self._slots.release()
            raise
        self._lent.add(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keeps the connection for the next one where it is of use, else drops it."""
        self._lent.discard(connection)
        self._slots.release()
        if not connection.usable or self._closed:
            connection.abort()
        elif connection.transactions >= MOST_TRANSACTIONS:
            self._part_from(connection)
        else:
            timer = asyncio.get_running_loop().call_later(LONGEST_REST, self._retire, connection)
            self._resting.append((connection, timer))

    async def close(self) -> None:
        """Afterwards no connection is open; those that are lent out were dropped."""
        self._closed = True
        while (resting := self._wake_one()) is not None:
            self._part_from(resting)
        for lent in self._lent:
            lent.abort()
        await asyncio.gather(*self._leaving, *(lent.leave() for lent in self._lent))

    def _check_open(self) -> None:
        if self._closed:
            raise Trouble("421 4.3.2 this relay is being closed")

    def _wake_one(self) -> Connection | None:
        while self._resting:
            connection, timer = self._resting.pop()
            timer.cancel()
            if connection.usable:
                return connection
            connection.abort()
        return None

    def _retire(self, connection: Connection) -> None:
        self._resting = [(other, timer) for other, timer in self._resting if other is not connection]
        self._part_from(connection)

    def _part_from(self, connection: Connection) -> None:
        task = asyncio.get_running_loop().create_task(connection.leave())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
