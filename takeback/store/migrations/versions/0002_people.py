"""What people need: rights, sessions, passwords for devices, keys and links."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("administrator", sa.Boolean(), nullable=False),
        sa.Column("reads_bodies", sa.Boolean(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("notices", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("person_pkey")),
    )
    op.create_table(
        "delegate",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("delegate", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "delegate", name=op.f("delegate_pkey")),
    )
    op.create_index("delegate_delegate", "delegate", ["delegate"], unique=False)
    _make_ways_in()
    _make_own_mailboxes()
    op.create_table(
        "attempt",
        sa.Column("asker", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asker", "key", name=op.f("attempt_pkey")),
    )


def _make_ways_in() -> None:
    op.create_table(
        "session",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("session_pkey")),
    )
    op.create_index("session_token", "session", ["token"], unique=True)
    op.create_index("session_account", "session", ["account"], unique=False)
    op.create_table(
        "app_password",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("app_password_pkey")),
    )
    op.create_index("app_password_account", "app_password", ["account"], unique=False)
    op.create_table(
        "api_key",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("api_key_pkey")),
    )
    op.create_index("api_key_account", "api_key", ["account"], unique=False)
    op.create_table(
        "link",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("link_pkey")),
    )


def _make_own_mailboxes() -> None:
    op.create_table(
        "own_mailbox",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("password", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("own_mailbox_pkey")),
    )
    op.create_table(
        "sent_copy",
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message"], ["message.id"], name=op.f("sent_copy_message_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("message", name=op.f("sent_copy_pkey")),
    )
    op.create_index("sent_copy_next_at", "sent_copy", ["next_at"], unique=False)
