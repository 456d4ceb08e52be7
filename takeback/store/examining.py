"""What doctor asks of a database. Nothing here changes anything."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, exists, func, select, text

from takeback.hold.states import State
from takeback.store import tables

_recipient = tables.recipient.c
_event = tables.event.c
_PARKED = "parked_"
_RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Replica:
    """A copy of a PostgreSQL database; `state` is `sync`, `quorum`, `async` or `potential`."""

    name: str
    state: str


def settings(connection: Connection) -> dict[str, str]:
    """What decides whether a commit survives a power cut, by the database's own names for it."""
    if connection.dialect.name == "sqlite":
        return {
            name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
            for name in ("journal_mode", "synchronous")
        }
    return {
        name: str(connection.exec_driver_sql(f"SHOW {name}").scalar_one())
        for name in ("fsync", "full_page_writes", "synchronous_commit")
    }


def replicas(connection: Connection) -> list[Replica]:
    """Those that this role may see; none on SQLite."""
    if connection.dialect.name == "sqlite":
        return []
    rows = connection.execute(
        text("SELECT application_name, client_addr::text AS address, sync_state FROM pg_stat_replication")
    )
    return [Replica(row.application_name or row.address or "?", row.sync_state) for row in rows if row.sync_state]


def undecided(connection: Connection) -> int:
    """Messages with a recipient that is `unknown`."""
    return _count_messages(connection, State.UNKNOWN)


def waiting_for_release(connection: Connection) -> tuple[int, int]:
    """Messages with a recipient that is held until released because it was parked; and those because of a restore."""
    return _count_kept(connection, _PARKED), _count_kept(connection, _RESTORED)


def _count_messages(connection: Connection, state: State) -> int:
    return connection.execute(
        select(func.count(_recipient.message.distinct())).where(_recipient.state == state.value)
    ).scalar_one()


def _count_kept(connection: Connection, kind: str) -> int:
    """Only what has not been touched since: who holds a parked message again has decided."""
    that_kind = exists().where(
        _event.message == _recipient.message,
        _event.recipient == _recipient.address,
        _event.kind.startswith(kind, autoescape=True),
        _event.at >= _recipient.changed_at,
    )
    return connection.execute(
        select(func.count(_recipient.message.distinct())).where(
            _recipient.state == State.HELD.value, _recipient.due_at.is_(None), that_kind
        )
    ).scalar_one()
