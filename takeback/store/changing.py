"""What people ask of messages that have not left: undo, release, hold again. Each answers per recipient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, select, update

from takeback.clock import Instant
from takeback.hold.states import TRANSITIONS, Act, State
from takeback.ports.review import Judgement
from takeback.ports.store import Answer, HoldRequest, ReleaseRequest, Selection
from takeback.store import judging, sent_copies, tables
from takeback.store.accepting import event_row, record_events
from takeback.store.acts import act_row, record_acts
from takeback.store.reading import recipient_view
from takeback.store.tables import AnyRow

_recipient = tables.recipient.c
_ADDRESSES_IN_AN_ACT = 100
"""All of them are in the events."""


def undo(connection: Connection, now: Instant, selections: Sequence[Selection]) -> list[list[Answer]]:
    """Stops what has not begun to leave; what was stopped before counts as stopped. Afterwards no recipient in
    `done` ever leaves. What is `unknown` is refused and let be: nobody can say that it did not leave."""
    return [_undo(connection, now, selection) for selection in selections]


def _undo(connection: Connection, now: Instant, selection: Selection) -> list[Answer]:
    rows = _lock(connection, selection)
    undone = _move(connection, now, rows, Act.UNDO, selection)
    _record(connection, now, "undo", selection, [row for row in rows if row.id in undone])
    judging.note(connection, [row for row in rows if row.id in undone], Judgement.RIGHT)
    if undone:
        sent_copies.queue(connection, now, selection.messages)
    return _answers(_lock(connection, selection), lambda row: State(row.state) is State.UNDONE)


def release(connection: Connection, now: Instant, requests: Sequence[ReleaseRequest]) -> list[list[Answer]]:
    """Makes what waits due now, reviewed or not: whoever says "send now" has decided."""
    return [_release(connection, now, request) for request in requests]


def _release(connection: Connection, now: Instant, request: ReleaseRequest) -> list[Answer]:
    rows = _lock(connection, request.selection)
    released = _move(connection, now, rows, Act.RELEASE, request.selection, due_at=now)
    judging.note(connection, [row for row in rows if row.id in released], Judgement.WRONG)
    if request.again:
        released |= _move(connection, now, rows, Act.SEND_AGAIN, request.selection, due_at=now)
    _record(connection, now, "release", request.selection, [row for row in rows if row.id in released])
    _mark_released(connection, released, now)
    return _answers(_lock(connection, request.selection), lambda row: row.id in released)


def _mark_released(connection: Connection, recipients: Iterable[int], at: Instant | None) -> None:
    """Whether a review that comes in later may lengthen what these wait: not once somebody has said "send now"."""
    connection.execute(update(tables.recipient).where(_recipient.id.in_(list(recipients))).values(released_at=at))


def hold(connection: Connection, now: Instant, requests: Sequence[HoldRequest]) -> list[list[Answer]]:
    """Keeps what has not begun to leave until `due_at`, or until somebody releases it."""
    return [_hold(connection, now, request) for request in requests]


def _hold(connection: Connection, now: Instant, request: HoldRequest) -> list[Answer]:
    rows = _lock(connection, request.selection)
    held = _move(connection, now, rows, Act.HOLD, request.selection, due_at=request.due_at)
    _record(connection, now, "hold", request.selection, [row for row in rows if row.id in held], until=request.due_at)
    _mark_released(connection, held, None)
    return _answers(_lock(connection, request.selection), lambda row: row.id in held)


def _lock(connection: Connection, selection: Selection) -> list[AnyRow]:
    """The recipients meant, in the order of their messages and positions, locked until the transaction ends."""
    wanted = [_recipient.message.in_(selection.messages)]
    if selection.recipients is not None:
        wanted.append(_recipient.address_key.in_(filter(tables.is_storable, selection.recipients)))
    rows = connection.execute(select(tables.recipient).where(*wanted).order_by(_recipient.id).with_for_update()).all()
    return sorted(rows, key=lambda row: (selection.messages.index(row.message), row.position))


def _move(
    connection: Connection, now: Instant, rows: Iterable[AnyRow], act: Act, selection: Selection, **values: Any
) -> set[int]:
    """Carries out one act on those rows whose state allows it; returns which."""
    movable: dict[State, list[AnyRow]] = {}
    for row in rows:
        if (then := TRANSITIONS[act].get(State(row.state))) is not None:
            movable.setdefault(then, []).append(row)
    detail = {**values, "client": selection.client} if selection.client else values
    for then, group in movable.items():
        connection.execute(
            update(tables.recipient)
            .where(_recipient.id.in_([row.id for row in group]))
            .values(state=then.value, changed_at=now, claim=None, lease_until=None, **values)
        )
        record_events(
            connection,
            (
                event_row(row.message, now, _event_kind(act, then), selection.actor, row.address, **detail)
                for row in group
            ),
        )
    return {row.id for group in movable.values() for row in group}


def _record(
    connection: Connection, now: Instant, kind: str, selection: Selection, changed: Sequence[AnyRow], **detail: Any
) -> None:
    """One act for each message of which something changed: what a repeated request finds done is no act."""
    acts = []
    for message, group in groupby(changed, key=lambda row: row.message):
        listed = list(group)
        addresses = {"addresses": [row.address for row in listed[:_ADDRESSES_IN_AN_ACT]]}
        chosen = {} if selection.recipients is None else addresses
        where = {"client": selection.client} if selection.client else {}
        acts.append(
            act_row(
                now,
                kind,
                selection.actor,
                listed[0].account,
                message,
                recipients=len(listed),
                **chosen,
                **where,
                **detail,
            )
        )
    record_acts(connection, acts)


def _event_kind(act: Act, then: State) -> str:
    """An undo is told by what it came to; the other acts by their own name."""
    return then.value if act is Act.UNDO else act.value


def _answers(rows: Sequence[AnyRow], is_done: Callable[[AnyRow], bool]) -> list[Answer]:
    answers = []
    for message, group in groupby(rows, key=lambda row: row.message):
        listed = list(group)
        answers.append(
            Answer(
                message=message,
                done=[recipient_view(row) for row in listed if is_done(row)],
                refused=[recipient_view(row) for row in listed if not is_done(row)],
            )
        )
    return answers
