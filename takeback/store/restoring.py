"""After a restore: what was open in the backup may have left since, so nothing of it leaves by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from takeback.clock import Instant
from takeback.hold.states import TRANSITIONS, Act, State
from takeback.store import tables
from takeback.store.accepting import event_row, record_events
from takeback.store.tables import AnyRow

_recipient = tables.recipient.c
_MOVES = TRANSITIONS[Act.RESTORE]
_AT_ONCE = 2_000


def keep_what_is_open(connection: Connection, now: Instant, actors: Sequence[str]) -> list[Counter[State]]:
    """Afterwards every open recipient is held until released, or `unknown` where it was leaving, with an event that
    says so. Answers how many there are of each. To be used where nobody else works on the database."""
    return [_keep_what_is_open(connection, now, actor) for actor in actors]


def _keep_what_is_open(connection: Connection, now: Instant, actor: str) -> Counter[State]:
    kept: Counter[State] = Counter()
    last = 0
    while rows := connection.execute(
        select(_recipient.id, _recipient.message, _recipient.address, _recipient.state)
        .where(_recipient.state.in_([state.value for state in _MOVES]), _recipient.id > last)
        .order_by(_recipient.id)
        .limit(_AT_ONCE)
    ).all():
        last = rows[-1].id
        for before, after in _MOVES.items():
            group = [row for row in rows if row.state == before.value]
            _move(connection, now, group, before, after)
            kept[after] += len(group)
        record_events(
            connection,
            (event_row(row.message, now, Act.RESTORE.value, actor, row.address, was=row.state) for row in rows),
        )
    return +kept


def _move(connection: Connection, now: Instant, rows: Sequence[AnyRow], before: State, after: State) -> None:
    """What stays in its state has been there as long as it was."""
    since = {} if before is after else {"changed_at": now}
    connection.execute(
        update(tables.recipient)
        .where(_recipient.id.in_([row.id for row in rows]))
        .values(state=after.value, due_at=None, claim=None, lease_until=None, **since)
    )
