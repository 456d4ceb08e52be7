"""The schema: what the migrations make is what `tables` says, and a newer one is not touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from takeback.errors import ConfigError, StoreUnavailable
from takeback.store import schema, tables
from takeback.store.database import Database, database_url
from tests.contract.store.trial import Place


def test_the_migrations_make_what_the_tables_say(place: Place) -> None:
    database = place.open(None)
    with database.writer.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, tables.metadata) == []
        assert schema.current_revision(connection) == schema.HEAD
    database.close()


def test_the_head_is_the_newest_migration(place: Place) -> None:
    database = place.open(None)
    with database.writer.connect() as connection:
        scripts = ScriptDirectory.from_config(schema.alembic_config(connection))
    database.close()
    assert scripts.get_heads() == [schema.HEAD]


def test_an_up_to_date_schema_is_left_alone(place: Place) -> None:
    database = place.open(None)
    schema.prepare(database)
    schema.prepare(database)
    database.close()


def test_a_newer_schema_is_refused(place: Place) -> None:
    database = place.open(None)
    with database.writer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match=r"newer Takeback \(schema 9999, this one knows .*upgrade"):
        schema.prepare(database)
    database.close()


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "takeback.db").write_bytes(b"not a database at all, whatever its name" * 100)
    database = Database(database_url("sqlite", tmp_path))
    with pytest.raises(StoreUnavailable, match="not a database") as caught:
        schema.prepare(database)
    database.close()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["sqlite:///x.db", "mysql://host/name", "nonsense", "", "postgresql", "://"])
def test_no_other_database_is_taken(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="postgresql://user@host/name"):
        database_url(url, tmp_path)
