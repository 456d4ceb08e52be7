"""Recalls, their plans, quarantine, and the sealed record of acts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_recalls()
    _make_audit()
    _make_drill()


def _make_drill() -> None:
    op.create_table(
        "drill",
        sa.Column("drill", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("arrived_after", sa.BigInteger(), nullable=True),
        sa.Column("recalled_after", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("drill", "address", name=op.f("drill_pkey")),
    )
    op.create_index("drill_at", "drill", ["at"], unique=False)


def _make_audit() -> None:
    op.create_table(
        "act",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("act_pkey")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "act_unsealed",
        "act",
        ["id"],
        unique=False,
        sqlite_where=sa.text("position IS NULL"),
        postgresql_where=sa.text("position IS NULL"),
    )
    op.create_index("act_position", "act", ["position"], unique=True)
    op.create_index("act_account_at", "act", ["account", "at"], unique=False)
    op.create_index("act_actor_at", "act", ["actor", "at"], unique=False)
    op.create_table(
        "act_link",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sealed_at", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("act_link_pkey")),
    )


def _make_recalls() -> None:
    op.create_table(
        "recall",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=True),
        sa.Column("also_read", sa.Boolean(), nullable=False),
        sa.Column("watch_until", sa.BigInteger(), nullable=False),
        sa.Column("replacement", sa.Text(), nullable=True),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("mailboxes", sa.Integer(), nullable=False),
        sa.Column("correction", sa.Text(), nullable=True),
        sa.Column("corrected_by", sa.Text(), nullable=True),
        sa.Column("corrected", sa.Integer(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("recall_pkey")),
    )
    op.create_index("recall_message", "recall", ["message"], unique=False)
    op.create_index(
        "recall_running",
        "recall",
        ["asked_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "recall_body",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recall", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("last", sa.Boolean(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["recall"], ["recall.id"], name=op.f("recall_body_recall_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("recall_body_pkey")),
    )
    op.create_index("recall_body_position", "recall_body", ["recall", "digest", "position"], unique=True)
    op.create_table(
        "recall_person",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recall", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_key", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("retained", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("try_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["recall"], ["recall.id"], name=op.f("recall_person_recall_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("recall_person_pkey")),
    )
    op.create_index("recall_person_address", "recall_person", ["recall", "address_key"], unique=True)
    op.create_index(
        "recall_person_claim",
        "recall_person",
        ["claim"],
        unique=False,
        sqlite_where=sa.text("claim IS NOT NULL"),
        postgresql_where=sa.text("claim IS NOT NULL"),
    )
    op.create_index(
        "recall_person_due",
        "recall_person",
        ["try_at"],
        unique=False,
        sqlite_where=sa.text("try_at IS NOT NULL"),
        postgresql_where=sa.text("try_at IS NOT NULL"),
    )
    op.create_table(
        "recall_recipient",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recall", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("try_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["recall"], ["recall.id"], name=op.f("recall_recipient_recall_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("recall_recipient_pkey")),
    )
    op.create_index(
        "recall_recipient_claim",
        "recall_recipient",
        ["claim"],
        unique=False,
        sqlite_where=sa.text("claim IS NOT NULL"),
        postgresql_where=sa.text("claim IS NOT NULL"),
    )
    op.create_index(
        "recall_recipient_due",
        "recall_recipient",
        ["try_at"],
        unique=False,
        sqlite_where=sa.text("try_at IS NOT NULL"),
        postgresql_where=sa.text("try_at IS NOT NULL"),
    )
    op.create_index("recall_recipient_position", "recall_recipient", ["recall", "position"], unique=True)
    op.create_table(
        "recall_copy",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("validity", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("header", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"], ["recall_person.id"], name=op.f("recall_copy_person_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("recall_copy_pkey")),
    )
    op.create_index(
        "recall_copy_kept",
        "recall_copy",
        ["at"],
        unique=False,
        sqlite_where=sa.text("header IS NOT NULL"),
        postgresql_where=sa.text("header IS NOT NULL"),
    )
    op.create_index("recall_copy_place", "recall_copy", ["person", "folder", "validity", "uid"], unique=True)
    op.create_table(
        "recall_way",
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("recipient", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"], ["recall_person.id"], name=op.f("recall_way_person_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["recipient"], ["recall_recipient.id"], name=op.f("recall_way_recipient_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person", "recipient", name=op.f("recall_way_pkey")),
    )
    op.create_index("recall_way_recipient", "recall_way", ["recipient"], unique=False)
    op.add_column("recipient", sa.Column("delivered", sa.Boolean(), nullable=True))
