"""The tables of review: findings, what people said of them, and the history that messages are judged by."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, Table, Text

from takeback.store.tables import metadata, row_id

finding = Table(
    "finding",
    metadata,
    Column("id", row_id, primary_key=True),
    Column("message", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("account", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("probability", Double, nullable=False),
    Column("reason_en", Text, nullable=False),
    Column("reason_ar", Text, nullable=False),
    Column("recipient", Text),
    Column("line", Integer),
    Column("attachment", Text),
    Column("about", Text, nullable=False),
    Column("effect", Text, nullable=False),
    Column("judgement", Text),
)
Index("finding_message_position", finding.c.message, finding.c.position, unique=True)

silence = Table(
    "silence",
    metadata,
    Column("account", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("about", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
)

history = Table(
    "history",
    metadata,
    Column("account", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    # Of the key, which may be longer than an index takes.
    Column("digest", LargeBinary, primary_key=True),
    Column("key", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("rank", Double, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
)
"""One counter a row (`takeback.review.history.Row`)."""

history_version = Table(
    "history_version",
    metadata,
    Column("account", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
)
"""Rises with every change of an account's history: a change that was made from an older one is refused."""

imported = Table(
    "imported",
    metadata,
    Column("account", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
)
"""Digests of the Message-IDs that an import has counted, so that it counts none twice."""

to_learn = Table(
    "to_learn",
    metadata,
    Column("message", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
"""Messages of which a copy has left, until the history has them."""
