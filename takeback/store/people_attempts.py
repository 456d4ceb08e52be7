"""Requests that must not be carried out twice, and what has expired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from takeback.clock import DAY, Duration, Instant
from takeback.ports.people import Attempt, Earlier
from takeback.store import people_tables

_attempt = people_tables.attempt.c
REMEMBERED: Duration = DAY
"""How long the answer to a request with an idempotency key is kept."""


@dataclass(frozen=True, slots=True)
class Finish:
    attempt: Attempt
    status: int
    answer: str


def begin(connection: Connection, now: Instant, attempts: Sequence[Attempt]) -> list[Earlier | None]:
    return [_begin(connection, now, attempt) for attempt in attempts]


def _begin(connection: Connection, now: Instant, attempt: Attempt) -> Earlier | None:
    this = (_attempt.asker == attempt.asker) & (_attempt.key == attempt.key)
    connection.execute(delete(people_tables.attempt).where(this, _attempt.begun_at < now - REMEMBERED))
    row = connection.execute(select(people_tables.attempt).where(this)).first()
    if row is not None:
        return None if row.token == attempt.token else Earlier(row.request, row.status, row.answer)
    connection.execute(
        insert(people_tables.attempt).values(
            asker=attempt.asker,
            key=attempt.key,
            request=attempt.request,
            token=attempt.token,
            begun_at=now,
            answer="",
        )
    )
    return None


def finish(connection: Connection, now: Instant, finishes: Sequence[Finish]) -> list[None]:
    for each in finishes:
        connection.execute(
            update(people_tables.attempt)
            .where(_attempt.token == each.attempt.token, _attempt.asker == each.attempt.asker)
            .values(status=each.status, answer=each.answer)
        )
    return [None] * len(finishes)


def abandon(connection: Connection, now: Instant, attempts: Sequence[Attempt]) -> list[None]:
    for attempt in attempts:
        this = (_attempt.asker == attempt.asker) & (_attempt.key == attempt.key) & (_attempt.token == attempt.token)
        connection.execute(delete(people_tables.attempt).where(this))
    return [None] * len(attempts)


def sweep(connection: Connection, now: Instant, requests: Sequence[None]) -> list[int]:
    """Deletes sessions, keys and links that have expired, and answers that have had their time."""
    gone = connection.execute(delete(people_tables.attempt).where(_attempt.begun_at < now - REMEMBERED)).rowcount
    for table in (people_tables.session, people_tables.api_key, people_tables.link):
        gone += connection.execute(delete(table).where(table.c.expires_at <= now)).rowcount
    return [gone] * len(requests)
