"""A corrected message and its recipients: those whose copy was stopped get it like any mail, the others as it is put
into their mailboxes. Until then they are no recipients of it, so that nothing relays it to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, bindparam, exists, func, select

from takeback.clock import Instant
from takeback.hold.states import STOPPABLE, State
from takeback.mail.address import identity, key
from takeback.ports.store import NewMessage, Selection
from takeback.store import tables
from takeback.store.accepting import event_row, insert_messages, record_events
from takeback.store.recall_tables import recall, recall_person, recall_recipient, recall_way
from takeback.store.rows import insert_rows
from takeback.store.tables import AnyRow

_recipient = tables.recipient.c
_message = tables.message.c


def stoppable(connection: Connection, selection: Selection) -> frozenset[str]:
    """The recipients meant whose copy has not left and was not stopped before."""
    return _in_states(connection, selection, STOPPABLE)


def stopped(connection: Connection, selection: Selection) -> frozenset[str]:
    return _in_states(connection, selection, frozenset({State.UNDONE}))


def _in_states(connection: Connection, selection: Selection, states: frozenset[State]) -> frozenset[str]:
    """Canonical keys of addresses."""
    wanted = select(_recipient.address_key).where(
        _recipient.message.in_(selection.messages), _recipient.state.in_([state.value for state in states])
    )
    if selection.recipients is not None:
        wanted = wanted.where(_recipient.address_key.in_(selection.recipients))
    return frozenset(connection.execute(wanted.with_for_update()).scalars())


def insert_replacement(connection: Connection, message: NewMessage, for_: frozenset[str]) -> None:
    """Afterwards the message is there, held for those recipients of it only, each until its own time."""
    kept = [
        (recipient, due_at)
        for recipient, due_at in zip(message.envelope.recipients, message.due_at, strict=True)
        if key(recipient.address) in for_
    ]
    envelope = replace(message.envelope, recipients=tuple(recipient for recipient, _ in kept))
    insert_messages(connection, [replace(message, envelope=envelope, due_at=[due_at for _, due_at in kept])])


def add_recipients(connection: Connection, now: Instant, person: int, evidence: str) -> None:
    """Whoever leads to this person has got the corrected message: it stands in the mailbox."""
    into, account, server = connection.execute(
        select(recall.c.replacement, _message.account, recall_person.c.server)
        .join(recall_person, recall_person.c.recall == recall.c.id)
        .join(tables.message, _message.id == recall.c.replacement)
        .where(recall_person.c.id == person)
    ).one()
    has_it = select(_recipient.address_key).where(_recipient.message == into)
    known = frozenset(connection.execute(has_it).scalars())
    missing = [row for row in connection.execute(_WAYS, {"people": [person]}) if row.address_key not in known]
    position = connection.execute(
        select(func.coalesce(func.max(_recipient.position), -1)).where(_recipient.message == into)
    ).scalar_one()
    rows = [
        {
            "message": into,
            "position": position + number,
            "account": account,
            "address": row.address,
            "address_key": row.address_key,
            "state": State.SENT.value,
            "changed_at": now,
            "due_at": None,
            "attempts": 0,
            "delay_reported": False,
            "reply": evidence,
            "server": server,
            "delivered": True,
        }
        for number, row in enumerate(missing, start=1)
    ]
    insert_rows(connection, tables.recipient, rows)
    record_events(connection, [event_row(into, now, "put_in_place", "takeback", row.address) for row in missing])


def is_awaited() -> ColumnElement[bool]:
    """Whether a recall that is not over may still put this message into a mailbox."""
    return exists().where(recall.c.replacement == _message.id, recall.c.done_at.is_(None))


_WAYS = (
    select(recall_way.c.person, _recipient.address, _recipient.address_key)
    .join(recall_recipient, recall_recipient.c.id == recall_way.c.recipient)
    .join(recall, recall.c.id == recall_recipient.c.recall)
    .join(
        tables.recipient,
        (_recipient.message == recall.c.message) & (_recipient.position == recall_recipient.c.position),
    )
    .where(recall_way.c.person.in_(bindparam("people", expanding=True)))
    .order_by(_recipient.position)
)
"""The recipients of the original through which copies come to people."""


def named(connection: Connection, people: Sequence[AnyRow]) -> frozenset[int]:
    """Those of them whom the envelope of the original names, so that its sender knows of them: who is behind a list is
    not the sender's business."""
    if not people:
        return frozenset()
    theirs = {person.id: identity(person.address) for person in people}
    ways = connection.execute(_WAYS, {"people": list(theirs)})
    return frozenset(row.person for row in ways if identity(row.address) == theirs[row.person])
