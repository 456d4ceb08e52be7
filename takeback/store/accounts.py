"""Accounts and what they may send as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from takeback.clock import Instant
from takeback.errors import NotFound
from takeback.store import tables

_account = tables.account.c
_grant = tables.grant.c


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to add, or to give another password."""

    key: str
    address: str
    password_hash: str


@dataclass(frozen=True, slots=True)
class Grant:
    """The right to send as what `pattern` names, given or (where `given` is false) taken away."""

    account: str
    pattern: str
    given: bool = True


def set_account(connection: Connection, now: Instant, requests: Sequence[NewAccount]) -> list[bool]:
    """Afterwards the account has this password. True where it is new."""
    return [_set_account(connection, now, request) for request in requests]


def _set_account(connection: Connection, now: Instant, request: NewAccount) -> bool:
    values = {"password_hash": request.password_hash, "changed_at": now}
    changed = connection.execute(update(tables.account).where(_account.key == request.key).values(**values)).rowcount
    if not changed:
        connection.execute(
            insert(tables.account).values(key=request.key, address=request.address, created_at=now, **values)
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


def remove_account(connection: Connection, now: Instant, keys: Sequence[str]) -> list[bool]:
    """Afterwards nobody can log in as it; what it sent stays its own. False where there was none."""
    answers = []
    for key in keys:
        connection.execute(delete(tables.grant).where(_grant.account == key))
        answers.append(bool(connection.execute(delete(tables.account).where(_account.key == key)).rowcount))
    return answers


def set_grant(connection: Connection, now: Instant, grants: Sequence[Grant]) -> list[bool]:
    """True where this changed something. Raises NotFound for a grant to nobody."""
    return [_set_grant(connection, grant) for grant in grants]


def _set_grant(connection: Connection, grant: Grant) -> bool:
    this = (_grant.account == grant.account) & (_grant.pattern == grant.pattern)
    if not grant.given:
        return bool(connection.execute(delete(tables.grant).where(this)).rowcount)
    if connection.execute(select(_account.key).where(_account.key == grant.account)).first() is None:
        raise NotFound(f"no account {grant.account}")
    if connection.execute(select(_grant.pattern).where(this)).first():
        return False
    connection.execute(insert(tables.grant).values(account=grant.account, pattern=grant.pattern))
    return True
