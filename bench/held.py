"""A store in this process with many messages on hold, to be used from code that is not asynchronous."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import uvloop
from sqlalchemy import func, select

from bench.gateway import ACCOUNT
from bench.source import RECIPIENT, SENDER
from takeback import clock, logs
from takeback.clock import DAY
from takeback.config import load
from takeback.flows.ask import Who
from takeback.flows.undo import undo
from takeback.hold.states import State
from takeback.ids import new_id
from takeback.mail.envelope import Envelope, Recipient
from takeback.ports.store import NewMessage, Origin
from takeback.store import tables
from takeback.store.opening import open_database
from takeback.store.store import SqlStore

BODY_SIZE = 1024
"""Smaller than the 4 KB of other benches, to spare the disk; an undo does not touch it."""
_BODY = b"Subject: Draft contract\r\n\r\n".ljust(BODY_SIZE - 2, b".") + b"\r\n"
_DIGEST = sha256(_BODY).digest()
_ENVELOPE = Envelope(SENDER, (Recipient(RECIPIENT),))
_AT_ONCE = 400
"""So many submissions wait for a commit together while the store is filled."""


class HeldStore:
    """The store of a configuration, on an event loop of its own."""

    def __init__(self, config: Path) -> None:
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._store = self._runner.run(SqlStore.open(open_database(load(config).data)))

    def fill(self, count: int) -> list[str]:
        """Accepts so many messages, which are held for a day; their ids."""
        ids = [new_id(clock.now()) for _ in range(count)]
        self._runner.run(self._accept_all(ids))
        return ids

    def seconds_to_undo(self, ids: Sequence[str]) -> list[float]:
        """Undoes these, one after the other, as a person does: find it, stop it, hear that it is durable."""
        return self._runner.run(self._undo_each(ids))

    def close(self) -> None:
        self._runner.run(self._store.close())
        self._runner.close()

    async def _accept_all(self, ids: Sequence[str]) -> None:
        waiting = iter(ids)

        async def accept_some() -> None:
            for id in waiting:
                await self._store.accept(_message(id))

        await asyncio.gather(*(accept_some() for _ in range(_AT_ONCE)))

    async def _undo_each(self, ids: Sequence[str]) -> list[float]:
        seconds = []
        for id in ids:
            began = time.perf_counter()
            told = await undo(self._store, id, Who("bench"))
            seconds.append(time.perf_counter() - began)
            if not told.whole:
                raise RuntimeError(f"{id} was not stopped")
        return seconds


@contextmanager
def held_store(config: Path) -> Iterator[HeldStore]:
    logs.configure(level=logging.WARNING)
    store = HeldStore(config)
    try:
        yield store
    finally:
        store.close()


def count(config: Path, state: State) -> int:
    """How many recipients of that store are in that state."""
    database = open_database(load(config).data)
    try:
        with database.reader.connect() as connection:
            question = select(func.count()).where(tables.recipient.c.state == state.value)
            return int(connection.execute(question).scalar_one())
    finally:
        database.close()


def _message(id: str) -> NewMessage:
    now = clock.now()
    return NewMessage(
        id=id,
        account=ACCOUNT,
        origin=Origin.SUBMISSION,
        envelope=_ENVELOPE,
        due_at=[now + DAY],
        accepted_at=now,
        size=BODY_SIZE,
        eight_bit=False,
        content=[_BODY],
        lock_secret=secrets.token_bytes(32),
        body_digest=_DIGEST,
        message_id=f"<{id}@gateway.example>",
        header_from=SENDER,
        header_date=clock.rfc5322(now),
        subject="Draft contract",
        client="127.0.0.1",
    )
