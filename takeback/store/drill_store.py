"""The history of drills in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, delete, select

from takeback.clock import DAY, Duration, Instant
from takeback.ports.drill import Drilled
from takeback.store.access import Access
from takeback.store.drill_tables import drill
from takeback.store.rows import insert_rows
from takeback.store.tables import AnyRow
from takeback.store.writer import Transition, Urgency

KEPT: Duration = 365 * DAY


class SqlDrillStore:
    """`takeback.ports.drill.DrillStore` over the database that the access leads to."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def now(self) -> Instant:
        return self._access.now()

    async def keep(self, drilled: Sequence[Drilled]) -> None:
        await self._access.submit(_KEEP, drilled)

    async def history(self, limit: int) -> Sequence[Drilled]:
        newest = select(drill).order_by(drill.c.at.desc(), drill.c.drill.desc(), drill.c.address).limit(limit)
        return await self._access.ask(lambda connection: [_drilled(row) for row in connection.execute(newest)])

    async def latest(self) -> Sequence[Drilled]:
        newest = await self.history(1)
        if not newest:
            return ()
        those = select(drill).where(drill.c.drill == newest[0].drill).order_by(drill.c.address)
        return await self._access.ask(lambda connection: [_drilled(row) for row in connection.execute(those)])


def _keep(connection: Connection, now: Instant, requests: Sequence[Sequence[Drilled]]) -> list[None]:
    for drilled in requests:
        for id in {each.drill for each in drilled}:
            connection.execute(delete(drill).where(drill.c.drill == id))
        insert_rows(connection, drill, [asdict(each) for each in drilled])
    connection.execute(delete(drill).where(drill.c.at < now - KEPT))
    return [None] * len(requests)


_KEEP = Transition(_keep, Urgency.DELIVERY)


def _drilled(row: AnyRow) -> Drilled:
    return Drilled(**row._asdict())
