"""What is known of recalls: the work that a token holds, the report, what is kept. Nothing here changes anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, or_, select

from takeback.clock import Instant
from takeback.hold.states import State
from takeback.ports.mailbox import Place
from takeback.ports.recall import (
    Kept,
    PersonWork,
    PlannedCopy,
    RecallFacts,
    RecipientWork,
    Replacement,
    WaitingRecall,
    Work,
)
from takeback.ports.store import Origin
from takeback.recall.matching import Stamp
from takeback.recall.outcomes import REMOVED, Outcome, Reason
from takeback.recall.planning import Verdict, Way
from takeback.recall.report import CopyReport, CorrectionReport, PersonReport, RecipientReport, Report, Status
from takeback.store import tables
from takeback.store.recall_tables import recall, recall_body, recall_copy, recall_person, recall_recipient, recall_way
from takeback.store.recalling import has_nothing_pending
from takeback.store.tables import AnyRow

_message = tables.message.c
_recipient = tables.recipient.c
_AT_ONCE = 500


def work(connection: Connection, token: str) -> Work:
    """What the token holds, with all that the work on it needs."""
    recipients = connection.execute(_recipient_rows().where(recall_recipient.c.claim == token)).all()
    people = connection.execute(
        select(recall_person).where(recall_person.c.claim == token).order_by(recall_person.c.id)
    ).all()
    by_id = {id: facts(connection, id) for id in {row.recall for row in [*recipients, *people]}}
    known = {id: found for id, found in by_id.items() if found is not None}
    ids = [row.id for row in people]
    ways, copies = _ways(connection, ids), _planned(connection, ids)
    taken = _taken_earlier(connection, known.values())
    return Work(
        [_recipient_work(row, known[row.recall]) for row in recipients if row.recall in known],
        [
            _person_work(row, known[row.recall], ways[row.id], copies[row.id], row.address_key in taken[row.recall])
            for row in people
            if row.recall in known
        ],
    )


def _recipient_rows() -> Select[Any]:
    return (
        select(
            recall_recipient,
            _recipient.address,
            _recipient.address_key,
            _recipient.state,
        )
        .join(recall, recall.c.id == recall_recipient.c.recall)
        .join(
            tables.recipient,
            (_recipient.message == recall.c.message) & (_recipient.position == recall_recipient.c.position),
        )
        .order_by(recall_recipient.c.position)
    )


def _recipient_work(row: AnyRow, about: RecallFacts) -> RecipientWork:
    return RecipientWork(row.id, about, row.address, row.address_key, State(row.state), row.attempts)


def _ways(connection: Connection, people: Sequence[int]) -> dict[int, list[Way]]:
    rows = connection.execute(
        select(recall_way.c.person, _recipient.address, _recipient.delivered, _recipient.server)
        .join(recall_recipient, recall_recipient.c.id == recall_way.c.recipient)
        .join(recall, recall.c.id == recall_recipient.c.recall)
        .join(
            tables.recipient,
            (_recipient.message == recall.c.message) & (_recipient.position == recall_recipient.c.position),
        )
        .where(recall_way.c.person.in_(people))
    )
    ways: dict[int, list[Way]] = defaultdict(list)
    for row in rows:
        ways[row.person].append(Way(row.address, bool(row.delivered), row.server))
    return ways


def _planned(connection: Connection, people: Sequence[int]) -> dict[int, list[PlannedCopy]]:
    """Copies of whose removal something is known or planned; those that were only looked at are looked at again."""
    rows = connection.execute(
        select(recall_copy)
        .where(recall_copy.c.person.in_(people), recall_copy.c.digest.isnot(None))
        .order_by(recall_copy.c.id)
    )
    copies: dict[int, list[PlannedCopy]] = defaultdict(list)
    for row in rows:
        outcome = Outcome(row.outcome) if row.outcome else None
        copies[row.person].append(PlannedCopy(row.id, _place(row), frozenset(row.flags.split()), outcome))
    return copies


def _place(row: AnyRow) -> Place:
    return Place(row.folder, row.validity, row.uid)


def _taken_earlier(connection: Connection, known: Iterable[RecallFacts]) -> dict[str, set[str]]:
    """For each recall, whose copies another recall of the same message has taken away, by canonical address."""
    return {
        about.id: set(connection.execute(_TAKEN, {"message": about.message, "own": about.id}).scalars())
        for about in known
    }


_TAKEN = (
    select(recall_person.c.address_key)
    .join(recall, recall.c.id == recall_person.c.recall)
    .join(recall_copy, recall_copy.c.person == recall_person.c.id)
    .where(
        recall.c.message == bindparam("message"),
        recall.c.id != bindparam("own"),
        recall_copy.c.outcome.in_([outcome.value for outcome in REMOVED]),
    )
)


def _person_work(
    row: AnyRow, about: RecallFacts, ways: Sequence[Way], copies: Sequence[PlannedCopy], taken_earlier: bool
) -> PersonWork:
    told = Verdict(Outcome(row.outcome), Reason(row.reason), row.detail)
    return PersonWork(row.id, about, row.address, row.server, told, row.attempts, ways, copies, taken_earlier)


def facts(connection: Connection, id: str) -> RecallFacts | None:
    row = connection.execute(
        select(recall, tables.message.c.account, *(_message[name] for name in (*_STAMP, "sender")))
        .join(tables.message, _message.id == recall.c.message)
        .where(recall.c.id == id)
    ).first()
    if row is None:
        return None
    return RecallFacts(
        id=row.id,
        message=row.message,
        sender=row.sender,
        account=row.account,
        actor=row.actor,
        also_read=row.also_read,
        asked_at=row.asked_at,
        watch_until=row.watch_until,
        stamp=_stamp(row),
        replacement=None if row.replacement is None else _replacement(connection, row.replacement),
        correction=row.correction,
    )


def _replacement(connection: Connection, message: str) -> Replacement:
    row = connection.execute(
        select(_message.id, _message.size, _message.account, *(_message[name] for name in _STAMP)).where(
            _message.id == message
        )
    ).one()
    return Replacement(row.id, row.size, _stamp(row))


_STAMP = ("message_id", "lock_secret", "header_from", "header_date", "body_digest")


def _stamp(row: AnyRow) -> Stamp:
    return Stamp(
        message_id=row.message_id,
        account=row.account,
        lock_secret=bytes(row.lock_secret),
        header_from=row.header_from,
        header_date=row.header_date,
        body_digest=bytes(row.body_digest),
    )


def stamp(connection: Connection, message: str) -> Stamp | None:
    row = connection.execute(
        select(_message.account, *(_message[name] for name in _STAMP)).where(
            _message.id == message, _message.origin == Origin.SUBMISSION.value
        )
    ).first()
    return None if row is None else _stamp(row)


def envelope_sender(connection: Connection, message: str) -> str:
    return str(connection.execute(select(_message.sender).where(_message.id == message)).scalar_one())


def has_body(connection: Connection, recall_id: str, digest: bytes) -> bool:
    return connection.execute(_LAST_PIECE, {"recall_id": recall_id, "digest": digest}).first() is not None


_LAST_PIECE = select(recall_body.c.id).where(
    recall_body.c.recall == bindparam("recall_id"),
    recall_body.c.digest == bindparam("digest"),
    recall_body.c.last.is_(True),
)


def body_piece(connection: Connection, recall_id: str, digest: bytes, position: int) -> bytes | None:
    body = recall_body.c
    found = connection.execute(
        select(body.data).where(body.recall == recall_id, body.digest == digest, body.position == position)
    ).scalar()
    return None if found is None else bytes(found)


def next_try(connection: Connection, id: str | None) -> Instant | None:
    """When something is due, or a lease that somebody left behind has run out."""
    times = []
    for table in (recall_recipient, recall_person):
        when = func.min(func.coalesce(table.c.lease_until, table.c.try_at))
        query = select(when).where(table.c.try_at.isnot(None))
        times.append(connection.execute(query if id is None else query.where(table.c.recall == id)).scalar())
    return min((time for time in times if time is not None), default=None)


def untried(connection: Connection, id: str) -> int:
    """How many of a recall nobody has looked at yet, or somebody is looking at just now. Of one that waits for a second
    person nobody can be looked at."""
    if connection.execute(select(recall.c.waiting).where(recall.c.id == id)).scalar():
        return 0
    total = 0
    for table in (recall_recipient, recall_person):
        total += connection.execute(
            select(func.count()).where(
                table.c.recall == id,
                table.c.try_at.isnot(None),
                or_(table.c.attempts == 0, table.c.claim.isnot(None)),
            )
        ).scalar_one()
    return total


def finished(connection: Connection) -> list[RecallFacts]:
    ids = connection.execute(
        select(recall.c.id).where(recall.c.done_at.is_(None), *has_nothing_pending(recall.c.id)).limit(_AT_ONCE)
    ).scalars()
    return [found for id in list(ids) if (found := facts(connection, id)) is not None]


def waiting(connection: Connection) -> list[WaitingRecall]:
    """Recalls that wait for a second person, the newest first."""
    columns = recall.c
    rows = connection.execute(
        select(columns.id, columns.message, tables.message.c.account, columns.actor, columns.asked_at)
        .join(tables.message, tables.message.c.id == columns.message)
        .where(columns.done_at.is_(None), columns.waiting)
        .order_by(columns.asked_at.desc(), columns.id)
    )
    return [WaitingRecall(*row) for row in rows]


def waiting_for(connection: Connection) -> dict[Reason, int]:
    """How many people running recalls still look at, by why nothing is final yet."""
    rows = connection.execute(
        select(recall_person.c.reason, func.count())
        .where(recall_person.c.try_at.isnot(None), recall_person.c.outcome == Outcome.PENDING.value)
        .group_by(recall_person.c.reason)
    )
    return {Reason(reason): number for reason, number in rows}


def recalls(connection: Connection, message: str) -> list[str]:
    newest_first = select(recall.c.id).where(recall.c.message == message)
    return list(connection.execute(newest_first.order_by(recall.c.asked_at.desc(), recall.c.id.desc())).scalars())


def counts(connection: Connection, id: str) -> dict[Outcome, int]:
    """People by outcome, without the rest of the report."""
    counted: dict[Outcome, int] = defaultdict(int)
    for table in (recall_recipient, recall_person):
        rows = connection.execute(
            select(table.c.outcome, func.count())
            .where(table.c.recall == id, table.c.outcome.isnot(None))
            .group_by(table.c.outcome)
        )
        for outcome, number in rows:
            counted[Outcome(outcome)] += number
    return dict(counted)


# The report


def outline(connection: Connection, id: str) -> list[tuple[str, set[Outcome]]]:
    told: dict[int, tuple[str, set[Outcome]]] = {}
    for row in connection.execute(_recipient_rows().where(recall_recipient.c.recall == id)):
        told[row.id] = row.address, {Outcome(row.outcome)} if row.outcome else set()
    behind = connection.execute(
        select(recall_way.c.recipient, recall_person.c.outcome)
        .join(recall_person, recall_person.c.id == recall_way.c.person)
        .where(recall_person.c.recall == id)
        .distinct()
    )
    for row in behind:
        told[row.recipient][1].add(Outcome(row.outcome))
    return list(told.values())


def report(connection: Connection, id: str) -> Report | None:
    about = connection.execute(select(recall).where(recall.c.id == id)).first()
    if about is None:
        return None
    recipients = connection.execute(_recipient_rows().where(recall_recipient.c.recall == id)).all()
    people = _people(connection, id)
    ways = connection.execute(
        select(recall_way)
        .join(recall_recipient, recall_recipient.c.id == recall_way.c.recipient)
        .where(recall_recipient.c.recall == id)
        .order_by(recall_way.c.person)
    )
    behind: dict[int, list[PersonReport]] = defaultdict(list)
    for way in ways:
        behind[way.recipient].append(people[way.person])
    return Report(
        id=id,
        message=about.message,
        status=_status(about),
        asked_at=about.asked_at,
        watch_until=about.watch_until,
        recipients=[_recipient_report(row, behind[row.id]) for row in recipients],
        correction=None if about.correction is None else CorrectionReport(about.corrected_by, about.corrected or 0),
    )


def _status(about: AnyRow) -> Status:
    if about.done_at is not None:
        return Status.DONE
    return Status.WAITING if about.waiting else Status.RUNNING


def _recipient_report(row: AnyRow, people: Sequence[PersonReport]) -> RecipientReport:
    own = Outcome(row.outcome) if row.outcome else None
    return RecipientReport(row.address, own, Reason(row.reason), row.at, people)


def _people(connection: Connection, id: str) -> dict[int, PersonReport]:
    copies: dict[int, list[CopyReport]] = defaultdict(list)
    for row in connection.execute(
        select(recall_copy)
        .join(recall_person, recall_person.c.id == recall_copy.c.person)
        .where(recall_person.c.recall == id)
        .order_by(recall_copy.c.id)
    ):
        copies[row.person].append(_copy_report(row))
    rows = connection.execute(select(recall_person).where(recall_person.c.recall == id))
    return {row.id: _person_report(row, copies[row.id]) for row in rows}


def _copy_report(row: AnyRow) -> CopyReport:
    return CopyReport(Outcome(row.outcome or Outcome.PENDING), row.folder, row.at, row.evidence)


def _person_report(row: AnyRow, copies: Sequence[CopyReport]) -> PersonReport:
    return PersonReport(
        address=row.address,
        outcome=Outcome(row.outcome),
        reason=Reason(row.reason),
        at=row.at,
        next_try_at=row.try_at if row.outcome == Outcome.PENDING.value else None,
        detail=row.detail,
        copies=copies,
    )


def kept(connection: Connection, id: str) -> list[Kept]:
    """The copies that a recall has taken away, or has put back already."""
    taken = [outcome.value for outcome in (*REMOVED, Outcome.RESTORED)]
    rows = connection.execute(
        select(recall_copy, recall_person.c.recall, recall_person.c.address, recall_person.c.server)
        .join(recall_person, recall_person.c.id == recall_copy.c.person)
        .where(recall_person.c.recall == id, recall_copy.c.outcome.in_(taken))
        .order_by(recall_copy.c.id)
    )
    return [_kept(row) for row in rows]


def _kept(row: AnyRow) -> Kept:
    return Kept(
        id=row.id,
        recall=row.recall,
        person=row.person,
        address=row.address,
        place=_place(row),
        flags=frozenset(row.flags.split()),
        size=row.size,
        delivered_at=row.delivered_at,
        header=None if row.header is None else bytes(row.header),
        digest=None if row.digest is None else bytes(row.digest),
        outcome=Outcome(row.outcome),
    )
