"""Bringing the schema up to date, and refusing one that is newer than this program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import column, table, text

from takeback.errors import ConfigError
from takeback.store.database import Database, explain

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0004"
"""The revision this program is written for; a test compares it with the newest migration."""

_LOCK = 0x7A6B6261636B
"""One node migrates, the others wait (PostgreSQL advisory lock)."""


def prepare(database: Database) -> None:
    """Afterwards the tables are as `takeback.store.tables` says. Raises ConfigError for a newer schema,
    StoreUnavailable when the database does not answer."""
    try:
        with database.writer.connect() as connection, connection.begin():
            if not database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            revision = current_revision(connection)
            if revision == HEAD:
                return
            if revision is not None and revision > HEAD:
                raise ConfigError(
                    f"the database was written by a newer Takeback (schema {revision}, this one knows {HEAD}); "
                    "upgrade this installation"
                )
            _migrate(connection)
    except DBAPIError as error:
        raise explain(error) from error


def current_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(select(column("version_num")).select_from(table("alembic_version"))).scalar()


def alembic_config(connection: Connection) -> Config:
    from alembic.config import Config  # its import costs more than most commands take

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _migrate(connection: Connection) -> None:
    from alembic import command

    command.upgrade(alembic_config(connection), "head")
