"""The tables of people's own mailboxes, and of the stopped messages whose copies in Sent wait to be moved."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from takeback.store.tables import metadata

own_mailbox = Table(
    "own_mailbox",
    metadata,
    Column("account", Text, primary_key=True),
    Column("server", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("password", LargeBinary, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)
"""`password` is sealed."""

sent_copy = Table(
    "sent_copy",
    metadata,
    Column("message", Text, ForeignKey("message.id", ondelete="CASCADE"), primary_key=True),
    Column("account", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
)
Index("sent_copy_next_at", sent_copy.c.next_at)
