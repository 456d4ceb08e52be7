"""Mailboxes from which all was taken back, and which are looked at until the watch ends: a further copy may come."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from takeback.recall.outcomes import Outcome
from takeback.store.recall_tables import recall, recall_person

_person = recall_person.c


def end_in_earlier_recalls(connection: Connection, message: str, recall_id: str, keys: Sequence[str]) -> None:
    """From now on this recall looks into the mailboxes of these people for the message, and no earlier one does."""
    earlier = select(recall.c.id).where(recall.c.message == message, recall.c.id != recall_id)
    connection.execute(
        update(recall_person)
        .where(
            _person.recall.in_(earlier),
            _person.address_key.in_(keys),
            _person.try_at.isnot(None),
            _person.outcome != Outcome.PENDING.value,
        )
        .values(try_at=None)
    )
