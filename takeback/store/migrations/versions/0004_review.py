"""Findings, what people said of them, and the history they are judged by."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AWAITS_REVIEW = sa.text("reviewed_at IS NULL AND review_by IS NOT NULL")


def upgrade() -> None:
    op.add_column("message", sa.Column("review_token", sa.Text(), nullable=True))
    op.add_column("message", sa.Column("review_lease_until", sa.BigInteger(), nullable=True))
    op.add_column("message", sa.Column("learned_at", sa.BigInteger(), nullable=True))
    op.add_column("recipient", sa.Column("released_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "message_awaits_review",
        "message",
        ["review_by", "accepted_at"],
        unique=False,
        sqlite_where=_AWAITS_REVIEW,
        postgresql_where=_AWAITS_REVIEW,
    )
    op.create_table(
        "finding",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.Column("reason_ar", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("attachment", sa.Text(), nullable=True),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("judgement", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("finding_pkey")),
    )
    op.create_index("finding_message_position", "finding", ["message", "position"], unique=True)
    op.create_table(
        "silence",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "code", "about", name=op.f("silence_pkey")),
    )
    op.create_table(
        "history",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Double(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "kind", "digest", name=op.f("history_pkey")),
    )
    op.create_table(
        "history_version",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("history_version_pkey")),
    )
    op.create_table(
        "imported",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "digest", name=op.f("imported_pkey")),
    )
    op.create_table(
        "to_learn",
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message", name=op.f("to_learn_pkey")),
    )
