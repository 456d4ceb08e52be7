"""The sealed record in the database: acts get their place in the chain in batches, after they were committed."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, select, text, update

from takeback import chain
from takeback.chain import BEGINNING, FORGET, Act, Broken, Head, Link
from takeback.clock import Duration, Instant
from takeback.errors import TakebackError
from takeback.ports.audit import NewAct, Notes, Sealed
from takeback.sealing import Seal, SealBroken
from takeback.store import housekeeping
from takeback.store.access import Access
from takeback.store.acts import act_row, record_acts
from takeback.store.audit_tables import act, link
from takeback.store.rows import insert_rows
from takeback.store.tables import AnyRow
from takeback.store.writer import Transition, Urgency

SEALED_AT_ONCE = 500
FORGOTTEN_AT_ONCE = 500
_HEAD = "audit_head"
_ABOUT = "takeback audit head"
_LOCK = 0x7A6B61756474
"""One node extends the chain, the others wait (PostgreSQL advisory lock). SQLite has one writer at a time anyway."""
_ACTOR = "takeback"


class RecordUnreadable(TakebackError):
    """A row holds what Takeback never writes there, such as text for a digest."""


class SqlAudit:
    """`takeback.ports.audit.Audit` over the database that the access leads to.

    The head is noted in the database too, sealed by the key in the key file: whoever can write to the database but
    does not hold the key can cut the chain shorter, and cannot note that this is where it ends.
    """

    def __init__(self, access: Access, seal: Seal) -> None:
        self._access = access
        self._key = seal
        self._seal = Transition(_Sealing(seal), Urgency.DELIVERY)

    async def note(self, act: NewAct) -> None:
        await self._access.submit(_NOTE, act)

    async def seal(self) -> int:
        return await self._access.submit(self._seal, None)

    async def forget(self, keep: Duration) -> int:
        return await self._access.submit(_FORGET, keep)

    async def head(self) -> Head:
        return await self._access.ask(_head)

    async def unsealed(self) -> int:
        question = select(func.count()).select_from(act).where(act.c.position.is_(None))
        return await self._access.ask(lambda connection: connection.execute(question).scalar_one())

    async def notes(self) -> Notes:
        noted = await self._access.ask(lambda connection: housekeeping.fact(connection, _HEAD))
        forgotten_before = await self._access.ask(_forgotten_before)
        if noted is None:
            return Notes(None, None, forgotten_before)
        try:
            head = chain.parse_head(self._key.open(b64decode(noted[0], validate=True), _ABOUT).decode())
        except (SealBroken, NotBase64, ValueError):
            forged = Broken(0, "the head noted in the database was not noted by this installation")
            return Notes(None, forged, forgotten_before)
        return Notes(head, None, forgotten_before)

    async def page(self, after: int, limit: int) -> Sequence[Sealed]:
        try:
            return await self._access.ask(lambda connection: _page(connection, after, limit))
        except (TypeError, ValueError):
            raise RecordUnreadable(f"the sealed record cannot be read behind position {after}") from None


@dataclass(frozen=True)
class _Sealing:
    """The transition: what is not sealed is sealed behind the head, and the new head is noted."""

    key: Seal

    def __call__(self, connection: Connection, now: Instant, requests: Sequence[None]) -> list[int]:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        unsealed = select(act).where(act.c.position.is_(None)).order_by(act.c.id).limit(SEALED_AT_ONCE)
        acts = [_act(row) for row in connection.execute(unsealed)]
        if acts:
            self._extend(connection, acts, now)
        return [len(acts)] * len(requests)

    def _extend(self, connection: Connection, acts: Sequence[Act], now: Instant) -> None:
        head = _head(connection)
        last = connection.execute(select(link.c.sealed_at).where(link.c.position == head.position)).scalar()
        links = chain.seal(head, acts, max(now, last or 0))
        insert_rows(connection, link, [_link_row(each) for each in links])
        connection.execute(
            update(act).where(act.c.id == bindparam("sealed")).values(position=bindparam("place")),
            [{"sealed": sealed.id, "place": each.position} for sealed, each in zip(acts, links, strict=True)],
        )
        noted = str(Head(links[-1].position, links[-1].link)).encode()
        housekeeping.set_fact(connection, now, _HEAD, b64encode(self.key.close(noted, _ABOUT)).decode())


def _note(connection: Connection, now: Instant, acts: Sequence[NewAct]) -> list[None]:
    record_acts(connection, (act_row(now, a.kind, a.actor, a.account, a.message, **a.detail) for a in acts))
    return [None] * len(acts)


def _forget(connection: Connection, now: Instant, keeps: Sequence[Duration]) -> list[int]:
    return [_forget_some(connection, now, keep) for keep in keeps]


def _forget_some(connection: Connection, now: Instant, keep: Duration) -> int:
    """Deletes from the beginning on, and says so in an act of its own."""
    before = chain.may_forget(now, keep)
    past = (
        select(act.c.id)
        .join(link, link.c.position == act.c.position)
        .where(link.c.sealed_at < before)
        .order_by(link.c.position)
        .limit(FORGOTTEN_AT_ONCE)
    )
    ids = list(connection.execute(past).scalars())
    if ids:
        connection.execute(delete(act).where(act.c.id.in_(ids)))
        record_acts(connection, [act_row(now, FORGET, _ACTOR, sealed_before=before, acts=len(ids))])
    return len(ids)


_NOTE = Transition(_note, Urgency.PERSON)
_FORGET = Transition(_forget, Urgency.DELIVERY)


def _head(connection: Connection) -> Head:
    last = select(link.c.position, link.c.link).order_by(link.c.position.desc()).limit(1)
    row = connection.execute(last).first()
    return BEGINNING if row is None else Head(row.position, bytes(row.link))


def _forgotten_before(connection: Connection) -> Instant:
    """Up to when acts have been forgotten, by the acts that say so. One that claims more than was allowed when it was
    done counts for nothing; one that was changed since is found out by its own link."""
    rows = connection.execute(select(act.c.at, act.c.detail).where(act.c.kind == FORGET))
    claims = ((row.at, _sealed_before(row.detail)) for row in rows)
    return max((before for at, before in claims if before <= at - chain.LEAST_KEPT), default=0)


def _sealed_before(detail: str) -> Instant:
    try:
        claimed = json.loads(detail)["sealed_before"]
    except (ValueError, KeyError, TypeError):
        return 0
    return claimed if isinstance(claimed, int) else 0


def _page(connection: Connection, after: int, limit: int) -> list[Sealed]:
    question = (
        select(link.c.position.label("place"), link.c.sealed_at, link.c.digest, link.c.link, act)
        .join(act, act.c.position == link.c.position, isouter=True)
        .where(link.c.position > after)
        .order_by(link.c.position)
        .limit(limit)
    )
    return [
        Sealed(
            Link(row.place, row.sealed_at, bytes(row.digest), bytes(row.link)),
            None if row.id is None else _act(row),
        )
        for row in connection.execute(question)
    ]


def _act(row: AnyRow) -> Act:
    return Act(row.id, row.at, row.kind, row.actor, row.account, row.message, row.detail, bytes(row.salt))


def _link_row(made: Link) -> dict[str, object]:
    return {"position": made.position, "sealed_at": made.sealed_at, "digest": made.digest, "link": made.link}
