"""Settling: what one attempt came to, recipient by recipient, and the reports that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, func, select, update

from takeback.clock import Instant
from takeback.hold.states import TRANSITIONS, Act, State
from takeback.ports import Verdict
from takeback.ports.store import Result, Settlement
from takeback.store import learning, tables
from takeback.store.accepting import event_row, insert_messages, record_events
from takeback.store.tables import AnyRow

_recipient = tables.recipient.c

ACT_OF_VERDICT = {
    Verdict.SENT: Act.SENT,
    Verdict.DEFERRED: Act.DEFER,
    Verdict.FAILED: Act.FAIL,
    Verdict.UNKNOWN: Act.LOSE,
}
"""WITHDRAWN is missing on purpose: the refused dot mark has already put those recipients back."""

_owned = (
    select(_recipient.id, _recipient.message, _recipient.address, _recipient.state, _recipient.claim)
    .where(_recipient.id.in_(bindparam("ids", expanding=True)))
    .order_by(_recipient.id)
    .with_for_update()
)
_settle = (
    update(tables.recipient)
    .where(_recipient.id == bindparam("recipient_id"))
    .values(
        state=bindparam("new_state"),
        changed_at=bindparam("now"),
        lease_until=None,
        due_at=func.coalesce(bindparam("due", type_=BigInteger), _recipient.due_at),
        attempts=_recipient.attempts + bindparam("failed_attempts"),
        delay_reported=bindparam("reported"),
        reply=bindparam("new_reply"),
        server=bindparam("new_server"),
        delivered=bindparam("new_delivered"),
    )
)


def record(connection: Connection, now: Instant, settlements: Sequence[Settlement]) -> list[list[int]]:
    """For each settlement the recipients that now stand as it says. Its reports are stored only if that is all of
    them; a settlement that is recorded again changes nothing and stores no report twice."""
    ids = [result.recipient for settlement in settlements for result in settlement.results]
    if len(settlements) > 1 and len(set(ids)) < len(ids):  # the second must see what the first has changed
        return [answer for settlement in settlements for answer in record(connection, now, [settlement])]
    rows = {row.id: row for row in connection.execute(_owned, {"ids": ids})}
    changes: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    answers: list[list[int]] = []
    for settlement in settlements:
        standing, changed = _sort(settlement, rows)
        for result in changed:
            row = rows[result.recipient]
            changes.append(_change(result, now))
            events.append(_event(result, row, now))
        answers.append(standing)
        if changed and len(standing) == len(settlement.results):
            insert_messages(connection, settlement.reports)
    if changes:
        connection.execute(_settle, changes)
        sent = {rows[change["recipient_id"]].message for change in changes if change["new_state"] == State.SENT.value}
        learning.will_learn(connection, now, sorted(sent))
    record_events(connection, events)
    return answers


def _sort(settlement: Settlement, rows: dict[int, AnyRow]) -> tuple[list[int], list[Result]]:
    """The recipients that stand as the settlement says, and the results among them that change something."""
    standing, changed = [], []
    for result in settlement.results:
        row = rows.get(result.recipient)
        if row is None or row.claim != settlement.token:
            continue
        then = TRANSITIONS[ACT_OF_VERDICT[result.outcome.verdict]]
        if State(row.state) in then:
            changed.append(result)
        elif State(row.state) not in then.values():
            continue
        standing.append(result.recipient)
    return standing, changed


def _new_state(result: Result) -> State:
    then = TRANSITIONS[ACT_OF_VERDICT[result.outcome.verdict]]
    return next(iter(then.values()))


def _change(result: Result, now: Instant) -> dict[str, Any]:
    return {
        "recipient_id": result.recipient,
        "new_state": _new_state(result).value,
        "now": now,
        "due": result.due_at,
        "failed_attempts": int(result.outcome.verdict is Verdict.DEFERRED),
        "reported": result.delay_reported,
        "new_reply": result.outcome.reply,
        "new_server": result.outcome.server,
        "new_delivered": result.outcome.delivered,
    }


def _event(result: Result, row: AnyRow, now: Instant) -> dict[str, Any]:
    detail: dict[str, Any] = {"reply": result.outcome.reply, "server": result.outcome.server}
    if result.due_at is not None:
        detail["due_at"] = result.due_at
    return event_row(row.message, now, _new_state(result).value, "takeback", row.address, **detail)
