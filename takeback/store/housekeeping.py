"""Housekeeping: keeping instead of sending late, knowing when we last worked, and deleting what has had its time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import Connection, Select, delete, exists, func, or_, select, text, update

from takeback.clock import DAY, Duration, Instant
from takeback.hold.states import State
from takeback.ids import first_id
from takeback.ports.store import Origin, Parked, ParkRequest, Retention
from takeback.store import review_tables, tables
from takeback.store.accepting import event_row, insert_messages, record_events
from takeback.store.replacing import is_awaited
from takeback.store.tables import AnyRow

_message = tables.message.c
_recipient = tables.recipient.c

STAGED_FOR: Duration = DAY
"""A staged piece whose message has not come by then belongs to an upload that was broken off."""
_PAGES_AT_ONCE = 2_000
HEARTBEAT = "heartbeat"


def park(connection: Connection, now: Instant, requests: Sequence[ParkRequest]) -> list[list[Parked]]:
    """Afterwards what the request describes is held until released. A deferred recipient is never late: it was
    tried in time."""
    return [_park(connection, now, request) for request in requests]


def _park(connection: Connection, now: Instant, request: ParkRequest) -> list[Parked]:
    waiting = (
        select(
            _recipient.id,
            _recipient.message,
            _recipient.position,
            _recipient.account,
            _recipient.address,
            _recipient.due_at,
            _message.sender,
            _message.subject,
        )
        .join(tables.message, _message.id == _recipient.message)
        .where(
            tables.is_waiting,
            _recipient.state == State.HELD.value,
            _recipient.due_at.isnot(None),
            _message.origin != Origin.SYSTEM.value,
        )
        .order_by(_recipient.due_at)
        .limit(request.limit)
        .with_for_update(skip_locked=True, of=tables.recipient)
    )
    if request.due_before is not None:
        waiting = waiting.where(_recipient.due_at < request.due_before, _recipient.first_claim_at.is_(None))
    rows = sorted(connection.execute(waiting).all(), key=lambda row: (row.message, row.position))
    connection.execute(
        update(tables.recipient).where(_recipient.id.in_([row.id for row in rows])).values(due_at=None, changed_at=now)
    )
    kind = f"parked_{request.reason.value}"
    record_events(connection, (event_row(row.message, now, kind, "takeback", row.address) for row in rows))
    parked = [_parked(list(group)) for _, group in groupby(rows, key=lambda row: row.message)]
    if request.notice is not None:
        insert_messages(connection, [notice for notice in map(request.notice, parked) if notice is not None])
    return parked


def _parked(rows: Sequence[AnyRow]) -> Parked:
    first = rows[0]
    return Parked(
        message=first.message,
        account=first.account,
        sender=first.sender,
        subject=first.subject,
        recipients=[row.address for row in rows],
        due_at=min(row.due_at for row in rows),
    )


def heartbeat(connection: Connection, now: Instant, requests: Sequence[None]) -> list[Instant | None]:
    """Notes the time; answers with what was noted before."""
    before = connection.execute(select(tables.fact.c.at).where(tables.fact.c.name == HEARTBEAT)).scalar()
    set_fact(connection, now, HEARTBEAT, "")
    return [before] * len(requests)


def note_fact(connection: Connection, now: Instant, requests: Sequence[tuple[str, str]]) -> list[None]:
    for name, value in requests:
        set_fact(connection, now, name, value)
    return [None] * len(requests)


_SET_FACT = text(
    "INSERT INTO fact (name, value, at) VALUES (:name, :value, :at) "
    "ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at"
)
"""In both dialects. Two nodes may note the same fact for the first time at once."""


def set_fact(connection: Connection, now: Instant, name: str, value: str) -> None:
    connection.execute(_SET_FACT, {"name": name, "value": value, "at": now})


def sweep(connection: Connection, now: Instant, requests: Sequence[Retention]) -> list[int]:
    """Deletes at most `limit` bodies, then at most `limit` messages with all that was known of them, whose time
    has passed; then gives a little of the file back. Answers how many messages it touched; 0 means all is done."""
    return [_sweep(connection, now, retention) for retention in requests]


def _sweep(connection: Connection, now: Instant, retention: Retention) -> int:
    bodies = list(connection.execute(_bodies_past(now, retention)).scalars())
    _delete_content(connection, bodies)
    connection.execute(update(tables.message).where(_message.id.in_(bodies)).values(content_deleted_at=now))
    forgotten = list(connection.execute(_metadata_past(now, retention)).scalars())
    for table in (tables.event, tables.recipient, review_tables.finding, review_tables.to_learn):
        connection.execute(delete(table).where(table.c.message.in_(forgotten)))
    connection.execute(delete(tables.message).where(_message.id.in_(forgotten)))
    swept = _sweep_staged(connection, now, retention.limit)
    _give_room_back(connection)
    return len(bodies) + len(forgotten) + swept


def _bodies_past(now: Instant, retention: Retention) -> Select[str]:
    """Messages whose content has had its time: nothing of them is open, and whatever was final is so long enough."""
    undone = _recipient.state == State.UNDONE.value
    still_needed = or_(
        tables.is_open,
        undone & (_recipient.changed_at >= now - retention.stopped),
        ~undone & (_recipient.changed_at >= now - retention.sent),
    )
    return (
        select(_message.id)
        .where(
            _message.content_deleted_at.is_(None),
            ~is_awaited(),
            _message.accepted_at < now - min(retention.sent, retention.stopped),
            ~exists().where(_recipient.message == _message.id, still_needed),
        )
        .limit(retention.limit)
    )


def _metadata_past(now: Instant, retention: Retention) -> Select[str]:
    """Messages whose content is gone and of which nothing has changed for as long as metadata are kept."""
    still_needed = or_(tables.is_open, _recipient.changed_at >= now - retention.metadata)
    return (
        select(_message.id)
        .where(
            _message.id < first_id(now - retention.metadata),
            _message.content_deleted_at.isnot(None),
            ~exists().where(_recipient.message == _message.id, still_needed),
        )
        .limit(retention.limit)
    )


def _give_room_back(connection: Connection) -> None:
    """Afterwards an SQLite file has fewer unused pages. The driver takes but one step of a statement without columns,
    and one step frees one page; so each page is asked for by itself."""
    unused, _ = free_pages(connection)
    if unused:
        cursor = connection.connection.cursor()
        for _ in range(min(unused, _PAGES_AT_ONCE)):
            cursor.execute("PRAGMA incremental_vacuum(1)")


def _sweep_staged(connection: Connection, now: Instant, limit: int) -> int:
    content = tables.content.c
    orphans = (
        select(content.message)
        .where(
            content.staged_at < now - STAGED_FOR,
            content.position == 0,
            ~exists().where(_message.id == content.message),
        )
        .limit(limit)
    )
    ids = list(connection.execute(orphans).scalars())
    _delete_content(connection, ids)
    return len(ids)


def _delete_content(connection: Connection, ids: Sequence[str]) -> None:
    if ids:
        connection.execute(delete(tables.content).where(tables.content.c.message.in_(ids)))


def fact(connection: Connection, name: str) -> tuple[str, Instant] | None:
    row = connection.execute(select(tables.fact.c.value, tables.fact.c.at).where(tables.fact.c.name == name)).first()
    return None if row is None else (row.value, row.at)


def free_pages(connection: Connection) -> tuple[int, int]:
    """Unused and all pages of an SQLite file; zeros elsewhere."""
    if connection.dialect.name != "sqlite":
        return 0, 0
    unused = connection.execute(text("PRAGMA freelist_count")).scalar_one()
    return unused, connection.execute(text("PRAGMA page_count")).scalar_one()


def count_by_state(connection: Connection) -> dict[State, int]:
    rows = connection.execute(select(_recipient.state, func.count()).where(tables.is_open).group_by(_recipient.state))
    return {State(state): count for state, count in rows}
