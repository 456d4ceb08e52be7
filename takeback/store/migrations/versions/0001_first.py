"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("account_pkey")),
    )
    op.create_table(
        "content",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("staged_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("content_pkey")),
    )
    op.create_index("content_message_position", "content", ["message", "position"], unique=True)
    op.create_index(
        "content_staged",
        "content",
        ["staged_at"],
        unique=False,
        sqlite_where=sa.text("staged_at IS NOT NULL"),
        postgresql_where=sa.text("staged_at IS NOT NULL"),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("event_pkey")),
    )
    op.create_index("event_message", "event", ["message"], unique=False)
    op.create_table(
        "fact",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("fact_pkey")),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("smtputf8", sa.Boolean(), nullable=False),
        sa.Column("ret", sa.Text(), nullable=True),
        sa.Column("envid", sa.Text(), nullable=True),
        sa.Column("future_release", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("header_from", sa.Text(), nullable=False),
        sa.Column("header_date", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("eight_bit", sa.Boolean(), nullable=False),
        sa.Column("lock_secret", sa.LargeBinary(), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("reviewed_at", sa.BigInteger(), nullable=True),
        sa.Column("review_by", sa.BigInteger(), nullable=True),
        sa.Column("content_deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("message_pkey")),
    )
    op.create_index("message_account_accepted_at", "message", ["account", "accepted_at"], unique=False)
    op.create_index("message_message_id", "message", ["message_id"], unique=False)
    op.create_index(
        "message_with_content",
        "message",
        ["accepted_at"],
        unique=False,
        sqlite_where=sa.text("content_deleted_at IS NULL"),
        postgresql_where=sa.text("content_deleted_at IS NULL"),
    )
    op.create_table(
        "account_grant",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["account.key"], name=op.f("account_grant_account_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account", "pattern", name=op.f("account_grant_pkey")),
    )
    op.create_table(
        "recipient",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("notify", sa.Text(), nullable=True),
        sa.Column("orcpt", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("claim", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("first_claim_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delay_reported", sa.Boolean(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["message"], ["message.id"], name=op.f("recipient_message_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("recipient_pkey")),
    )
    op.create_index(
        "recipient_due",
        "recipient",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('held', 'deferred')"),
        postgresql_where=sa.text("state IN ('held', 'deferred')"),
    )
    op.create_index(
        "recipient_lease",
        "recipient",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state IN ('claimed', 'leaving')"),
        postgresql_where=sa.text("state IN ('claimed', 'leaving')"),
    )
    op.create_index("recipient_message_position", "recipient", ["message", "position"], unique=True)
    op.create_index(
        "recipient_open",
        "recipient",
        ["account", "message"],
        unique=False,
        sqlite_where=sa.text("state IN ('held', 'claimed', 'leaving', 'deferred', 'unknown')"),
        postgresql_where=sa.text("state IN ('held', 'claimed', 'leaving', 'deferred', 'unknown')"),
    )
