"""The tables of people: rights, sessions, passwords for devices, keys and links.

Accounts are named by their keys, without a foreign key: those of an IMAP server have no row of their own.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from takeback.store.tables import metadata, row_id

person = Table(
    "person",
    metadata,
    Column("account", Text, primary_key=True),
    Column("administrator", Boolean, nullable=False),
    Column("reads_bodies", Boolean, nullable=False),
    Column("language", Text, nullable=False),
    Column("notices", Text, nullable=False),
)

delegate = Table(
    "delegate",
    metadata,
    Column("account", Text, primary_key=True),
    Column("delegate", Text, primary_key=True),
)
Index("delegate_delegate", delegate.c.delegate)

session = Table(
    "session",
    metadata,
    Column("id", row_id, primary_key=True),
    Column("token", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("client", Text, nullable=False),
    Column("agent", Text, nullable=False),
)
Index("session_token", session.c.token, unique=True)
Index("session_account", session.c.account)

app_password = Table(
    "app_password",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
)
Index("app_password_account", app_password.c.account)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Column("expires_at", BigInteger),
)
Index("api_key_account", api_key.c.account)

link = Table(
    "link",
    metadata,
    Column("token", Text, primary_key=True),
    Column("message", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

attempt = Table(
    "attempt",
    metadata,
    Column("asker", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("status", Integer),
    Column("answer", Text, nullable=False),
)
"""Requests that carry an idempotency key, with their answers."""
