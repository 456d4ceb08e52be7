"""Claiming: one worker takes what is due, and what it took is nobody else's while its lease runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import BigInteger, Connection, and_, bindparam, func, or_, select, update

from takeback.clock import HOUR, Duration, Instant
from takeback.errors import ClockStepped
from takeback.hold.states import TRANSITIONS, Act, State, given_back
from takeback.mail.envelope import Envelope, Recipient
from takeback.ports import Content
from takeback.ports.store import (
    ClaimedMessage,
    ClaimedRecipient,
    ClaimRequest,
    DotMark,
    Handback,
    Origin,
)
from takeback.store import tables
from takeback.store.accepting import event_row, record_events
from takeback.store.tables import AnyRow

CONTENT_WITH_CLAIM = 64 * 1024
"""Bodies up to this size come along with the claim, in the same transaction; larger ones are read later."""

LARGEST_STEP: Duration = HOUR
"""A clock further off than this was set, not drifting."""

MakeContent = Callable[[str, int, bool, bytes | None], Content]
"""Of a message's id, size, whether it has bytes above 127, and its bytes where they are already at hand."""

_recipient = tables.recipient.c
_message = tables.message.c

_reviewed = or_(
    _message.review_by.is_(None),
    _message.reviewed_at.isnot(None),
    _message.review_by <= bindparam("now"),
    _recipient.released_at.isnot(None),
)
_due = (
    select(_recipient.id, _message.review_by, _message.reviewed_at)
    .join(tables.message, _message.id == _recipient.message)
    .where(
        tables.is_waiting,
        _recipient.due_at <= bindparam("now"),
        _reviewed,
    )
    .order_by(_recipient.due_at, _recipient.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True, of=tables.recipient)
)
_take = (
    update(tables.recipient)
    .where(_recipient.id.in_(bindparam("ids", expanding=True)))
    .values(
        state=State.CLAIMED.value,
        claim=bindparam("token"),
        lease_until=bindparam("lease_until"),
        changed_at=bindparam("now"),
        first_claim_at=func.coalesce(_recipient.first_claim_at, bindparam("now")),
    )
)
_taken = (
    select(
        tables.message,
        *(
            column.label(f"recipient_{column.name}")
            for column in tables.recipient.c
            if column.name not in {"message", "account"}
        ),
    )
    .join(tables.message, _message.id == _recipient.message)
    .where(_recipient.claim == bindparam("token"), _recipient.id.in_(bindparam("ids", expanding=True)))
    .order_by(_message.id, _recipient.position)
)
_pieces = (
    select(tables.content.c.message, tables.content.c.data)
    .where(tables.content.c.message.in_(bindparam("messages", expanding=True)))
    .order_by(tables.content.c.message, tables.content.c.position)
)


@dataclass(frozen=True)
class Claiming:
    """The claim transition, with what it needs to hand contents out."""

    make_content: MakeContent

    def __call__(
        self, connection: Connection, now: Instant, requests: Sequence[ClaimRequest]
    ) -> list[list[ClaimedMessage]]:
        return [self._claim(connection, now, request) for request in requests]

    def _claim(self, connection: Connection, now: Instant, request: ClaimRequest) -> list[ClaimedMessage]:
        if abs(now - request.expected_now) > LARGEST_STEP:
            raise ClockStepped(now - request.expected_now)
        due = connection.execute(_due, {"now": now, "limit": request.limit}).all()
        if not due:
            return []
        ids = [row.id for row in due]
        lease = {"token": request.token, "lease_until": now + request.lease, "now": now}
        connection.execute(_take, {"ids": ids, **lease})
        rows = connection.execute(_taken, {"ids": ids, "token": request.token}).all()
        record_events(connection, (event_row(id, now, "unreviewed", "takeback") for id in _unreviewed(rows, now)))
        contents = read_small(connection, rows)
        return [
            _claimed_message(request.token, list(group), self.make_content, contents)
            for _, group in groupby(rows, key=lambda row: row.id)
        ]


def _unreviewed(rows: Sequence[AnyRow], now: Instant) -> list[str]:
    """The messages that go out without the review they waited for; a retry does not say so again."""
    first_claims = (row for row in rows if row.recipient_first_claim_at == now)
    return sorted({row.id for row in first_claims if row.review_by is not None and row.reviewed_at is None})


def read_small(connection: Connection, rows: Sequence[AnyRow]) -> dict[str, bytes]:
    """The contents of those messages (rows with id and size) that are small, by id."""
    small = {row.id for row in rows if row.size <= CONTENT_WITH_CLAIM}
    pieces = connection.execute(_pieces, {"messages": list(small)}).all() if small else []
    return {
        message: b"".join(row.data for row in group) for message, group in groupby(pieces, key=lambda row: row.message)
    }


def _claimed_message(
    token: str, rows: Sequence[AnyRow], make_content: MakeContent, contents: dict[str, bytes]
) -> ClaimedMessage:
    first = rows[0]
    recipients = [_claimed_recipient(row) for row in rows]
    return ClaimedMessage(
        id=first.id,
        token=token,
        account=first.account,
        origin=Origin(first.origin),
        envelope=Envelope(
            sender=first.sender,
            recipients=tuple(claimed.recipient for claimed in recipients),
            body=first.body,
            smtputf8=first.smtputf8,
            ret=first.ret,
            envid=first.envid,
        ),
        recipients=recipients,
        accepted_at=first.accepted_at,
        message_id=first.message_id,
        future_release=first.future_release,
        content=make_content(first.id, first.size, first.eight_bit, contents.get(first.id)),
    )


