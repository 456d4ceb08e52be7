"""The history of drills."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text

from takeback.store.tables import metadata

drill = Table(
    "drill",
    metadata,
    Column("drill", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("address", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("server", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("arrived_after", BigInteger),
    Column("recalled_after", BigInteger),
)
Index("drill_at", drill.c.at)
