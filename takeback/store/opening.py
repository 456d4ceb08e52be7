"""Opening the store: its folder, the lock on it, and a schema that is up to date."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from takeback.errors import ConfigError
from takeback.store import schema
from takeback.store.database import Database, database_url
from takeback.store.settings import DataSettings
from takeback.store.store import SqlStore


def open_database(settings: DataSettings) -> Database:
    """The database that the settings name, its schema up to date. Raises ConfigError, StoreUnavailable."""
    make_folder(settings.folder)
    database = Database(database_url(settings.database, settings.folder))
    schema.prepare(database)
    return database


@asynccontextmanager
async def open_store(settings: DataSettings) -> AsyncIterator[SqlStore]:
    """The store, for as long as a command takes."""
    store = await SqlStore.open(open_database(settings))
    try:
        yield store
    finally:
        await store.close()


def make_folder(folder: Path) -> None:
    """Afterwards the folder is there, for its owner's eyes only where we made it. Raises ConfigError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"data.folder: {folder} cannot be made: {error.strerror}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"data.folder: {folder} cannot be written to; check its owner and mode")


def lock_folder(folder: Path) -> int:
    """A file descriptor that holds the folder until it is closed, or the process ends however it ends."""
    descriptor = os.open(folder / "serve.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise ConfigError(
            f"data.folder: {folder} is in use by another takeback serve; stop that one, or name another folder"
        ) from None
    return descriptor
