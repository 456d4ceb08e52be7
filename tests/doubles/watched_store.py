"""The store itself, which also tells in which state each undo found what it was asked to stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection

from takeback.clock import Instant
from takeback.hold.states import State
from takeback.ports.store import Answer, Selection
from takeback.store import changing
from takeback.store.access import Access
from takeback.store.store import SqlStore
from takeback.store.writer import Transition, Urgency


class WatchedStore(SqlStore):
    """`found` counts the states, as the transaction of each undo saw them behind its own locks."""

    def __init__(self, access: Access) -> None:
        super().__init__(access)
        self.found: Counter[State] = Counter()

    async def undo(self, selection: Selection) -> Sequence[Answer]:
        found, answers = await self.access.submit(_UNDO, selection)
        self.found.update(found)
        return answers


def _undo(
    connection: Connection, now: Instant, selections: Sequence[Selection]
) -> list[tuple[list[State], list[Answer]]]:
    pairs = []
    for selection in selections:
        found = [State(row.state) for row in changing._lock(connection, selection)]
        pairs.append((found, changing.undo(connection, now, [selection])[0]))
    return pairs


_UNDO = Transition(_undo, Urgency.PERSON)
