"""After a restore: what was open in the backup may have left since, so nothing of it leaves by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from takeback.clock import Instant
from takeback.hold.states import TRANSITIONS, Act, State
from takeback.store import tables
from takeback.store.accepting import event_row, record_events

_recipient = tables.recipient.c
_AT_ONCE = 5_000


def keep_what_is_open(connection: Connection, now: Instant, actors: Sequence[str]) -> list[Counter[State]]:
    """Afterwards every open recipient is held until released, or `unknown` where it was leaving, with an event that
    says so. Answers how many there are of each. To be used where nobody else works on the database."""
    return [_keep_what_is_open(connection, now, actor) for actor in actors]


def _keep_what_is_open(connection: Connection, now: Instant, actor: str) -> Counter[State]:
    kept: Counter[State] = Counter()
    for before, after in TRANSITIONS[Act.RESTORE].items():
        kept[after] += _keep(connection, now, actor, before, after)
    return +kept


def _keep(connection: Connection, now: Instant, actor: str, before: State, after: State) -> int:
    """Goes by row id: `held` stays `held`, so the state alone does not tell what is done."""
    done, last = 0, 0
    while rows := connection.execute(
        select(_recipient.id, _recipient.message, _recipient.address)
        .where(_recipient.state == before.value, _recipient.id > last)
        .order_by(_recipient.id)
        .limit(_AT_ONCE)
    ).all():
        done, last = done + len(rows), rows[-1].id
        record_events(
            connection,
            (event_row(row.message, now, "restored", actor, row.address, was=before.value) for row in rows),
        )
    moved = {"state": after.value, "changed_at": now} if before is not after else {}
    connection.execute(
        update(tables.recipient)
        .where(_recipient.state == before.value)
        .values(due_at=None, claim=None, lease_until=None, **moved)
    )
    return done
