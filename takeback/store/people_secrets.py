"""What proves to be somebody without a person at the keyboard: passwords for devices, API keys, links. Hashes only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, delete, insert, or_, select, update

from takeback.clock import MINUTE, Duration, Instant
from takeback.ports.people import (
    ApiKey,
    AppPassword,
    Author,
    Link,
    NewApiKey,
    NewAppPassword,
    NewLink,
    Scope,
)
from takeback.store import people_tables
from takeback.store.people_rights import note
from takeback.store.tables import AnyRow, is_storable

_app_password = people_tables.app_password.c
_api_key = people_tables.api_key.c
_link = people_tables.link.c
USE_IS_NEWS: Duration = MINUTE
"""A use sooner after the last one is not written down: it would cost a transaction at each message."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """What is no longer to be good for anything; `account` bounds whose it may be (None: anybody's)."""

    account: str | None
    id: str
    author: Author


def add_app_password(connection: Connection, now: Instant, passwords: Sequence[NewAppPassword]) -> list[None]:
    for new in passwords:
        if connection.execute(select(_app_password.id).where(_app_password.id == new.id)).first():
            continue
        connection.execute(
            insert(people_tables.app_password).values(
                id=new.id, account=new.account, name=new.name, secret=new.secret, created_at=now
            )
        )
        note(connection, now, "app_password_add", new.author, new.account, id=new.id, name=new.name)
    return [None] * len(passwords)


def app_passwords(connection: Connection, account: str) -> list[AppPassword]:
    rows = connection.execute(
        select(people_tables.app_password)
        .where(_app_password.account == account)
        .order_by(_app_password.created_at.desc(), _app_password.id)
    )
    return [AppPassword(row.id, row.name, row.created_at, row.last_used_at) for row in rows]


def find_app_password(connection: Connection, account: str, secret: str) -> AppPassword | None:
    if not is_storable(account):
        return None
    row = connection.execute(
        select(people_tables.app_password).where(_app_password.account == account, _app_password.secret == secret)
    ).first()
    return None if row is None else AppPassword(row.id, row.name, row.created_at, row.last_used_at)


def add_api_key(connection: Connection, now: Instant, keys: Sequence[NewApiKey]) -> list[None]:
    for new in keys:
        if connection.execute(select(_api_key.id).where(_api_key.id == new.id)).first():
            continue
        scopes = " ".join(sorted(new.scopes))
        connection.execute(
            insert(people_tables.api_key).values(
                id=new.id,
                account=new.account,
                name=new.name,
                secret=new.secret,
                scopes=scopes,
                created_at=now,
                expires_at=new.expires_at,
            )
        )
        note(connection, now, "key_add", new.author, new.account, id=new.id, name=new.name, scopes=scopes)
    return [None] * len(keys)


def api_keys(connection: Connection, account: str | None) -> list[ApiKey]:
    wanted = select(people_tables.api_key).order_by(_api_key.account, _api_key.created_at.desc(), _api_key.id)
    if account is not None:
        wanted = wanted.where(_api_key.account == account)
    return [_key(row) for row in connection.execute(wanted)]


def find_api_key(connection: Connection, now: Instant, id: str, secret: str) -> ApiKey | None:
    if not is_storable(id):
        return None
    row = connection.execute(
        select(people_tables.api_key).where(
            _api_key.id == id,
            _api_key.secret == secret,
            or_(_api_key.expires_at.is_(None), _api_key.expires_at > now),
        )
    ).first()
    return None if row is None else _key(row)


def note_use_of_app_password(connection: Connection, now: Instant, ids: Sequence[str]) -> list[None]:
    return _note_use(connection, now, people_tables.app_password, ids)


def note_use_of_api_key(connection: Connection, now: Instant, ids: Sequence[str]) -> list[None]:
    return _note_use(connection, now, people_tables.api_key, ids)


def _note_use(connection: Connection, now: Instant, table: Table, ids: Sequence[str]) -> list[None]:
    connection.execute(update(table).where(table.c.id.in_(ids)).values(last_used_at=now))
    return [None] * len(ids)


def revoke_app_password(connection: Connection, now: Instant, revocations: Sequence[Revocation]) -> list[bool]:
    return [_revoke(connection, now, people_tables.app_password, "app_password_revoke", each) for each in revocations]


def revoke_api_key(connection: Connection, now: Instant, revocations: Sequence[Revocation]) -> list[bool]:
    return [_revoke(connection, now, people_tables.api_key, "key_revoke", each) for each in revocations]


def _revoke(connection: Connection, now: Instant, table: Table, kind: str, revocation: Revocation) -> bool:
    if not is_storable(revocation.id):
        return False
    wanted = table.c.id == revocation.id
    if revocation.account is not None:
        wanted &= table.c.account == revocation.account
    row = connection.execute(select(table.c.account, table.c.name).where(wanted)).first()
    if row is None:
        return False
    connection.execute(delete(table).where(wanted))
    note(connection, now, kind, revocation.author, row.account, id=revocation.id, name=row.name)
    return True


def add_link(connection: Connection, now: Instant, links: Sequence[NewLink]) -> list[None]:
    for new in links:
        if connection.execute(select(_link.token).where(_link.token == new.token)).first():
            continue
        connection.execute(
            insert(people_tables.link).values(
                token=new.token, message=new.message, account=new.account, expires_at=new.expires_at
            )
        )
    return [None] * len(links)


def link(connection: Connection, now: Instant, token: str) -> Link | None:
    row = connection.execute(select(people_tables.link).where(_link.token == token, _link.expires_at > now)).first()
    return None if row is None else Link(row.message, row.account, row.expires_at)


def _key(row: AnyRow) -> ApiKey:
    scopes = frozenset(Scope(word) for word in row.scopes.split())
    return ApiKey(row.id, row.account, row.name, scopes, row.created_at, row.last_used_at, row.expires_at)
