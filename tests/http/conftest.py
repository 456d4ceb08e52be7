from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from takeback.store import schema
from takeback.store.database import Database, database_url
from tests.http.site import Site


@pytest.fixture(scope="session")
def database_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the schema in it, to copy."""
    folder = tmp_path_factory.mktemp("template")
    database = Database(database_url("sqlite", folder))
    schema.prepare(database)
    database.close()
    return folder / "takeback.db"


@pytest.fixture
def make_site(database_file: Path, tmp_path: Path) -> Callable[..., Site]:
    """Given what else stands in [http] and in the file: a site that is not running yet."""

    def make(http: str = "", more: str = "") -> Site:
        (tmp_path / "data").mkdir(exist_ok=True)
        shutil.copy(database_file, tmp_path / "data")
        return Site(tmp_path, http, more)

    return make


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()
