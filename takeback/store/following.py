"""Following: what happens to messages, as it happens, whichever process does it.

Events are read by their numbers. SQLite has one writer at a time, so numbers rise as transactions commit. PostgreSQL
hands numbers out before the commit: one that is lower may appear later, so a hole in the row is looked at again for a
while.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, func, select

from takeback.clock import SECOND, Duration, Instant
from takeback.ports.store import Change, Position
from takeback.store import tables
from takeback.store.accepting import event_row, record_events
from takeback.store.tables import AnyRow

_event = tables.event.c
_message = tables.message.c
_HOLES_ARE_WATCHED: Duration = 10 * SECOND
"""Longer than any transaction of ours takes."""
_LOOK_BACK = 1000
_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Note:
    message: str
    kind: str
    actor: str
    client: str


def note(connection: Connection, now: Instant, notes: Sequence[Note]) -> list[None]:
    """Afterwards each is an event of its message: twice, should the answer to a first try have been lost."""
    record_events(
        connection, [event_row(each.message, now, each.kind, each.actor, client=each.client) for each in notes]
    )
    return [None] * len(notes)


def follow(
    connection: Connection, now: Instant, position: Position | None, in_order: bool
) -> tuple[list[Change], Position]:
    """`in_order` says that no number appears after a higher one."""
    highest = connection.execute(select(func.max(_event.id))).scalar() or 0
    if position is None:
        return [], _end(connection, now, highest, in_order)
    floor = position.floor if position.floor <= highest else 0  # the record was emptied, and numbers began anew
    found = connection.execute(_changes().where(_event.id > floor).order_by(_event.id).limit(_AT_ONCE)).all()
    fresh = [_change(row) for row in found if row.id not in position.beyond]
    beyond = {**position.beyond, **{change.id: now for change in fresh}}
    return fresh, _advance(floor, beyond, now, in_order)


def _end(connection: Connection, now: Instant, highest: int, in_order: bool) -> Position:
    if in_order:
        return Position(highest)
    floor = max(0, highest - _LOOK_BACK)
    there = connection.execute(select(_event.id).where(_event.id > floor)).scalars()
    return Position(floor, dict.fromkeys(there, now))


def _advance(floor: int, beyond: dict[int, Instant], now: Instant, in_order: bool) -> Position:
    """The position that has seen the same and remembers least."""
    while floor + 1 in beyond:
        floor += 1
    settled = (id for id, seen_at in beyond.items() if in_order or seen_at + _HOLES_ARE_WATCHED < now)
    floor = max(floor, max(settled, default=floor))
    return Position(floor, {id: seen_at for id, seen_at in beyond.items() if id > floor})


def changes_since(connection: Connection, id: int, accounts: frozenset[str] | None, limit: int) -> list[Change]:
    wanted = _changes().where(_event.id > id).order_by(_event.id).limit(limit)
    if accounts is not None:
        wanted = wanted.where(_message.account.in_(accounts))
    return [_change(row) for row in connection.execute(wanted)]


def _change(row: AnyRow) -> Change:
    return Change(row.id, row.message, row.account, row.at, row.kind)


def _changes() -> Select[tuple[int, str, str, int, str]]:
    return select(_event.id, _event.message, _message.account, _event.at, _event.kind).join(
        tables.message, _message.id == _event.message
    )
