"""People's own mailboxes, and the copies in Sent that wait to be moved to Drafts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, literal, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from takeback.clock import Duration, Instant
from takeback.hold.states import State
from takeback.ports.people import Author
from takeback.ports.sent_copies import OwnMailbox, SentCopy, Settled
from takeback.sealing import Seal
from takeback.store import tables
from takeback.store.accepting import event_row, record_events
from takeback.store.access import Access
from takeback.store.people_rights import note
from takeback.store.sent_copy_tables import own_mailbox, sent_copy
from takeback.store.writer import Transition, Urgency


def queue(connection: Connection, now: Instant, messages: Sequence[str]) -> None:
    """Afterwards the copies of those of the messages wait that are stopped for everybody, and whose senders have told
    us where their own mail is."""
    recipient = tables.recipient.c
    others = exists().where(recipient.message == tables.message.c.id, recipient.state != State.UNDONE.value)
    waiting = (
        select(tables.message.c.id, tables.message.c.account, literal(0), literal(now))
        .join(own_mailbox, own_mailbox.c.account == tables.message.c.account)
        .where(tables.message.c.id.in_(messages), ~others)
    )
    columns = ["message", "account", "tries", "next_at"]
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert(sent_copy).from_select(columns, waiting).on_conflict_do_nothing())


class SqlOwnMailboxes:
    """`takeback.ports.sent_copies.OwnMailboxes` over a database; passwords are sealed on their way in."""

    def __init__(self, access: Access, seal: Seal) -> None:
        self._access = access
        self._seal = seal

    async def own_mailbox(self, account: str) -> OwnMailbox | None:
        columns = own_mailbox.c
        row = await self._access.ask(
            lambda connection: connection.execute(select(own_mailbox).where(columns.account == account)).first()
        )
        if row is None:
            return None
        password = self._seal.open(bytes(row.password), _about(account)).decode()
        return OwnMailbox(account, row.server, row.username, password)

    async def set_own_mailbox(self, mailbox: OwnMailbox, author: Author) -> None:
        sealed = self._seal.close(mailbox.password.encode(), _about(mailbox.account))
        await self._access.submit(_SET, _NewLogin(mailbox.account, mailbox.server, mailbox.username, sealed, author))

    async def remove_own_mailbox(self, account: str, author: Author) -> bool:
        return await self._access.submit(_REMOVE, (account, author))

    async def claim_sent_copies(self, limit: int, lease: Duration) -> Sequence[SentCopy]:
        now = self._access.now()
        due = await self._access.ask(lambda connection: connection.execute(_due(now, 1)).first())
        return await self._access.submit(_CLAIM, (limit, lease)) if due else []

    async def settle_sent_copy(self, settled: Settled) -> None:
        await self._access.submit(_SETTLE, settled)


def _about(account: str) -> str:
    return f"own mailbox of {account}"


_UPSERT = text(
    "INSERT INTO own_mailbox (account, server, username, password, changed_at) "
    "VALUES (:account, :server, :username, :password, :now) ON CONFLICT (account) DO UPDATE SET "
    "server = excluded.server, username = excluded.username, password = excluded.password, "
    "changed_at = excluded.changed_at"
)


@dataclass(frozen=True, slots=True)
class _NewLogin:
    account: str
    server: str
    username: str
    password: bytes
    author: Author


def _set(connection: Connection, now: Instant, logins: Sequence[_NewLogin]) -> list[None]:
    for new in logins:
        row = {"account": new.account, "server": new.server, "username": new.username, "password": new.password}
        connection.execute(_UPSERT, {**row, "now": now})
        note(connection, now, "own_mailbox_set", new.author, new.account, server=new.server)
    return [None] * len(logins)


def _remove(connection: Connection, now: Instant, requests: Sequence[tuple[str, Author]]) -> list[bool]:
    removed = []
    for account, author in requests:
        connection.execute(delete(sent_copy).where(sent_copy.c.account == account))
        gone = delete(own_mailbox).where(own_mailbox.c.account == account).returning(own_mailbox.c.account)
        removed.append(connection.execute(gone).first() is not None)
        if removed[-1]:
            note(connection, now, "own_mailbox_removed", author, account)
    return removed


def _due(now: Instant, limit: int) -> Select[Any]:
    return (
        select(sent_copy.c.message, sent_copy.c.account, sent_copy.c.tries, tables.message.c.message_id)
        .join(tables.message, tables.message.c.id == sent_copy.c.message)
        .where(sent_copy.c.next_at <= now)
        .order_by(sent_copy.c.next_at)
        .limit(limit)
    )


def _claim(connection: Connection, now: Instant, requests: Sequence[tuple[int, Duration]]) -> list[Sequence[SentCopy]]:
    """Whoever claims puts the next try behind its lease; a claimant that dies has only delayed it."""
    answers: list[Sequence[SentCopy]] = []
    for limit, lease in requests:
        rows = connection.execute(_due(now, limit).with_for_update(skip_locked=True, of=sent_copy)).all()
        connection.execute(
            update(sent_copy)
            .where(sent_copy.c.message.in_([row.message for row in rows]))
            .values(next_at=now + lease, tries=sent_copy.c.tries + 1)
        )
        answers.append([SentCopy(row.message, row.account, row.message_id, row.tries) for row in rows])
    return answers


def _settle(connection: Connection, now: Instant, requests: Sequence[Settled]) -> list[None]:
    for settled in requests:
        if settled.next_at is not None:
            again = update(sent_copy).where(sent_copy.c.message == settled.message, sent_copy.c.tries > 0)
            connection.execute(again.values(next_at=settled.next_at))
            continue
        gone = delete(sent_copy).where(sent_copy.c.message == settled.message).returning(sent_copy.c.message)
        if connection.execute(gone).first() is not None:
            detail = {"outcome": settled.outcome} | ({"reason": settled.reason} if settled.reason else {})
            record_events(connection, [event_row(settled.message, now, "sent_copy", "takeback", None, **detail)])
    return [None] * len(requests)


_SET = Transition(_set, Urgency.PERSON)
_REMOVE = Transition(_remove, Urgency.PERSON)
_CLAIM = Transition(_claim, Urgency.DELIVERY)
_SETTLE = Transition(_settle, Urgency.DELIVERY)
