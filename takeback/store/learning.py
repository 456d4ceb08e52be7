"""Learning: the history of each account, what is silenced for it, and the messages that the history is to have yet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, delete, exists, select, text, update

from takeback.clock import Instant
from takeback.hold.states import State
from takeback.ports.review import Circumstances, Fine, Forget, Judgement, Learning, Remembered, ToLearn
from takeback.review.finding import Finding
from takeback.review.history import Row
from takeback.store import judging, reading, review_tables, tables
from takeback.store.accepting import event_row, record_events
from takeback.store.acts import act_row, record_acts
from takeback.store.rows import insert_rows
from takeback.store.tables import AnyRow

_message = tables.message.c
_recipient = tables.recipient.c
_finding = review_tables.finding.c
_silence = review_tables.silence.c
_history = review_tables.history.c
_version = review_tables.history_version.c
_imported = review_tables.imported.c
_to_learn = review_tables.to_learn.c
_ROWS_AT_ONCE = 200
"""Digests asked for by one statement, far below what a database takes."""

# In both dialects. The condition makes it one statement for SQLite, whose grammar needs a WHERE before ON CONFLICT.
_WILL_LEARN = text(
    "INSERT INTO to_learn (message, at) SELECT id, :now FROM message "
    "WHERE id = :message AND review_by IS NOT NULL AND learned_at IS NULL ON CONFLICT (message) DO NOTHING"
)
_SILENCE = text(
    "INSERT INTO silence (account, code, about, at, actor) VALUES (:account, :code, :about, :at, :actor) "
    "ON CONFLICT (account, code, about) DO NOTHING"
)


def digest_of(message_id: str) -> bytes:
    """By which a message is known to an import."""
    return hashlib.sha256(message_id.strip().encode("utf-8", "replace")).digest()[:16]


def will_learn(connection: Connection, now: Instant, messages: Sequence[str]) -> None:
    """Afterwards these, of which a copy has left, are on the list; those that were reviewed and not learned before."""
    if messages:
        connection.execute(_WILL_LEARN, [{"message": message, "now": now} for message in messages])


def to_learn(connection: Connection, limit: int) -> list[ToLearn]:
    """Those of which no copy can change any more: an undone one teaches nothing."""
    listed = (
        select(_to_learn.message)
        .where(~exists().where(_recipient.message == _to_learn.message, tables.is_open))
        .order_by(_to_learn.at)
        .limit(limit)
    )
    rows = connection.execute(
        select(_message.id, _message.account, _message.sender, _message.size, _recipient.address, _recipient.changed_at)
        .join(tables.recipient, _recipient.message == _message.id)
        .where(_message.id.in_(listed.scalar_subquery()), _recipient.state == State.SENT.value)
        .order_by(_message.id, _recipient.position)
    ).all()
    return [_one_to_learn(list(group)) for _, group in groupby(rows, key=lambda row: row.id)]


def _one_to_learn(rows: Sequence[AnyRow]) -> ToLearn:
    first = rows[0]
    return ToLearn(
        id=first.id,
        account=first.account,
        sender=first.sender,
        recipients=[row.address for row in rows],
        sent_at=min(row.changed_at for row in rows),
        size=first.size,
    )


def remembered(connection: Connection, account: str) -> Remembered:
    version = _current_version(connection, account)
    rows = connection.execute(
        select(_history.kind, _history.key, _history.count, _history.rank, _history.first, _history.last).where(
            _history.account == account
        )
    )
    return Remembered(account, version, [Row(*row) for row in rows])


def learn(connection: Connection, now: Instant, requests: Sequence[Learning]) -> list[bool]:
    return [_learn(connection, now, request) for request in requests]


def _learn(connection: Connection, now: Instant, request: Learning) -> bool:
    if not _raise_version(connection, request.account, request.version):
        return False
    change = request.change
    _delete_counters(connection, request.account, [*change.forgotten, *((row.kind, row.key) for row in change.changed)])
    insert_rows(
        connection,
        review_tables.history,
        [_history_row(request.account, row) for row in change.changed],
    )
    if request.messages:
        done = list(request.messages)
        connection.execute(update(tables.message).where(_message.id.in_(done)).values(learned_at=now))
        connection.execute(delete(review_tables.to_learn).where(_to_learn.message.in_(done)))
    insert_rows(
        connection,
        review_tables.imported,
        [{"account": request.account, "digest": digest} for digest in dict.fromkeys(request.imported)],
    )
    return True


def _history_row(account: str, row: Row) -> dict[str, Any]:
    """Its columns in the order of the table."""
    return {
        "account": account,
        "kind": row.kind,
        "digest": _digest(row.key),
        "key": row.key,
        "count": row.count,
        "rank": row.rank,
        "first": row.first,
        "last": row.last,
    }


def _raise_version(connection: Connection, account: str, expected: int) -> bool:
    """Whether nobody else has changed the history meanwhile. Two that begin one at once meet at its key."""
    if expected == 0:
        begun = text(
            "INSERT INTO history_version (account, version) VALUES (:account, 1) ON CONFLICT (account) DO NOTHING"
        )
        return connection.execute(begun, {"account": account}).rowcount == 1
    raised = (
        update(review_tables.history_version)
        .where(_version.account == account, _version.version == expected)
        .values(version=expected + 1)
    )
    return connection.execute(raised).rowcount == 1


def _delete_counters(connection: Connection, account: str, keys: Iterable[tuple[str, str]]) -> None:
    by_kind: dict[str, list[bytes]] = {}
    for kind, key in keys:
        by_kind.setdefault(kind, []).append(_digest(key))
    for kind, digests in by_kind.items():
        for start in range(0, len(digests), _ROWS_AT_ONCE):
            part = digests[start : start + _ROWS_AT_ONCE]
            connection.execute(
                delete(review_tables.history).where(
                    _history.account == account, _history.kind == kind, _history.digest.in_(part)
                )
            )


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:16]


def known(connection: Connection, account: str, digests: Sequence[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for start in range(0, len(digests), _ROWS_AT_ONCE):
        part = digests[start : start + _ROWS_AT_ONCE]
        found.update(
            bytes(each)
            for each in connection.execute(
                select(_imported.digest).where(_imported.account == account, _imported.digest.in_(part))
            ).scalars()
        )
    went_through_here = select(_message.message_id).where(_message.account == account, _message.learned_at.isnot(None))
    found.update(digest_of(each) for each in connection.execute(went_through_here).scalars())
    return found & set(digests)


def forget(connection: Connection, now: Instant, requests: Sequence[Forget]) -> list[int]:
    return [_forget(connection, now, request) for request in requests]


def _forget(connection: Connection, now: Instant, request: Forget) -> int:
    """The version stays, one higher: whoever still has the old history in mind can write nothing of it back."""
    account = request.account
    record_acts(connection, [act_row(now, "erase_history", request.actor, account)])
    connection.execute(
        update(review_tables.history_version)
        .where(_version.account == account)
        .values(version=review_tables.history_version.c.version + 1)
    )
    waiting = select(_message.id).where(_message.account == account)
    connection.execute(delete(review_tables.to_learn).where(_to_learn.message.in_(waiting)))
    connection.execute(delete(review_tables.imported).where(_imported.account == account))
    connection.execute(delete(review_tables.silence).where(_silence.account == account))
    return connection.execute(delete(review_tables.history).where(_history.account == account)).rowcount


def circumstances(connection: Connection, account: str) -> Circumstances:
    silences = connection.execute(select(_silence.code, _silence.about).where(_silence.account == account))
    known = reading.account(connection, account)
    own = [known.address, *(grant for grant in known.grants if "*" not in grant)] if known else [account]
    return Circumstances(
        version=_current_version(connection, account),
        silences=frozenset((row.code, row.about) for row in silences),
        addresses=[address for address in own if "@" in address],
    )


def _current_version(connection: Connection, account: str) -> int:
    return connection.execute(select(_version.version).where(_version.account == account)).scalar() or 0


def fine(connection: Connection, now: Instant, requests: Sequence[Fine]) -> list[list[Finding]]:
    return [_fine(connection, now, request) for request in requests]


def _fine(connection: Connection, now: Instant, request: Fine) -> list[Finding]:
    """Where a finding is about nothing but its message, there is nothing to silence: the next one may be a mistake."""
    found = select(review_tables.finding).where(
        _finding.message == request.message, _finding.account == request.account
    )
    if request.code is not None:
        found = found.where(_finding.code == request.code)
    rows = connection.execute(found.order_by(_finding.position)).all()
    judging.set_judgement(connection, [row.id for row in rows], Judgement.WRONG)
    account, actor = request.account, request.actor
    for code, about in dict.fromkeys((row.code, row.about) for row in rows if row.about):
        silence = {"account": account, "code": code, "about": about, "at": now, "actor": actor}
        connection.execute(_SILENCE, silence)
    where = {"client": request.client} if request.client else {}
    for code in dict.fromkeys(row.code for row in rows):
        record_events(connection, [event_row(request.message, now, "fine", actor, code=code, **where)])
        record_acts(connection, [act_row(now, "fine", actor, account, request.message, code=code, **where)])
    return [reading.finding_of(row) for row in rows]
