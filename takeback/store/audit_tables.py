"""The tables of the sealed record: what people did, and the chain over it (`takeback.chain`)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, text

from takeback.store.tables import metadata

act = Table(
    "act",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    # Its place in the chain; null until it is sealed.
    Column("position", BigInteger),
    sqlite_autoincrement=True,  # an id is never given twice, not even after the newest acts were deleted
)
_UNSEALED = text("position IS NULL")
Index("act_unsealed", act.c.id, sqlite_where=_UNSEALED, postgresql_where=_UNSEALED)
Index("act_position", act.c.position, unique=True)
Index("act_account_at", act.c.account, act.c.at)
Index("act_actor_at", act.c.actor, act.c.at)

link = Table(
    "act_link",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("sealed_at", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("link", LargeBinary, nullable=False),
)
