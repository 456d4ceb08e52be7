"""Recalls as transitions: begun, claimed, written down step by step. Every write after a claim carries its token."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, and_, bindparam, exists, false, func, insert, or_, select, update

from takeback.clock import Duration, Instant
from takeback.errors import NotFound
from takeback.mail.address import identity
from takeback.ports.recall import (
    Asked,
    CopyOutcome,
    Ending,
    Expansion,
    LostClaim,
    NewPerson,
    NewRecall,
    PersonOutcome,
    SeenCopy,
    WorkRequest,
)
from takeback.ports.store import Origin, Selection
from takeback.recall.outcomes import Outcome, Reason, as_told_to_sender
from takeback.recall.permission import PERIOD, check_second_person
from takeback.recall.planning import Verdict
from takeback.store import changing, tables
from takeback.store.accepting import event_row, insert_messages, record_events
from takeback.store.acts import act_row, record_acts
from takeback.store.audit_tables import act
from takeback.store.late_looks import end_in_earlier_recalls
from takeback.store.recall_tables import recall, recall_copy, recall_person, recall_recipient, recall_way
from takeback.store.replacing import add_recipients, insert_replacement, named, stoppable, stopped
from takeback.store.rows import insert_rows, update_rows
from takeback.store.tables import AnyRow

_PEOPLE_AT_ONCE = 500


def start(connection: Connection, now: Instant, requests: Sequence[NewRecall]) -> list[str]:
    """Each recall stands, and what had not left is undone. One that asks for what a running one does is that one."""
    return [_start(connection, now, request) for request in requests]


def _start(connection: Connection, now: Instant, request: NewRecall) -> str:
    message = connection.execute(
        select(tables.message.c.id).where(
            tables.message.c.id == request.message, tables.message.c.origin == Origin.SUBMISSION.value
        )
    ).scalar()
    if message is None:
        raise NotFound(f"no such message: {request.message}")
    selection = Selection([message], request.actor, request.recipients, request.client)
    waiting = stoppable(connection, selection) if request.replacement is not None else frozenset()
    changing.undo(connection, now, [selection])
    if (running := _running_like(connection, request)) is not None:
        return running
    if request.replacement is not None:
        insert_replacement(connection, request.replacement, waiting & stopped(connection, selection))
    _insert_recall(connection, now, request)
    return request.id


def _running_like(connection: Connection, request: NewRecall) -> str | None:
    """A recall that is asked again with its own id is there too, be it done by now or not."""
    listed = _list_of(request.recipients)
    same = recall.c.recipients.is_(None) if listed is None else recall.c.recipients == listed
    running = and_(
        recall.c.message == request.message,
        recall.c.done_at.is_(None),
        recall.c.also_read == request.also_read,
        recall.c.correction.is_not_distinct_from(request.correction),
        same,
    )
    if request.replacement is not None:
        running = false()
    return connection.execute(select(recall.c.id).where(or_(running, recall.c.id == request.id)).limit(1)).scalar()


def _list_of(recipients: frozenset[str] | None) -> str | None:
    return None if recipients is None else json.dumps(sorted(recipients))


def _needs_second_person(connection: Connection, now: Instant, request: NewRecall) -> bool:
    """Whether it does by itself, or together with what was begun for the same account without one lately: a large
    recall in many pieces is a large one."""
    if request.waiting or not request.alone_up_to:
        return request.waiting
    account = select(tables.message.c.account).where(tables.message.c.id == request.message).scalar_subquery()
    lately = connection.execute(
        select(func.coalesce(func.sum(recall.c.mailboxes), 0))
        .join(tables.message, tables.message.c.id == recall.c.message)
        .where(tables.message.c.account == account, recall.c.asked_at > now - PERIOD)
    ).scalar_one()
    return int(lately) + request.mailboxes > request.alone_up_to


def _insert_recall(connection: Connection, now: Instant, request: NewRecall) -> None:
    columns = tables.recipient.c
    wanted = select(columns.position).where(columns.message == request.message)
    if request.recipients is not None:
        wanted = wanted.where(columns.address_key.in_(request.recipients))
    positions = list(connection.execute(wanted.order_by(columns.position)).scalars())
    if not positions:
        raise NotFound("none of them is a recipient of the message")
    waiting = _needs_second_person(connection, now, request)
    connection.execute(
        insert(recall).values(
            id=request.id,
            message=request.message,
            actor=request.actor,
            asked_at=now,
            recipients=_list_of(request.recipients),
            also_read=request.also_read,
            watch_until=now + request.watch,
            replacement=None if request.replacement is None else request.replacement.id,
            waiting=waiting,
            mailboxes=0 if waiting else request.mailboxes,
            correction=request.correction,
        )
    )
    told = {**_told(Verdict(Outcome.PENDING, try_at=now), now), "attempts": 0}
    insert_rows(
        connection,
        recall_recipient,
        [{"recall": request.id, "position": position, **told} for position in positions],
    )
    account = connection.execute(
        select(tables.message.c.account).where(tables.message.c.id == request.message)
    ).scalar_one()
    detail: dict[str, Any] = {"recall": request.id, "also_read": request.also_read, "recipients": len(positions)}
    if request.client:
        detail["client"] = request.client
    record_events(connection, [event_row(request.message, now, "recall", request.actor, **detail)])
    if request.replacement is not None:
        detail["replacement"] = request.replacement.id
    if request.correction is not None:
        detail["correction"] = True
    if waiting:
        detail["waiting"] = True
    kind = "recall" if request.replacement is None else "replace"
    record_acts(connection, [act_row(now, kind, request.actor, account, request.message, **detail)])


def _told(verdict: Verdict, now: Instant) -> dict[str, Any]:
    return {
        "outcome": verdict.outcome.value,
        "reason": verdict.reason.value,
        "detail": verdict.detail,
        "at": now,
        "try_at": verdict.try_at,
    }


def confirm(connection: Connection, now: Instant, requests: Sequence[tuple[str, str]]) -> list[None]:
    """Afterwards those recalls go on, each on the word of a second person. One that goes on already is left alone."""
    for id, actor in requests:
        _confirm(connection, now, id, actor)
    return [None] * len(requests)


def _confirm(connection: Connection, now: Instant, id: str, actor: str) -> None:
    row = connection.execute(
        select(recall, tables.message.c.account)
        .join(tables.message, tables.message.c.id == recall.c.message)
        .where(recall.c.id == id)
        .with_for_update(of=recall)
    ).first()
    if row is None:
        raise NotFound(f"no such recall: {id}")
    if not row.waiting:
        return
    check_second_person(row.actor, actor)
    watch = row.watch_until - row.asked_at
    connection.execute(update(recall).where(recall.c.id == id).values(waiting=False, watch_until=now + watch))
    record_events(connection, [event_row(row.message, now, "recall_confirmed", actor, recall=id)])
    record_acts(connection, [act_row(now, "confirm", actor, row.account, row.message, recall=id)])


# Claiming


def claim(connection: Connection, now: Instant, requests: Sequence[WorkRequest]) -> list[None]:
    """Afterwards the token holds what is due and nobody else holds, recipients first."""
    for request in requests:
        left = request.limit - _claim(connection, now, request, recall_recipient)
        if left > 0:
            _claim(connection, now, request, recall_person)
    return [None] * len(requests)


def _claim(connection: Connection, now: Instant, request: WorkRequest, table: Table) -> int:
    columns = table.c
    due = (
        select(columns.id)
        .where(
            columns.try_at.isnot(None),
            columns.try_at <= now,
            or_(columns.lease_until.is_(None), columns.lease_until < now),
            columns.recall.not_in(select(recall.c.id).where(recall.c.done_at.is_(None), recall.c.waiting)),
        )
        .order_by(columns.try_at, columns.id)
        .limit(request.limit)
        .with_for_update(skip_locked=True)
    )
    if request.recall is not None:
        due = due.where(columns.recall == request.recall)
    if table is recall_person and request.busy:
        due = due.where(columns.server.not_in(request.busy))
    ids = list(connection.execute(due).scalars())
    if ids:
        connection.execute(
            update(table).where(columns.id.in_(ids)).values(claim=request.token, lease_until=now + request.lease)
        )
    return len(ids)


def renew(connection: Connection, now: Instant, requests: Sequence[tuple[Sequence[str], Duration]]) -> list[None]:
    for tokens, lease in requests:
        for table in (recall_recipient, recall_person):
            connection.execute(update(table).where(table.c.claim.in_(tokens)).values(lease_until=now + lease))
    return [None] * len(requests)


def give_back(connection: Connection, now: Instant, tokens: Sequence[str]) -> list[None]:
    for table in (recall_recipient, recall_person):
        connection.execute(update(table).where(table.c.claim.in_(tokens)).values(claim=None, lease_until=None))
    return [None] * len(tokens)


def held(connection: Connection, table: Table, id: int, token: str) -> AnyRow:
    """The row with the message that it is about, locked. Raises LostClaim where the token does not hold it any more."""
    return all_held(connection, table, [(id, token)])[id]


def all_held(connection: Connection, table: Table, claims: Sequence[tuple[int, str]]) -> dict[int, AnyRow]:
    """The same for many, each with its token, by id."""
    rows = {row.id: row for row in connection.execute(_HELD[table], {"ids": [id for id, _ in claims]})}
    if any(id not in rows or rows[id].claim != token for id, token in claims):
        raise LostClaim("the work has passed to somebody else")
    return rows


_HELD = {
    table: select(table, recall.c.message)
    .join(recall, recall.c.id == table.c.recall)
    .where(table.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(table.c.id)
    .with_for_update(of=table)
    for table in (recall_recipient, recall_person)
}


def _is_known(row: AnyRow, verdict: Verdict) -> bool:
    """Whether the same was final before: whoever looked once more has nothing new to tell."""
    return verdict.outcome is not Outcome.PENDING and verdict.outcome.value == row.outcome


def _settle(connection: Connection, now: Instant, table: Table, told: Sequence[tuple[AnyRow, Verdict | None]]) -> None:
    """None: the people behind a recipient tell what became of it."""
    update_rows(connection, table, [_settled(row, verdict, now) for row, verdict in told])


def _settled(row: AnyRow, verdict: Verdict | None, now: Instant) -> dict[str, Any]:
    told = verdict or Verdict(Outcome.PENDING)
    values = {
        "id": row.id,
        **_told(told, row.at if _is_known(row, told) else now),
        "attempts": row.attempts + 1,
        "claim": None,
        "lease_until": None,
    }
    return values if verdict else {**values, "outcome": None}


# What became of each


def expand(connection: Connection, now: Instant, requests: Sequence[Expansion]) -> list[None]:
    for request in requests:
        row = held(connection, recall_recipient, request.recipient, request.token)
        if request.verdict is None:
            _add_people(connection, now, row, request.people)
            for keys in _parts([identity(person.address) for person in request.people]):
                end_in_earlier_recalls(connection, row.message, row.recall, keys)
        _settle(connection, now, recall_recipient, [(row, request.verdict)])
    return [None] * len(requests)


def _add_people(connection: Connection, now: Instant, row: AnyRow, people: Sequence[NewPerson]) -> None:
    """Somebody whom another recipient led to before is the same person; a further way leads to them now, and they
    are asked again, for a further copy may come."""
    by_key = {identity(person.address): person for person in people}
    known = dict(_people(connection, row.recall, by_key))
    insert_rows(
        connection,
        recall_person,
        [_person_row(row.recall, key, person, now) for key, person in by_key.items() if key not in known],
    )
    ids = dict(_people(connection, row.recall, by_key))
    insert_rows(connection, recall_way, [{"person": id, "recipient": row.id} for id in ids.values()])
    searched = [id for key, id in known.items() if by_key[key].verdict.outcome is Outcome.PENDING]
    for part in _parts(searched):
        connection.execute(
            update(recall_person)
            .where(recall_person.c.id.in_(part))
            .values(outcome=Outcome.PENDING.value, reason=Reason.NONE.value, detail="", at=now, try_at=now)
        )


def _people(connection: Connection, recall_id: str, keys: Iterable[str]) -> Iterable[tuple[str, int]]:
    columns = recall_person.c
    for part in _parts(list(keys)):
        rows = connection.execute(
            select(columns.address_key, columns.id).where(columns.recall == recall_id, columns.address_key.in_(part))
        )
        yield from ((row.address_key, row.id) for row in rows)


def _parts(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for start in range(0, len(items), _PEOPLE_AT_ONCE):
        yield items[start : start + _PEOPLE_AT_ONCE]


def _person_row(recall_id: str, key: str, person: NewPerson, now: Instant) -> dict[str, Any]:
    verdict = person.verdict
    pending = verdict.outcome is Outcome.PENDING
    return {
        "recall": recall_id,
        "address": person.address,
        "address_key": key,
        "server": person.server,
        "retained": person.retained,
        **_told(verdict, now),
        "try_at": now if pending else None,
        "attempts": 0,
    }


def settle_copy(connection: Connection, now: Instant, requests: Sequence[CopyOutcome]) -> list[None]:
    all_held(connection, recall_person, [(request.person, request.token) for request in requests])
    copies = recall_copy.c
    asked = {request.copy: request for request in requests}
    rows = connection.execute(select(copies.id, copies.person).where(copies.id.in_(asked)))
    theirs = [asked[row.id] for row in rows if row.person == asked[row.id].person]
    update_rows(connection, recall_copy, [_became(request, now) for request in theirs])
    for request in theirs:
        if request.outcome is Outcome.REPLACED:
            add_recipients(connection, now, request.person, request.evidence)
    return [None] * len(requests)


def _became(request: CopyOutcome, now: Instant) -> dict[str, Any]:
    return {
        "id": request.copy,
        "outcome": request.outcome.value,
        "evidence": request.evidence,
        "flags": flags_text(request.flags),
        "at": now,
    }


def settle_person(connection: Connection, now: Instant, requests: Sequence[PersonOutcome]) -> list[None]:
    claims = {request.person: request.token for request in requests}
    if len(claims) < len(requests):
        raise LostClaim("the same is settled twice")  # each is tried by itself then, and the first one holds
    rows = all_held(connection, recall_person, [*claims.items()])
    for request in requests:
        for seen in request.seen:
            _note_seen(connection, now, request.person, seen)
    told = [(rows[request.person], request.verdict) for request in requests]
    _settle(connection, now, recall_person, told)
    insert_messages(connection, [request.notice for request in requests if request.notice is not None])
    news = [(row, verdict) for row, verdict in told if _is_news(row, verdict)]
    known = named(connection, [row for row, _ in news])
    record_events(connection, [_event(row, verdict, now) for row, verdict in news if row.id in known])
    return [None] * len(requests)


def _note_seen(connection: Connection, now: Instant, person: int, seen: SeenCopy) -> None:
    """A copy that is looked at again in the next round is the same one."""
    columns = recall_copy.c
    place = and_(
        columns.person == person,
        columns.folder == seen.place.folder,
        columns.validity == seen.place.validity,
        columns.uid == seen.place.uid,
    )
    told = {
        "flags": flags_text(seen.flags),
        "size": seen.size,
        "delivered_at": seen.delivered_at,
        "outcome": seen.outcome.value,
        "evidence": seen.evidence,
        "at": now,
    }
    changed = connection.execute(update(recall_copy).where(place).values(**told)).rowcount
    if not changed:
        where = {"folder": seen.place.folder, "validity": seen.place.validity, "uid": seen.place.uid}
        connection.execute(insert(recall_copy).values(person=person, version="", **where, **told))


def _is_news(row: AnyRow, verdict: Verdict) -> bool:
    return verdict.outcome is not Outcome.PENDING and not _is_known(row, verdict)


def _event(person: AnyRow, verdict: Verdict, now: Instant) -> dict[str, Any]:
    """The outcome stands in the record of the message, which its sender reads, in the words for the sender."""
    outcome, reason = as_told_to_sender(verdict.outcome, verdict.reason)
    detail = {"recall": person.recall, "reason": reason.value}
    return event_row(person.message, now, f"recall_{outcome.value}", "takeback", person.address, **detail)


def finish(connection: Connection, now: Instant, requests: Sequence[Ending]) -> list[bool]:
    """Whether the recall ended just now; its summary and its correction are stored with that, or not at all."""
    return [_finish(connection, now, ending) for ending in requests]


def _finish(connection: Connection, now: Instant, ending: Ending) -> bool:
    id = ending.recall
    ended = connection.execute(
        update(recall)
        .where(recall.c.id == id, recall.c.done_at.is_(None), *has_nothing_pending(id))
        .values(done_at=now)
    ).rowcount
    if ended:
        insert_messages(connection, [each for each in (ending.summary, ending.correction) if each is not None])
        _note_correction(connection, now, ending)
    return bool(ended)


def _note_correction(connection: Connection, now: Instant, ending: Ending) -> None:
    """What became of the wish for a correction stands with the recall and in the record of the message."""
    if ending.correction is None and not ending.not_corrected:
        return
    about = recall.c.id == ending.recall
    message = connection.execute(select(recall.c.message).where(about)).scalar_one()
    if ending.correction is None:
        event = event_row(message, now, "not_corrected", "takeback", recall=ending.recall, why=ending.not_corrected)
    else:
        by, number = ending.correction.id, len(ending.correction.envelope.recipients)
        connection.execute(update(recall).where(about).values(corrected_by=by, corrected=number))
        event = event_row(message, now, "corrected", "takeback", recall=ending.recall, by=by, recipients=number)
    record_events(connection, [event])


def has_nothing_pending(id: Any) -> list[Any]:
    pending = Outcome.PENDING.value
    return [
        ~exists().where(table.c.recall == id, table.c.outcome == pending) for table in (recall_recipient, recall_person)
    ]


def note_asked(connection: Connection, now: Instant, requests: Sequence[Asked]) -> list[bool]:
    return [_note_asked(connection, now, request) for request in requests]


def _note_asked(connection: Connection, now: Instant, asked: Asked) -> bool:
    columns = act.c
    before = connection.execute(
        select(func.count()).where(columns.actor == asked.actor, columns.at > asked.since, columns.kind == asked.kind)
    ).scalar_one()
    if before >= asked.most:
        return False
    of = tables.message.c
    account = connection.execute(select(of.account).where(of.id == asked.message)).scalar_one()
    record_events(connection, [event_row(asked.message, now, asked.kind, asked.actor)])
    record_acts(connection, [act_row(now, asked.kind, asked.actor, account, asked.message)])
    return True


def flags_text(flags: Iterable[str]) -> str:
    """A column's text; flags are atoms, so blanks part them."""
    return " ".join(sorted(flags))
