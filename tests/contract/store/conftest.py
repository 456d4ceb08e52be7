"""Every test of this folder that asks for a `trial` runs over SQLite and over PostgreSQL."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from takeback.store import schema
from takeback.store.database import Database, database_url
from tests.contract.store.trial import Place, Trial


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the schema in it, to copy."""
    folder = tmp_path_factory.mktemp("sqlite")
    database = Database(database_url("sqlite", folder))
    schema.prepare(database)
    database.close()
    return folder / "takeback.db"


@pytest.fixture
def sqlite_place(sqlite_template: Path, tmp_path: Path) -> Place:
    shutil.copy(sqlite_template, tmp_path)
    return Place(tmp_path)


@pytest.fixture
def postgresql_place(postgresql_database: str, tmp_path: Path) -> Place:
    return Place(tmp_path, postgresql_database)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Place:
    place: Place = request.getfixturevalue(f"{request.param}_place")
    return place


@pytest.fixture
def trial(place: Place) -> Trial:
    return Trial(place)


@pytest.fixture
def sqlite(sqlite_place: Place) -> Trial:
    return Trial(sqlite_place)


@pytest.fixture
def postgresql(postgresql_place: Place) -> Trial:
    return Trial(postgresql_place)
