"""Accounts and what they may send as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from takeback.clock import Instant
from takeback.errors import NotFound
from takeback.ports.people import Author
from takeback.store import people_rights, people_sessions, tables
from takeback.store.acts import act_row, record_acts
from takeback.store.people_sessions import Ending

_account = tables.account.c
_grant = tables.grant.c


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to add, or to give another password."""

    key: str
    address: str
    password_hash: str
    actor: str = "takeback"


@dataclass(frozen=True, slots=True)
class Removal:
    """An account to remove."""

    key: str
    actor: str = "takeback"


@dataclass(frozen=True, slots=True)
class Grant:
    """The right to send as what `pattern` names, given or (where `given` is false) taken away."""

    account: str
    pattern: str
    given: bool = True
    actor: str = "takeback"


def set_account(connection: Connection, now: Instant, requests: Sequence[NewAccount]) -> list[bool]:
    """Afterwards the account has this password, and nobody is signed in with an older one. True where it is new."""
    return [_set_account(connection, now, request) for request in requests]


def _set_account(connection: Connection, now: Instant, request: NewAccount) -> bool:
    values = {"password_hash": request.password_hash, "changed_at": now}
    changed = connection.execute(update(tables.account).where(_account.key == request.key).values(**values)).rowcount
    if not changed:
        connection.execute(
            insert(tables.account).values(key=request.key, address=request.address, created_at=now, **values)
        )
    else:
        people_sessions.end_sessions(connection, now, [Ending(request.key, Author(request.actor))])
    record_acts(
        connection,
        [act_row(now, "account_password" if changed else "account_add", request.actor, request.key)],
    )
    return not changed


@dataclass(frozen=True, slots=True)
class Rehash:
    """The same password under other parameters; nothing the account's owner did."""

    account: str
    old_hash: str
    new_hash: str


def replace_hash(connection: Connection, now: Instant, requests: Sequence[Rehash]) -> list[None]:
    """Afterwards the new hash stands where the old one stood; a password changed meanwhile is left alone."""
    for request in requests:
        connection.execute(
            update(tables.account)
            .where(_account.key == request.account, _account.password_hash == request.old_hash)
            .values(password_hash=request.new_hash)
        )
    return [None] * len(requests)


def remove_account(connection: Connection, now: Instant, removals: Sequence[Removal]) -> list[bool]:
    """Afterwards nobody can log in as it, by password, session or key, and it has no rights; what it sent stays its
    own. False where there was nothing of it."""
    return [_remove_account(connection, now, removal) for removal in removals]


def _remove_account(connection: Connection, now: Instant, removal: Removal) -> bool:
    connection.execute(delete(tables.grant).where(_grant.account == removal.key))
    removed = connection.execute(delete(tables.account).where(_account.key == removal.key)).rowcount
    removed += people_rights.forget(connection, removal.key)
    if removed:
        record_acts(connection, [act_row(now, "account_remove", removal.actor, removal.key)])
    return bool(removed)


def set_grant(connection: Connection, now: Instant, grants: Sequence[Grant]) -> list[bool]:
    """True where this changed something. Raises NotFound for a grant to nobody."""
    return [_set_grant(connection, now, grant) for grant in grants]


def _set_grant(connection: Connection, now: Instant, grant: Grant) -> bool:
    changed = _give(connection, grant) if grant.given else _take(connection, grant)
    if changed:
        kind = "grant" if grant.given else "revoke"
        record_acts(connection, [act_row(now, kind, grant.actor, grant.account, send_as=grant.pattern)])
    return changed


def _give(connection: Connection, grant: Grant) -> bool:
    if connection.execute(select(_account.key).where(_account.key == grant.account)).first() is None:
        raise NotFound(f"no account {grant.account}")
    if connection.execute(select(_grant.pattern).where(_this(grant))).first():
        return False
    connection.execute(insert(tables.grant).values(account=grant.account, pattern=grant.pattern))
    return True


def _take(connection: Connection, grant: Grant) -> bool:
    return bool(connection.execute(delete(tables.grant).where(_this(grant))).rowcount)


def _this(grant: Grant) -> ColumnElement[bool]:
    return (_grant.account == grant.account) & (_grant.pattern == grant.pattern)
