"""Opening the database: what makes SQLite and PostgreSQL keep the same promises."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from takeback import clock
from takeback.clock import Instant
from takeback.errors import ConfigError, StoreFull, StoreUnavailable

_POSTGRESQL_NOW = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
_BUSY_SECONDS = 10.0


class Database:
    """Two engines on one database: `writer`, whose every transaction is durable when it ends, and `reader`.

    `wall_clock` stands in for the store's clock where a test moves time; None takes the real one: this machine's
    for SQLite, the server's for PostgreSQL.
    """

    def __init__(self, url: URL, wall_clock: Callable[[], Instant] | None = None) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._wall_clock = wall_clock or (clock.now if self.is_sqlite else None)
        make = _sqlite_engine if self.is_sqlite else _postgresql_engine
        self.writer = make(url, False)
        self.reader = make(url, True)

    def now(self, connection: Connection) -> Instant:
        """The store's clock."""
        if self._wall_clock is not None:
            return self._wall_clock()
        return int(connection.execute(_POSTGRESQL_NOW).scalar_one())

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


def database_url(database: str, folder: Path) -> URL:
    """The place that `[data] database` names; ConfigError says what may stand there."""
    if database == "sqlite":
        return URL.create("sqlite", database=str(folder / "takeback.db"))
    try:
        url = make_url(database)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() != "postgresql":
        raise ConfigError('[data] database: write "sqlite" or "postgresql://user@host/name"')
    return url.set(drivername="postgresql+psycopg")


def _sqlite_engine(url: URL, read_only: bool) -> Engine:
    if sqlite3.sqlite_version_info < (3, 35):
        raise ConfigError(f"SQLite {sqlite3.sqlite_version} is too old: Takeback needs 3.35 or newer")
    engine = create_engine(
        url,
        # The driver must not open transactions of its own; ours begin with the statement below.
        connect_args={"isolation_level": None, "timeout": _BUSY_SECONDS, "check_same_thread": False},
        pool_size=4,
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts only before the first table
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")

    # A deferred transaction that reads and then writes fails at once with BUSY_SNAPSHOT beside another writer;
    # IMMEDIATE takes its turn instead.
    opening = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(opening)

    return engine


def _postgresql_engine(url: URL, read_only: bool) -> Engine:
    engine = create_engine(url, pool_size=4, pool_pre_ping=read_only, connect_args={"connect_timeout": 10})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = on")
            cursor.execute("SET timezone = 'UTC'")
            if read_only:
                cursor.execute("SET default_transaction_read_only = on")
                cursor.execute("SET default_transaction_isolation = 'repeatable read'")  # one moment, as in SQLite
        connection.autocommit = False

    return engine


def check_durability(database: Database) -> None:
    """Raises ConfigError where the server may forget what it has confirmed."""
    if database.is_sqlite:
        return
    with database.reader.connect() as connection:
        if connection.execute(text("SHOW fsync")).scalar_one() != "on":
            raise ConfigError("PostgreSQL runs with fsync=off: a power cut would lose mail. Set fsync=on")


def explain(error: DBAPIError) -> StoreUnavailable:
    """What a failed transaction means to whoever asked for it."""
    reason = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
    if isinstance(error, OperationalError) and _says_full(error.orig):
        return StoreFull(f"the database has no room: {reason}")
    return StoreUnavailable(f"the database did not answer: {reason}")


def _says_full(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.Error):  # those that the driver raises by itself carry no code
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return getattr(error, "sqlstate", None) in {"53100", "53200"}
