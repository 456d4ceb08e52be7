"""Reading: what people and programs are told. Nothing here changes anything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from sqlalchemy import ColumnElement, Connection, func, select

from takeback.clock import Instant
from takeback.errors import Ambiguous
from takeback.hold.states import IN_HAND, WAITING, State
from takeback.ids import same_second
from takeback.ports.store import (
    Account,
    EventView,
    FindingView,
    MessageView,
    Origin,
    RecipientView,
    Usage,
    UsageQuestion,
)
from takeback.review.finding import Finding, Reason, Where
from takeback.review.policy import KEPT_UNREVIEWED
from takeback.store import review_tables, tables
from takeback.store.tables import AnyRow

_message = tables.message.c
_recipient = tables.recipient.c
_finding = review_tables.finding.c
_LISTED_AT_ONCE = 500


def find(connection: Connection, reference: str, account: str | None) -> list[MessageView]:
    """By id, else by Message-ID with or without its angle brackets, newest first."""
    if not tables.is_storable(reference):
        return []
    bare = reference.strip().removeprefix("<").removesuffix(">")
    found = views(connection, (_message.id == reference.strip().lower()) & _of(account))
    return found or views(
        connection,
        (_message.message_id == f"<{bare}>") & (_message.origin == Origin.SUBMISSION.value) & _of(account),
    )


def last(connection: Connection, account: str | None) -> MessageView | None:
    if account is None and _has_several_accounts(connection):
        raise Ambiguous("several accounts have sent; say which one with --account")
    submitted = _of(account) & (_message.origin == Origin.SUBMISSION.value)
    if account is None:
        # Ids rise with the second: the newest message has the highest id, or one of the same second.
        highest = select(_message.id).where(submitted).order_by(_message.id.desc()).limit(1)
        submitted &= _message.id >= same_second(connection.execute(highest).scalar() or "")
    newest = select(_message.id).where(submitted).order_by(_message.accepted_at.desc(), _message.id.desc()).limit(1)
    id = connection.execute(newest).scalar()
    return views(connection, _message.id == id)[0] if id else None


def _has_several_accounts(connection: Connection) -> bool:
    first, last = (connection.execute(select(end(_message.account))).scalar() for end in (func.min, func.max))
    return first != last


def outbox(connection: Connection, account: str | None, limit: int | None) -> list[MessageView]:
    """What is held, on its way, or waits for a decision, newest first."""
    ids = select(_recipient.message).where(tables.is_open).group_by(_recipient.message)
    if account is not None:
        ids = ids.where(_recipient.account == account)
    listed = list(connection.execute(ids.order_by(_recipient.message.desc()).limit(limit)).scalars())
    found: list[MessageView] = []
    for start in range(0, len(listed), _LISTED_AT_ONCE):
        found += views(connection, _message.id.in_(listed[start : start + _LISTED_AT_ONCE]))
    return sorted(found, key=lambda view: (view.accepted_at, view.id), reverse=True)


def _of(account: str | None) -> ColumnElement[bool]:
    return _message.account == account if account is not None else _message.id.isnot(None)


def views(connection: Connection, wanted: ColumnElement[bool]) -> list[MessageView]:
    messages = connection.execute(
        select(tables.message).where(wanted).order_by(_message.accepted_at.desc(), _message.id.desc())
    ).all()
    recipients = connection.execute(
        select(tables.recipient)
        .where(_recipient.message.in_([row.id for row in messages]))
        .order_by(_recipient.message, _recipient.position)
    ).all()
    by_message = {id: list(group) for id, group in groupby(recipients, key=lambda row: row.message)}
    found = findings(connection, list(by_message))
    return [_message_view(row, by_message.get(row.id, []), found.get(row.id, [])) for row in messages]


def findings(connection: Connection, messages: Sequence[str]) -> dict[str, list[FindingView]]:
    """By message, the worst first."""
    rows = connection.execute(
        select(review_tables.finding)
        .where(_finding.message.in_(messages))
        .order_by(_finding.message, _finding.probability.desc(), _finding.position)
    ).all()
    return {id: [_finding_view(row) for row in group] for id, group in groupby(rows, key=lambda row: row.message)}


def _finding_view(row: AnyRow) -> FindingView:
    return FindingView(finding_of(row), row.effect, row.judgement or "")


def finding_of(row: AnyRow) -> Finding:
    return Finding(
        code=row.code,
        probability=row.probability,
        reason=Reason(row.reason_en, row.reason_ar),
        where=Where(row.recipient, row.line, row.attachment),
        about=row.about,
    )


def _message_view(row: AnyRow, recipients: Sequence[AnyRow], findings: Sequence[FindingView]) -> MessageView:
    return MessageView(
        id=row.id,
        message_id=row.message_id,
        account=row.account,
        origin=Origin(row.origin),
        sender=row.sender or row.header_from,
        subject=row.subject,
        size=row.size,
        accepted_at=row.accepted_at,
        recipients=[_kept(each) if _is_kept_unreviewed(row, each) else recipient_view(each) for each in recipients],
        findings=findings,
    )


def _is_kept_unreviewed(message: AnyRow, recipient: AnyRow) -> bool:
    late = message.reviewed_at is None and message.review_by == KEPT_UNREVIEWED
    return late and recipient.released_at is None and State(recipient.state) in WAITING


def _kept(row: AnyRow) -> RecipientView:
    """It has no time by itself: it waits for a review that is late, or to be released."""
    return replace(recipient_view(row), due_at=None)


def recipient_view(row: AnyRow) -> RecipientView:
    state = State(row.state)
    return RecipientView(
        address=row.address,
        state=state,
        due_at=row.due_at if state in WAITING | IN_HAND else None,
        at=row.changed_at,
        reply=row.reply,
        server=row.server,
    )


def events(connection: Connection, message: str) -> list[EventView]:
    rows = connection.execute(select(tables.event).where(tables.event.c.message == message).order_by(tables.event.c.id))
    return [
        EventView(row.at, row.kind, row.actor, row.recipient, json.loads(row.detail) if row.detail else {})
        for row in rows
    ]


def recount(connection: Connection, message: str) -> tuple[MessageView, list[EventView]] | None:
    found = views(connection, _message.id == message)
    return (found[0], events(connection, message)) if found else None


def piece(connection: Connection, message: str, position: int) -> bytes | None:
    """One piece of the stored bytes, None past the last."""
    content = tables.content.c
    found = connection.execute(
        select(content.data).where(content.message == message, content.position == position)
    ).scalar()
    return None if found is None else bytes(found)


def next_due(connection: Connection) -> Instant | None:
    """The earliest time at which something may be claimed, or a lease runs out."""
    due = select(func.min(_recipient.due_at)).where(tables.is_waiting)
    lease = select(func.min(_recipient.lease_until)).where(tables.is_in_hand)
    times = [connection.execute(due).scalar(), connection.execute(lease).scalar()]
    return min((time for time in times if time is not None), default=None)


def usage(connection: Connection, question: UsageQuestion) -> Usage:
    waiting = (
        select(_recipient.message)
        .join(tables.message, _message.id == _recipient.message)
        .where(
            tables.is_open,
            _recipient.account == question.account,
            _recipient.state != State.UNKNOWN.value,
            _message.origin == Origin.SUBMISSION.value,
        )
        .group_by(_recipient.message)
        .limit(question.enough_held)
    )
    held = connection.execute(
        select(func.count(), func.coalesce(func.sum(_message.size), 0)).where(_message.id.in_(waiting))
    ).one()
    recent = (
        select(_message.id)
        .where(
            _message.account == question.account,
            _message.accepted_at > question.since,
            _message.origin == Origin.SUBMISSION.value,
        )
        .limit(question.enough_recent)
    )
    submissions = connection.execute(select(func.count()).select_from(recent.subquery())).scalar_one()
    return Usage(held[0], int(held[1]), submissions)


def account(connection: Connection, key: str) -> Account | None:
    if not tables.is_storable(key):
        return None
    return next(iter(accounts(connection, tables.account.c.key == key)), None)


def accounts(connection: Connection, wanted: ColumnElement[bool] | None = None) -> list[Account]:
    listed = select(tables.account).order_by(tables.account.c.key)
    rows = connection.execute(listed if wanted is None else listed.where(wanted)).all()
    grants = connection.execute(
        select(tables.grant)
        .where(tables.grant.c.account.in_([row.key for row in rows]))
        .order_by(tables.grant.c.account, tables.grant.c.pattern)
    ).all()
    return [
        Account(
            key=row.key,
            address=row.address,
            password_hash=row.password_hash,
            grants=[grant.pattern for grant in grants if grant.account == row.key],
            created_at=row.created_at,
            changed_at=row.changed_at,
        )
        for row in rows
    ]
