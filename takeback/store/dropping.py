"""Dropping: what a stopped message said is deleted before its time, because its sender wants that."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select, update

from takeback.clock import Instant
from takeback.hold.states import FINAL, State
from takeback.ports.store import Drop
from takeback.store import tables
from takeback.store.accepting import event_row, record_events
from takeback.store.acts import act_row, record_acts

_message, _recipient = tables.message.c, tables.recipient.c


def drop(connection: Connection, now: Instant, drops: Sequence[Drop]) -> list[bool]:
    return [_drop(connection, now, each) for each in drops]


def _drop(connection: Connection, now: Instant, request: Drop) -> bool:
    """True where nothing of the content is kept any more, be it by this request or an earlier one. False where some
    copy may still leave, or none was stopped: then nothing was done."""
    rows = connection.execute(
        select(_recipient.state).where(_recipient.message == request.message).with_for_update()
    ).scalars()
    states = {State(row) for row in rows}
    if State.UNDONE not in states or not states <= FINAL:
        return False
    row = connection.execute(
        select(_message.account, _message.content_deleted_at).where(_message.id == request.message)
    ).one()
    if row.content_deleted_at is None:
        connection.execute(delete(tables.content).where(tables.content.c.message == request.message))
        connection.execute(update(tables.message).where(_message.id == request.message).values(content_deleted_at=now))
        record_events(connection, [event_row(request.message, now, "dropped", request.actor, client=request.client)])
        record_acts(connection, [act_row(now, "drop", request.actor, row.account, request.message)])
    return True
