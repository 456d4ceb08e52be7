"""Who may do what beyond their own mail, and what they prefer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from takeback.clock import Instant
from takeback.ports.people import Author, Notices, PersonRecord, Preferences, Right, Rights
from takeback.store import people_tables
from takeback.store.acts import act_row, record_acts
from takeback.store.tables import AnyRow, is_storable

_person = people_tables.person.c
_delegate = people_tables.delegate.c
_COLUMNS = {Right.ADMINISTRATOR: _person.administrator, Right.READ_BODIES: _person.reads_bodies}


@dataclass(frozen=True, slots=True)
class RightChange:
    account: str
    right: Right
    given: bool
    author: Author


@dataclass(frozen=True, slots=True)
class DelegateChange:
    account: str
    delegate: str
    given: bool
    author: Author


def set_right(connection: Connection, now: Instant, changes: Sequence[RightChange]) -> list[bool]:
    return [_set_right(connection, now, change) for change in changes]


def _set_right(connection: Connection, now: Instant, change: RightChange) -> bool:
    column = _COLUMNS[change.right]
    _be_known(connection, change.account)
    this = (_person.account == change.account) & column.isnot(change.given)
    if not connection.execute(update(people_tables.person).where(this).values({column: change.given})).rowcount:
        return False
    kind = "right_add" if change.given else "right_remove"
    note(connection, now, kind, change.author, change.account, right=change.right.value)
    return True


def set_delegate(connection: Connection, now: Instant, changes: Sequence[DelegateChange]) -> list[bool]:
    return [_set_delegate(connection, now, change) for change in changes]


def _set_delegate(connection: Connection, now: Instant, change: DelegateChange) -> bool:
    this = (_delegate.account == change.account) & (_delegate.delegate == change.delegate)
    there = connection.execute(select(_delegate.account).where(this)).first() is not None
    if there == change.given:
        return False
    if change.given:
        values = {"account": change.account, "delegate": change.delegate}
        connection.execute(insert(people_tables.delegate).values(**values))
    else:
        connection.execute(delete(people_tables.delegate).where(this))
    kind = "delegate_add" if change.given else "delegate_remove"
    note(connection, now, kind, change.author, change.account, delegate=change.delegate)
    return True


def note(connection: Connection, now: Instant, kind: str, author: Author, account: str, **detail: Any) -> None:
    """Afterwards the act is on the record, with the address it came from."""
    where = {"client": author.client} if author.client else {}
    record_acts(connection, [act_row(now, kind, author.actor, account, **where, **detail)])


def set_preferences(connection: Connection, now: Instant, changes: Sequence[tuple[str, Preferences]]) -> list[None]:
    for account, preferences in changes:
        _be_known(connection, account)
        connection.execute(
            update(people_tables.person)
            .where(_person.account == account)
            .values(language=preferences.language, notices=preferences.notices)
        )
    return [None] * len(changes)


def accounts_with_notices(connection: Connection, notices: Notices) -> frozenset[str]:
    wanting = select(_person.account).where(_person.notices == notices.value)
    return frozenset(connection.execute(wanting).scalars())


def person(connection: Connection, account: str) -> PersonRecord:
    if not is_storable(account):
        return PersonRecord(account)
    row = connection.execute(select(people_tables.person).where(_person.account == account)).first()
    acts_for = connection.execute(select(_delegate.account).where(_delegate.delegate == account)).scalars()
    return _record(account, row, frozenset(acts_for))


def people(connection: Connection) -> list[PersonRecord]:
    rows = {row.account: row for row in connection.execute(select(people_tables.person))}
    acts_for: dict[str, set[str]] = {}
    for row in connection.execute(select(people_tables.delegate)):
        acts_for.setdefault(row.delegate, set()).add(row.account)
    known = [
        _record(account, rows.get(account), frozenset(acts_for.get(account, ()))) for account in {*rows, *acts_for}
    ]
    return sorted((each for each in known if each.rights.rights or each.rights.acts_for), key=lambda each: each.account)


def delegates(connection: Connection, account: str) -> list[str]:
    named = select(_delegate.delegate).where(_delegate.account == account).order_by(_delegate.delegate)
    return list(connection.execute(named).scalars())


def _record(account: str, row: AnyRow | None, acts_for: frozenset[str]) -> PersonRecord:
    if row is None:
        return PersonRecord(account, Rights(frozenset(), acts_for))
    held = {right for right, column in _COLUMNS.items() if getattr(row, column.name)}
    return PersonRecord(account, Rights(frozenset(held), acts_for), Preferences(row.language, row.notices))


def _be_known(connection: Connection, account: str) -> None:
    """Afterwards the account has a row of its own."""
    if connection.execute(select(_person.account).where(_person.account == account)).first() is None:
        usual = Preferences()
        connection.execute(
            insert(people_tables.person).values(
                account=account,
                administrator=False,
                reads_bodies=False,
                language=usual.language,
                notices=usual.notices,
            )
        )


def forget(connection: Connection, account: str) -> int:
    """Afterwards the account has no rights, nobody acts for it, and nothing opens it. Returns how many rows went."""
    gone = 0
    for table in (
        people_tables.person,
        people_tables.session,
        people_tables.app_password,
        people_tables.api_key,
        people_tables.link,
        people_tables.delegate,
    ):
        gone += connection.execute(delete(table).where(table.c.account == account)).rowcount
    return gone + connection.execute(delete(people_tables.delegate).where(_delegate.delegate == account)).rowcount
