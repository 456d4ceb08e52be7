"""The tables. Times are microseconds since 1970 (`takeback.clock.Instant`); text is UTF-8.

Changes to this file need a migration; a test builds the schema both ways and compares.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    literal_column,
    text,
)

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")


def is_storable(value: str) -> bool:
    """Whether a text column can hold it. No row has one that cannot: PostgreSQL refuses NUL, and UTF-8 knows no lone
    surrogates, as which Python reads bytes of the command line that are no text."""
    return _NOT_STORABLE.search(value) is None


metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

row_id = BigInteger().with_variant(Integer, "sqlite")
"""Only an INTEGER primary key is SQLite's own row id."""

message = Table(
    "message",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("accepted_at", BigInteger, nullable=False),
    Column("sender", Text, nullable=False),
    Column("body", Text),
    Column("smtputf8", Boolean, nullable=False),
    Column("ret", Text),
    Column("envid", Text),
    Column("future_release", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("header_from", Text, nullable=False),
    Column("header_date", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("eight_bit", Boolean, nullable=False),
    Column("lock_secret", LargeBinary, nullable=False),
    Column("body_digest", LargeBinary, nullable=False),
    # Review: none asked for while review_by is null; a message may leave when it is reviewed or review_by is past.
    Column("reviewed_at", BigInteger),
    Column("review_by", BigInteger),
    Column("review_token", Text),
    Column("review_lease_until", BigInteger),
    Column("learned_at", BigInteger),
    Column("content_deleted_at", BigInteger),
)
Index("message_account_accepted_at", message.c.account, message.c.accepted_at)
_HAS_CONTENT = text("content_deleted_at IS NULL")
Index("message_with_content", message.c.accepted_at, sqlite_where=_HAS_CONTENT, postgresql_where=_HAS_CONTENT)
Index("message_message_id", message.c.message_id)
_AWAITS_REVIEW = text("reviewed_at IS NULL AND review_by IS NOT NULL")
Index(
    "message_awaits_review",
    message.c.review_by,
    message.c.accepted_at,
    sqlite_where=_AWAITS_REVIEW,
    postgresql_where=_AWAITS_REVIEW,
)

recipient = Table(
    "recipient",
    metadata,
    Column("id", row_id, primary_key=True),
    Column("message", Text, ForeignKey("message.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("account", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("address_key", Text, nullable=False),
    Column("notify", Text),
    Column("orcpt", Text),
    Column("state", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    # When somebody said "send now"; a review that comes later lengthens nothing.
    Column("released_at", BigInteger),
    Column("claim", Text),
    Column("lease_until", BigInteger),
    Column("first_claim_at", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("delay_reported", Boolean, nullable=False),
    Column("reply", Text, nullable=False),
    Column("server", Text, nullable=False),
    # Whether the server that said `sent` keeps the mailbox itself (LMTP, Maildir); null where none has said so.
    Column("delivered", Boolean),
)
Index("recipient_message_position", recipient.c.message, recipient.c.position, unique=True)

# A partial index serves only a query that says its condition to the letter, in literals: a bound parameter could
# be anything. So both are made from the same words, and a test asks SQLite for its plans.
_WAITING = ("held", "deferred")
_IN_HAND = ("claimed", "leaving")
_OPEN = ("held", "claimed", "leaving", "deferred", "unknown")


def _states(column: ColumnElement[str], states: Sequence[str]) -> ColumnElement[bool]:
    return column.in_([literal_column(f"'{state}'") for state in states])


is_waiting = _states(recipient.c.state, _WAITING)
is_in_hand = _states(recipient.c.state, _IN_HAND)
is_open = _states(recipient.c.state, _OPEN)


def _index(name: str, states: Sequence[str], *columns: ColumnElement[Any]) -> Index:
    condition = _states(literal_column("state"), states)
    return Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


_index("recipient_due", _WAITING, recipient.c.due_at)
_index("recipient_lease", _IN_HAND, recipient.c.lease_until)
_index("recipient_open", _OPEN, recipient.c.account, recipient.c.message)

content = Table(
    "content",
    metadata,
    Column("id", row_id, primary_key=True),
    Column("message", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("staged_at", BigInteger),
)
Index("content_message_position", content.c.message, content.c.position, unique=True)
_STAGED = text("staged_at IS NOT NULL")
Index("content_staged", content.c.staged_at, sqlite_where=_STAGED, postgresql_where=_STAGED)

event = Table(
    "event",
    metadata,
    Column("id", row_id, primary_key=True),
    Column("message", Text, nullable=False),
    Column("recipient", Text),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("detail", Text),
)
Index("event_message", event.c.message)

account = Table(
    "account",
    metadata,
    Column("key", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)

grant = Table(
    "account_grant",
    metadata,
    Column("account", Text, ForeignKey("account.key", ondelete="CASCADE"), primary_key=True),
    Column("pattern", Text, primary_key=True),
)

fact = Table(
    "fact",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""What the installation knows of itself: when it last worked, when the clock last jumped."""