def _claimed_recipient(row: AnyRow) -> ClaimedRecipient:
    return ClaimedRecipient(
        id=row.recipient_id,
        recipient=Recipient(row.recipient_address, row.recipient_notify, row.recipient_orcpt),
        attempts=row.recipient_attempts,
        first_claim_at=row.recipient_first_claim_at,
        delay_reported=row.recipient_delay_reported,
    )


# The dot mark. A recipient that this token marked before counts as marked: that is how it looks when the answer to
# the COMMIT was lost and the question is put again.
_mark = (
    update(tables.recipient)
    .where(
        _recipient.id.in_(bindparam("ids", expanding=True)),
        _recipient.claim == bindparam("token"),
        _recipient.state.in_([State.CLAIMED.value, State.LEAVING.value]),
    )
    .values(state=State.LEAVING.value, changed_at=bindparam("now"))
    .returning(_recipient.id)
)


def mark_dot(connection: Connection, now: Instant, marks: Sequence[DotMark]) -> list[bool]:
    """Each mark is True where all its recipients are now `leaving`; else those that could have left are given
    back in the same transaction, so that nobody ever sees them leaving."""
    marked: set[int] = set()
    for token, group in _by_token(marks).items():
        ids = [id for mark in group for id in mark.recipients]
        marked.update(connection.execute(_mark, {"ids": ids, "token": token, "now": now}).scalars())
    answers = []
    for mark in marks:
        whole = marked.issuperset(mark.recipients)
        if not whole:
            _put_back(connection, now, sorted(marked.intersection(mark.recipients)))
        answers.append(whole)
    return answers


def _by_token(marks: Sequence[DotMark]) -> dict[str, list[DotMark]]:
    groups: dict[str, list[DotMark]] = {}
    for mark in marks:
        groups.setdefault(mark.token, []).append(mark)
    return groups


def give_back(connection: Connection, now: Instant, handbacks: Sequence[Handback]) -> list[None]:
    """Afterwards what the token still holds as `claimed` is where it was before the claim."""
    for handback in handbacks:
        held = (
            select(_recipient.id)
            .where(
                _recipient.id.in_(handback.recipients),
                _recipient.claim == handback.token,
                _recipient.state == State.CLAIMED.value,
            )
            .with_for_update()
        )
        ids = list(connection.execute(held).scalars())
        _put_back(connection, now, ids, handback.due_at)
    return [None] * len(handbacks)


_put_back_where_it_was = (
    update(tables.recipient)
    .where(_recipient.id == bindparam("recipient_id"))
    .values(
        state=bindparam("new_state"),
        claim=None,
        lease_until=None,
        due_at=func.coalesce(bindparam("due", type_=BigInteger), _recipient.due_at),
        changed_at=bindparam("now"),
    )
)


def _put_back(connection: Connection, now: Instant, ids: Sequence[int], due_at: Instant | None = None) -> None:
    if not ids:
        return
    attempts = connection.execute(select(_recipient.id, _recipient.attempts).where(_recipient.id.in_(ids))).all()
    connection.execute(
        _put_back_where_it_was,
        [
            {"recipient_id": id, "new_state": given_back(count).value, "due": due_at, "now": now}
            for id, count in attempts
        ],
    )


def renew(connection: Connection, now: Instant, requests: Sequence[tuple[Sequence[str], Duration]]) -> list[None]:
    """Afterwards whatever the tokens still hold stays theirs for another lease."""
    for tokens, lease in requests:
        connection.execute(
            update(tables.recipient)
            .where(tables.is_in_hand, _recipient.claim.in_(tokens))
            .values(lease_until=now + lease)
        )
    return [None] * len(requests)


def reap(connection: Connection, now: Instant, requests: Sequence[bool]) -> list[int]:
    """Afterwards no lease is stale: claimed recipients are back, leaving ones are `unknown`."""
    return [_reap(connection, now, everything) for everything in requests]


def _reap(connection: Connection, now: Instant, everything: bool) -> int:
    stale = tables.is_in_hand if everything else and_(tables.is_in_hand, _recipient.lease_until <= now)
    rows = connection.execute(
        select(_recipient.id, _recipient.message, _recipient.address, _recipient.state)
        .where(stale)
        .with_for_update(skip_locked=True)
    ).all()
    _put_back(connection, now, [row.id for row in rows if row.state == State.CLAIMED.value])
    lost = [row for row in rows if row.state == State.LEAVING.value]
    if lost:
        # The claim stays: its owner may be late rather than dead, and its answer still settles the matter.
        connection.execute(
            update(tables.recipient)
            .where(_recipient.id.in_([row.id for row in lost]))
            .values(state=TRANSITIONS[Act.LOSE][State.LEAVING].value, lease_until=None, changed_at=now)
        )
        record_events(
            connection,
            (event_row(row.message, now, "unknown", "takeback", row.address, reason="no answer kept") for row in lost),
        )
    return len(rows)
