"""Reviewing: a node takes messages that wait, and gives in what it found. Afterwards their copies wait as that says."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, or_, select, update

from takeback.clock import Instant
from takeback.hold.states import TRANSITIONS, WAITING, Act, State, given_back
from takeback.hold.window import later
from takeback.mail.envelope import Envelope, Recipient
from takeback.ports.review import GiveUp, Standing, TakeRequest, ToReview, Verdict
from takeback.review.policy import KEPT_UNREVIEWED, UNREVIEWED_FOREVER, Judged
from takeback.review.postponing import Urgent
from takeback.store import review_tables, tables
from takeback.store.accepting import event_row, insert_messages, record_events
from takeback.store.claiming import read_small
from takeback.store.rows import insert_rows
from takeback.store.tables import AnyRow

_message = tables.message.c
_recipient = tables.recipient.c
_MOVES = TRANSITIONS[Act.REVIEW]

_awaits = _message.reviewed_at.is_(None) & _message.review_by.isnot(None)
_may_still_be_held = exists().where(
    _recipient.message == _message.id, _recipient.state.in_([state.value for state in _MOVES])
)


def take(connection: Connection, now: Instant, requests: Sequence[TakeRequest]) -> list[list[ToReview]]:
    """Takes what can still be reviewed in time first, then what is late. A message of which no copy can be held any
    more is dropped from those that wait."""
    return [_take(connection, now, request) for request in requests]


def _take(connection: Connection, now: Instant, request: TakeRequest) -> list[ToReview]:
    wanted = _message.id.isnot(None) if request.urgent is None else _is_urgent(request.urgent)
    rows = connection.execute(_waiting(now, request.limit).where(wanted, _message.review_by > now)).all()
    if len(rows) < request.limit:
        rest = request.limit - len(rows)
        rows = [*rows, *connection.execute(_waiting(now, rest).where(wanted, _message.review_by <= now)).all()]
    _set(connection, [row.id for row in rows if not row.open], reviewed_at=now)
    taken = [row.id for row in rows if row.open]
    _set(connection, taken, review_token=request.token, review_lease_until=now + request.lease)
    return _to_review(connection, request.token, taken)


def take_back(connection: Connection, now: Instant, requests: Sequence[None]) -> list[int]:
    taken = update(tables.message).where(_awaits, _message.review_lease_until.isnot(None))
    count = connection.execute(taken.values(review_lease_until=None, review_token=None)).rowcount
    return [count] * len(requests)


def waiting(connection: Connection) -> int:
    free = select(func.count()).where(_awaits, _message.review_lease_until.is_(None))
    return connection.execute(free).scalar_one()


def _is_urgent(urgent: Urgent) -> ColumnElement[bool]:
    due = exists().where(_recipient.message == _message.id, _recipient.due_at <= urgent.due_before)
    return or_(_message.accepted_at <= urgent.accepted_before, due)


def _waiting(now: Instant, limit: int) -> Select[Any]:
    return (
        select(_message.id, _may_still_be_held.label("open"))
        .where(_awaits, or_(_message.review_lease_until.is_(None), _message.review_lease_until <= now))
        .order_by(_message.review_by, _message.accepted_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=tables.message)
    )


def _set(connection: Connection, messages: Sequence[str], **values: Any) -> None:
    if messages:
        connection.execute(update(tables.message).where(_message.id.in_(messages)).values(**values))


def _to_review(connection: Connection, token: str, messages: Sequence[str]) -> list[ToReview]:
    if not messages:
        return []
    rows = connection.execute(
        select(
            _message.id,
            _message.account,
            _message.sender,
            _message.body,
            _message.smtputf8,
            _message.size,
            _message.accepted_at,
            _recipient.address,
        )
        .join(tables.recipient, _recipient.message == _message.id)
        .where(_message.id.in_(messages))
        .order_by(_message.accepted_at, _message.id, _recipient.position)
    ).all()
    contents = read_small(connection, rows)
    return [_one_to_review(token, list(group), contents.get(id)) for id, group in groupby(rows, key=lambda row: row.id)]


def _one_to_review(token: str, rows: Sequence[AnyRow], content: bytes | None) -> ToReview:
    first = rows[0]
    recipients = tuple(Recipient(row.address) for row in rows)
    envelope = Envelope(first.sender, recipients, body=first.body, smtputf8=first.smtputf8)
    return ToReview(first.id, token, first.account, envelope, first.size, first.accepted_at, content)


def give_in(connection: Connection, now: Instant, verdicts: Sequence[Verdict]) -> list[Standing]:
    """A verdict whose message was reviewed or given up meanwhile changes nothing. One that is given in again stands
    as it stood, and says that nothing waits longer because of it."""
    plain = {id(verdict): verdict for verdict in verdicts if _changes_nothing(verdict, now)}
    stands = _give_in_plain(connection, now, list(plain.values()))
    return [
        Standing((verdict.message, verdict.token) in stands)
        if id(verdict) in plain
        else _give_in(connection, now, verdict)
        for verdict in verdicts
    ]


def _changes_nothing(verdict: Verdict, now: Instant) -> bool:
    """Nearly all of them: nothing was found, and nothing waits longer."""
    return not verdict.judged and all(due_at is not None and due_at <= now for due_at in verdict.due_at)


def _give_in_plain(connection: Connection, now: Instant, verdicts: Sequence[Verdict]) -> set[tuple[str, str]]:
    """By one statement for all. Answers which stand, by message and token."""
    if not verdicts:
        return set()
    rows = connection.execute(
        select(_message.id, _message.review_token, _message.reviewed_at)
        .where(_message.id.in_({verdict.message for verdict in verdicts}))
        .order_by(_message.id)
        .with_for_update()
    ).all()
    owned = {(row.id, row.review_token): row.reviewed_at for row in rows}
    standing = {(each.message, each.token): each for each in verdicts if (each.message, each.token) in owned}
    fresh = [each for key, each in standing.items() if owned[key] is None]
    _set(connection, [each.message for each in fresh], reviewed_at=now, review_lease_until=None)
    record_events(connection, [event_row(each.message, now, "reviewed", "takeback", **each.detail) for each in fresh])
    return set(standing)


def _give_in(connection: Connection, now: Instant, verdict: Verdict) -> Standing:
    # Recipients are locked before their message, as people's requests do it.
    recipients = _lock_recipients(connection, [verdict.message])
    message = connection.execute(
        select(_message.account, _message.review_token, _message.reviewed_at)
        .where(_message.id == verdict.message)
        .with_for_update()
    ).one_or_none()
    if message is None or message.review_token != verdict.token or message.reviewed_at is not None:
        return Standing(message is not None and message.review_token == verdict.token)
    _set(connection, [verdict.message], reviewed_at=now, review_lease_until=None)
    insert_rows(
        connection,
        review_tables.finding,
        [_finding_row(verdict.message, message.account, place, each) for place, each in enumerate(verdict.judged)],
    )
    moved = _lengthen(connection, now, recipients, dict(enumerate(verdict.due_at)))
    record_events(connection, [event_row(verdict.message, now, "reviewed", "takeback", **verdict.detail)])
    _record_longer(connection, now, moved)
    longer = [row.address for row, _ in moved]
    if longer and verdict.told is not None and (notice := verdict.told(longer)) is not None:
        insert_messages(connection, [notice])
    return Standing(True, longer)


def _lock_recipients(connection: Connection, messages: Sequence[str]) -> list[AnyRow]:
    wanted = select(tables.recipient).where(_recipient.message.in_(messages))
    return list(connection.execute(wanted.order_by(_recipient.id).with_for_update()))


def _lengthen(
    connection: Connection, now: Instant, rows: Sequence[AnyRow], due_at: dict[int, Instant | None]
) -> list[tuple[AnyRow, Instant | None]]:
    """Moves the copies that would leave before the time given for their position; returns them with that time. Who
    was sent by hand is left alone."""
    moved = []
    for row in rows:
        then = later(row.due_at, due_at[row.position])
        if State(row.state) not in _MOVES or row.released_at is not None or then == row.due_at:
            continue
        state = State(row.state) if State(row.state) in WAITING else given_back(row.attempts)
        changed = {} if state.value == row.state else {"changed_at": now}
        connection.execute(
            update(tables.recipient)
            .where(_recipient.id == row.id)
            .values(state=state.value, due_at=then, claim=None, lease_until=None, **changed)
        )
        moved.append((row, then))
    return moved


def _record_longer(connection: Connection, now: Instant, moved: Sequence[tuple[AnyRow, Instant | None]]) -> None:
    record_events(
        connection,
        (event_row(row.message, now, "held_longer", "takeback", row.address, due_at=due_at) for row, due_at in moved),
    )


def _finding_row(message: str, account: str, position: int, judged: Judged) -> dict[str, Any]:
    finding = judged.finding
    return {
        "message": message,
        "position": position,
        "account": account,
        "code": finding.code,
        "probability": finding.probability,
        "reason_en": storable(finding.reason.en),
        "reason_ar": storable(finding.reason.ar),
        "recipient": None if finding.where.recipient is None else storable(finding.where.recipient),
        "line": finding.where.line,
        "attachment": None if finding.where.attachment is None else storable(finding.where.attachment),
        "about": storable(finding.about),
        "effect": judged.effect.value,
        "judgement": None,
    }


_LONGEST_TEXT = 2_000


def storable(text: str) -> str:
    """What a text column can hold of it."""
    short = text[:_LONGEST_TEXT]
    return (
        short
        if tables.is_storable(short)
        else "".join(each if tables.is_storable(each) else "\ufffd" for each in short)
    )


def give_up(connection: Connection, now: Instant, requests: Sequence[GiveUp]) -> list[list[str]]:
    return [_give_up(connection, now, request) for request in requests]


def _give_up(connection: Connection, now: Instant, request: GiveUp) -> list[str]:
    """What is to be kept waits for its review as before, and that is said once. What is to leave leaves by its
    `review_by`, which is put in the past where a policy that was in force before had put it out of reach."""
    waits_for_ever = [UNREVIEWED_FOREVER] if request.keep else [UNREVIEWED_FOREVER, KEPT_UNREVIEWED]
    overdue = (
        select(_message.id)
        .where(_awaits, _message.review_by.in_(waits_for_ever), _message.accepted_at < request.accepted_before)
        .order_by(_message.accepted_at)
        .limit(request.limit)
    )
    messages = list(connection.execute(overdue).scalars())
    if not messages:
        return []
    if not request.keep:
        _set(connection, messages, review_by=now)
        return messages
    _set(connection, messages, review_by=KEPT_UNREVIEWED)
    record_events(
        connection, [event_row(message, now, "review_failed", "takeback", reason="timeout") for message in messages]
    )
    return messages
