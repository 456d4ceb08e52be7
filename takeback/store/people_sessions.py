"""Sessions: who is signed in, until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from takeback.clock import Instant
from takeback.ports.people import Author, NewSession, Session
from takeback.store import people_tables
from takeback.store.people_rights import note, person
from takeback.store.tables import AnyRow

_session = people_tables.session.c


@dataclass(frozen=True, slots=True)
class Ending:
    """The sessions of an account to end: all, the one of that hash, or the one of that id."""

    account: str | None
    author: Author
    token: str | None = None
    id: int | None = None


def start_session(connection: Connection, now: Instant, sessions: Sequence[NewSession]) -> list[None]:
    for new in sessions:
        if connection.execute(select(_session.id).where(_session.token == new.token)).first():
            continue
        connection.execute(
            insert(people_tables.session).values(
                token=new.token,
                account=new.account,
                address=new.address,
                method=new.method,
                created_at=now,
                seen_at=now,
                expires_at=new.expires_at,
                client=new.client,
                agent=new.agent,
            )
        )
        author = Author(f"web:{new.account}", new.client)
        note(connection, now, "sign_in", author, new.account, method=new.method, agent=new.agent)
    return [None] * len(sessions)


def session(connection: Connection, now: Instant, token: str) -> Session | None:
    row = connection.execute(
        select(people_tables.session).where(_session.token == token, _session.expires_at > now)
    ).first()
    return None if row is None else _view(connection, row)


def sessions(connection: Connection, now: Instant, account: str) -> list[Session]:
    rows = connection.execute(
        select(people_tables.session)
        .where(_session.account == account, _session.expires_at > now)
        .order_by(_session.seen_at.desc())
    ).all()
    return [_view(connection, row) for row in rows]


def touch_session(connection: Connection, now: Instant, tokens: Sequence[str]) -> list[None]:
    connection.execute(update(people_tables.session).where(_session.token.in_(tokens)).values(seen_at=now))
    return [None] * len(tokens)


def end_sessions(connection: Connection, now: Instant, endings: Sequence[Ending]) -> list[int]:
    return [_end(connection, now, ending) for ending in endings]


def _end(connection: Connection, now: Instant, ending: Ending) -> int:
    wanted: list[ColumnElement[bool]] = []
    if ending.account is not None:
        wanted.append(_session.account == ending.account)
    if ending.token is not None:
        wanted.append(_session.token == ending.token)
    if ending.id is not None:
        wanted.append(_session.id == ending.id)
    rows = connection.execute(select(_session.id, _session.account).where(*wanted)).all()
    connection.execute(delete(people_tables.session).where(_session.id.in_([row.id for row in rows])))
    for account in {row.account for row in rows}:
        ended = sum(row.account == account for row in rows)
        note(connection, now, "sign_out", ending.author, account, sessions=ended)
    return len(rows)


def _view(connection: Connection, row: AnyRow) -> Session:
    return Session(
        id=row.id,
        address=row.address,
        method=row.method,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        client=row.client,
        agent=row.agent,
        person=person(connection, row.account),
    )
