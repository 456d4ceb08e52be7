"""Judging: what people's acts say of findings. A copy that is undone proves the finding right, one that is released
before its time proves it wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, select, update

from takeback.mail.address import identity
from takeback.ports.review import Judgement, RuleFigures
from takeback.review.policy import Effect
from takeback.store import review_tables, tables
from takeback.store.tables import AnyRow

_finding = review_tables.finding.c
_HOLDING = (Effect.HELD.value, Effect.KEPT.value)


def note(connection: Connection, copies: Sequence[AnyRow], judgement: Judgement) -> None:
    """Afterwards the findings about those copies (rows of recipients) are judged. A finding that names a recipient is
    about that copy alone, and one that held nothing cannot have been in the way."""
    keys: dict[str, set[str]] = {}
    for copy in copies:
        keys.setdefault(copy.message, set()).add(identity(copy.address))
    if not keys:
        return
    rows = connection.execute(
        select(_finding.id, _finding.message, _finding.recipient, _finding.effect).where(
            _finding.message.in_(list(keys))
        )
    ).all()
    judged = [
        row.id for row in rows if _is_about(row, keys) and (judgement is Judgement.RIGHT or row.effect in _HOLDING)
    ]
    set_judgement(connection, judged, judgement)


def _is_about(finding: AnyRow, keys: Mapping[str, set[str]]) -> bool:
    return finding.recipient is None or identity(finding.recipient) in keys[finding.message]


def set_judgement(connection: Connection, findings: Sequence[int], judgement: Judgement) -> None:
    if findings:
        connection.execute(
            update(review_tables.finding).where(_finding.id.in_(findings)).values(judgement=judgement.value)
        )


def last_found(connection: Connection, account: str) -> str | None:
    newest = (
        select(_finding.message)
        .join(tables.message, tables.message.c.id == _finding.message)
        .where(_finding.account == account)
        .order_by(tables.message.c.accepted_at.desc(), _finding.message.desc())
        .limit(1)
    )
    return connection.execute(newest).scalar()


def figures(connection: Connection) -> list[RuleFigures]:
    """By code, in the order of the alphabet."""
    counted = connection.execute(
        select(_finding.code, _finding.effect, _finding.judgement, func.count().label("number")).group_by(
            _finding.code, _finding.effect, _finding.judgement
        )
    ).all()
    codes = sorted({row.code for row in counted})
    return [_figures_of(code, [row for row in counted if row.code == code]) for code in codes]


def _figures_of(code: str, counted: Sequence[AnyRow]) -> RuleFigures:
    def count(judgement: Judgement) -> int:
        return sum(row.number for row in counted if row.judgement == judgement.value)

    return RuleFigures(
        code=code,
        found=sum(row.number for row in counted),
        held=sum(row.number for row in counted if row.effect in _HOLDING),
        right=count(Judgement.RIGHT),
        wrong=count(Judgement.WRONG),
    )
