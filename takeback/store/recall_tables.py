"""The tables of recalls: who is asked, what was found, and what is kept so that it can be put back."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from takeback.store.tables import metadata, row_id

recall = Table(
    "recall",
    metadata,
    Column("id", Text, primary_key=True),
    Column("message", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    # Canonical keys of addresses as a JSON list; null means everybody.
    Column("recipients", Text),
    Column("also_read", Boolean, nullable=False),
    Column("watch_until", BigInteger, nullable=False),
    # The message that takes the place of what is recalled.
    Column("replacement", Text),
    # Until a second person has confirmed it, no mailbox is opened.
    Column("waiting", Boolean, nullable=False),
    # How many mailboxes it may open on one person's word; 0 where a second person decides, and where nobody counts.
    Column("mailboxes", Integer, nullable=False),
    # The sender's own words to those who are not reached; null means that nobody is written to.
    Column("correction", Text),
    # The message that was sent to them, and to how many; null until then, and where there was nobody.
    Column("corrected_by", Text),
    Column("corrected", Integer),
    Column("done_at", BigInteger),
)
Index("recall_message", recall.c.message)
_RUNNING = text("done_at IS NULL")
Index("recall_running", recall.c.asked_at, sqlite_where=_RUNNING, postgresql_where=_RUNNING)

# `outcome` is null where the people behind the recipient tell what became of it.
recall_recipient = Table(
    "recall_recipient",
    metadata,
    Column("id", row_id, primary_key=True),
    Column("recall", Text, ForeignKey("recall.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("outcome", Text),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("try_at", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("claim", Text),
    Column("lease_until", BigInteger),
)
Index("recall_recipient_position", recall_recipient.c.recall, recall_recipient.c.position, unique=True)
_WAITING = text("try_at IS NOT NULL")
Index("recall_recipient_due", recall_recipient.c.try_at, sqlite_where=_WAITING, postgresql_where=_WAITING)

recall_person = Table(
    "recall_person",
    metadata,
    Column("id", row_id, primary_key=True),
    Column("recall", Text, ForeignKey("recall.id", ondelete="CASCADE"), nullable=False),
    Column("address", Text, nullable=False),
    Column("address_key", Text, nullable=False),
    Column("server", Text, nullable=False),
    Column("retained", Boolean, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("try_at", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("claim", Text),
    Column("lease_until", BigInteger),
)
Index("recall_person_address", recall_person.c.recall, recall_person.c.address_key, unique=True)
Index("recall_person_due", recall_person.c.try_at, sqlite_where=_WAITING, postgresql_where=_WAITING)
_CLAIMED = text("claim IS NOT NULL")
for _table in (recall_recipient, recall_person):
    Index(f"{_table.name}_claim", _table.c.claim, sqlite_where=_CLAIMED, postgresql_where=_CLAIMED)

recall_way = Table(
    "recall_way",
    metadata,
    Column("person", BigInteger, ForeignKey("recall_person.id", ondelete="CASCADE"), primary_key=True),
    Column("recipient", BigInteger, ForeignKey("recall_recipient.id", ondelete="CASCADE"), primary_key=True),
)
"""Through which recipients copies come to a person."""
Index("recall_way_recipient", recall_way.c.recipient)

# A body that many copies share is kept once for a recall.
recall_body = Table(
    "recall_body",
    metadata,
    Column("id", row_id, primary_key=True),
    Column("recall", Text, ForeignKey("recall.id", ondelete="CASCADE"), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("position", Integer, nullable=False),
    Column("last", Boolean, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
Index("recall_body_position", recall_body.c.recall, recall_body.c.digest, recall_body.c.position, unique=True)

# `outcome` is null from the plan until it is known what became of the copy; `header` from when it is purged.
recall_copy = Table(
    "recall_copy",
    metadata,
    Column("id", row_id, primary_key=True),
    Column("person", BigInteger, ForeignKey("recall_person.id", ondelete="CASCADE"), nullable=False),
    Column("folder", Text, nullable=False),
    Column("validity", Text, nullable=False),
    Column("uid", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("flags", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("delivered_at", BigInteger),
    Column("header", LargeBinary),
    Column("digest", LargeBinary),
    Column("outcome", Text),
    Column("evidence", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
Index(
    "recall_copy_place",
    recall_copy.c.person,
    recall_copy.c.folder,
    recall_copy.c.validity,
    recall_copy.c.uid,
    unique=True,
)
_KEPT = text("header IS NOT NULL")
Index("recall_copy_kept", recall_copy.c.at, sqlite_where=_KEPT, postgresql_where=_KEPT)
