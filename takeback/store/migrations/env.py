"""Alembic's way in. Takeback hands its own connection over; there is no alembic.ini."""

from alembic import context

from takeback.store import (  # noqa: F401 - their tables belong to the metadata
    audit_tables,
    drill_tables,
    people_tables,
    recall_tables,
    review_tables,
    sent_copy_tables,
)
from takeback.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
