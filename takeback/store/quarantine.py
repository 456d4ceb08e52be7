"""Quarantine: the plan of each removal with the copy's bytes, sealed; and their end when they have been kept long
enough."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from takeback.clock import Duration, Instant
from takeback.ports.recall import BodyMissing, BodyPiece, KeptBody, Plan, Restoration
from takeback.recall.outcomes import Outcome, Reason
from takeback.store import tables
from takeback.store.accepting import event_row, record_events
from takeback.store.acts import act_row, record_acts
from takeback.store.recall_reading import has_body
from takeback.store.recall_tables import recall, recall_body, recall_copy, recall_person
from takeback.store.recalling import all_held, flags_text, held
from takeback.store.replacing import named
from takeback.store.rows import insert_rows, update_rows

_copy = recall_copy.c
_body = recall_body.c


def keep_piece(connection: Connection, now: Instant, pieces: Sequence[BodyPiece]) -> list[None]:
    """Afterwards the pieces are there, once: two mailboxes may hold the same body at the same time."""
    for piece in pieces:
        _insert_piece(connection, piece)
    return [None] * len(pieces)


def _insert_piece(connection: Connection, piece: BodyPiece) -> None:
    insert_into = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert_into(recall_body).values(**asdict(piece)).on_conflict_do_nothing())


def plan(connection: Connection, now: Instant, plans: Sequence[Plan]) -> list[int]:
    """The ids of the copies written down. A copy that stood in the plan before, at the same place, is the same."""
    people = all_held(connection, recall_person, [(each.person, each.token) for each in plans])
    _keep_bodies(connection, [(people[each.person].recall, each.body) for each in plans])
    known = _copies(connection, people)
    rows = {_name(each): _row(each, now) for each in plans}
    before = {_name(each): each.follows or known.get(_name(each)) for each in plans}
    update_rows(connection, recall_copy, [{"id": id, **rows[name]} for name, id in before.items() if id is not None])
    missing = [row for name, row in rows.items() if before[name] is None]
    insert_rows(connection, recall_copy, missing)
    ids = _copies(connection, people) if missing else known
    return [before[_name(each)] or ids[_name(each)] for each in plans]


_Name = tuple[int, str, str, str]
"""Person, folder, validity and UID: where a planned copy stands."""


def _name(plan: Plan) -> _Name:
    return (plan.person, plan.place.folder, plan.place.validity, plan.place.uid)


def _copies(connection: Connection, people: Iterable[int]) -> dict[_Name, int]:
    """What is written down of these people's copies: their ids by where they stand."""
    rows = connection.execute(_COPIES, {"people": [*people]})
    return {(row.person, row.folder, row.validity, row.uid): row.id for row in rows}


_COPIES = select(_copy.id, _copy.person, _copy.folder, _copy.validity, _copy.uid).where(
    _copy.person.in_(bindparam("people", expanding=True))
)


def _row(plan: Plan, now: Instant) -> dict[str, Any]:
    return {
        "person": plan.person,
        "folder": plan.place.folder,
        "validity": plan.place.validity,
        "uid": plan.place.uid,
        "version": plan.version,
        "flags": flags_text(plan.flags),
        "size": plan.size,
        "delivered_at": plan.delivered_at,
        "header": plan.header,
        "digest": plan.body.digest,
        "outcome": None,
        "evidence": "",
        "at": now,
    }


def _keep_bodies(connection: Connection, bodies: Iterable[tuple[str, KeptBody]]) -> None:
    """Afterwards each body is there whole. Raises BodyMissing where one is not, and nobody has brought it."""
    brought: dict[tuple[str, bytes], bytes | None] = {}
    for recall_id, body in bodies:
        brought[recall_id, body.digest] = body.sealed or brought.get((recall_id, body.digest))
    for (recall_id, digest), sealed in brought.items():
        if sealed is not None:
            _insert_piece(connection, BodyPiece(recall_id, digest, 0, True, sealed))
        elif not has_body(connection, recall_id, digest):
            raise BodyMissing("the body of a copy is not kept any more")


def note_restored(connection: Connection, now: Instant, requests: Sequence[Restoration]) -> list[None]:
    for request in requests:
        person = held(connection, recall_person, request.person, request.token)
        restored = Outcome.RESTORED.value
        changed = connection.execute(
            update(recall_copy)
            .where(_copy.id == request.copy, _copy.person == request.person, _copy.outcome != restored)
            .values(outcome=restored, evidence=request.evidence, at=now)
        ).rowcount
        if not changed:
            continue
        connection.execute(
            update(recall_person)
            .where(recall_person.c.id == request.person)
            .values(outcome=restored, reason=Reason.NONE.value, detail="", at=now, try_at=None)
        )
        message = connection.execute(
            select(tables.message.c.id, tables.message.c.account)
            .join(recall, recall.c.message == tables.message.c.id)
            .where(recall.c.id == person.recall)
        ).one()
        detail = {"recall": person.recall}
        if named(connection, [person]):
            kind = f"recall_{restored}"
            record_events(connection, [event_row(message.id, now, kind, request.actor, person.address, **detail)])
        about = {"person": person.address, **detail}
        record_acts(connection, [act_row(now, "restore", request.actor, message.account, message.id, **about)])
    return [None] * len(requests)


def hold_person(connection: Connection, now: Instant, requests: Sequence[tuple[int, str, Duration]]) -> list[bool]:
    """Whether the token holds that person; it is nobody's while nobody works on it."""
    columns = recall_person.c
    return [
        bool(
            connection.execute(
                update(recall_person)
                .where(
                    columns.id == person,
                    or_(columns.claim.is_(None), columns.claim == token, columns.lease_until < now),
                )
                .values(claim=token, lease_until=now + lease)
            ).rowcount
        )
        for person, token, lease in requests
    ]


def purge(connection: Connection, now: Instant, requests: Sequence[tuple[Duration, int]]) -> list[int]:
    """Deletes the kept bytes of at most `limit` copies each that have been kept long enough, and the bodies that no
    copy needs any more. Copies under legal hold, and those of whose removal nothing is known yet, stay."""
    return [_purge(connection, now, keep, limit) for keep, limit in requests]


def _purge(connection: Connection, now: Instant, keep: Duration, limit: int) -> int:
    past = list(
        connection.execute(
            select(_copy.id, recall_person.c.recall)
            .join(recall_person, recall_person.c.id == _copy.person)
            .where(
                _copy.header.isnot(None),
                _copy.at < now - keep,
                _copy.outcome.isnot(None),
                (recall_person.c.retained.is_(False)) | (_copy.outcome == Outcome.RESTORED.value),
            )
            .order_by(_copy.at)
            .limit(limit)
        )
    )
    connection.execute(update(recall_copy).where(_copy.id.in_([row.id for row in past])).values(header=None))
    for recall_id in {row.recall for row in past}:
        _delete_bodies(connection, recall_id)
    return len(past) + _forget(connection, limit)


def _delete_bodies(connection: Connection, recall_id: str) -> None:
    needed = exists().where(
        recall_person.c.recall == recall_id,
        _copy.person == recall_person.c.id,
        _copy.digest == _body.digest,
        _copy.header.isnot(None),
    )
    connection.execute(delete(recall_body).where(_body.recall == recall_id, ~needed))


def _forget(connection: Connection, limit: int) -> int:
    """Recalls of messages of which nothing is known any more, and which keep nothing."""
    kept = exists().where(
        recall_person.c.recall == recall.c.id, _copy.person == recall_person.c.id, _copy.header.isnot(None)
    )
    gone = ~exists().where(tables.message.c.id == recall.c.message)
    over = select(recall.c.id).where(gone, ~kept, recall.c.done_at.isnot(None)).limit(limit)
    ids = list(connection.execute(over).scalars())
    connection.execute(delete(recall).where(recall.c.id.in_(ids)))
    return len(ids)
