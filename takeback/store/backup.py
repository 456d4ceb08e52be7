"""Copies of the embedded database: made while it is in use, and put back in its place.

Every copy is complete before it has its name: it grows as `FILE.part`, is synced, and renamed.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from takeback.clock import Instant, rfc3339
from takeback.errors import TakebackError
from takeback.hold.states import State
from takeback.store import restoring, schema
from takeback.store.database import Database, explain

_BUSY_SECONDS = 10.0
_COMPANIONS = ("-wal", "-shm", "-journal")


class BackupFailed(TakebackError):
    """Nothing was changed; the text says why."""


def back_up(database: Path, target: Path) -> int:
    """Afterwards `target` holds the database as it was at one moment, for its owner's eyes only. Returns its size.

    Those who write meanwhile are not held up. Raises BackupFailed, also where `target` is there already.
    """
    with _growing(target) as part:
        _copy(database, part)
    return target.stat().st_size


def restore(backup: Path, database: Path, actor: str, now: Instant) -> tuple[Counter[State], Path | None]:
    """Afterwards the database is what the backup was, with everything open in it kept (`restoring`).

    Answers how many recipients were kept, and where the database is that stood there before. Nobody else may have
    the database open. Raises BackupFailed, StoreUnavailable, and ConfigError for a newer schema.
    """
    with _growing(database, replacing=True) as part:
        _copy(backup, part)
        _check(part, backup)
        kept = _keep_what_is_open(part, actor, now)
        _give_to_owner_of_folder(part)
        old = _move_aside(database, now)
    return kept, old


@contextmanager
def _growing(target: Path, replacing: bool = False) -> Iterator[Path]:
    """A new file that takes the name `target` when the block ends well, and is gone when it does not."""
    part = target.with_name(f"{target.name}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        raise BackupFailed(f"{part} is there: another copy is being made, or one was broken off; remove it") from None
    except OSError as error:
        raise BackupFailed(f"{part} cannot be written: {error.strerror}") from None
    try:
        if target.exists() and not replacing:
            raise BackupFailed(f"{target} is there already; name another file")
        yield part
        _sync(part)
        part.rename(target)
        _sync(target.parent)
    except OSError as error:
        raise BackupFailed(f"{target} cannot be written: {error.strerror}") from None
    finally:
        for companion in ("", *_COMPANIONS):
            part.with_name(part.name + companion).unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    """In one step: the reader's snapshot stands still, and writers go on beside it."""
    try:
        with closing(_open(source, "rw")) as reader, closing(_open(target, "rw")) as writer:
            reader.backup(writer, pages=-1)
            # One file that is whole by itself; whoever opens it to work on it turns WAL on again.
            writer.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.DatabaseError as error:
        raise BackupFailed(f"{source} cannot be copied: {error}") from None


def _open(path: Path, mode: str) -> sqlite3.Connection:
    """Raises sqlite3.OperationalError where there is no such file, instead of making one."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=_BUSY_SECONDS)


def _check(copy: Path, backup: Path) -> None:
    """Whether it is a database of ours, and whole."""
    with closing(_open(copy, "rw")) as connection:
        try:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not {"alembic_version", "message", "recipient", "content"} <= tables:
                raise BackupFailed(f"{backup} is no database of Takeback")
            [complaint] = connection.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            complaint = str(error)
    if complaint != "ok":
        raise BackupFailed(f"{backup} is damaged: {complaint}")


def _keep_what_is_open(copy: Path, actor: str, now: Instant) -> Counter[State]:
    database = Database(URL.create("sqlite", database=str(copy)))
    try:
        schema.prepare(database)
        with database.writer.connect() as connection, connection.begin():
            [kept] = restoring.keep_what_is_open(connection, now, [actor])
    except DBAPIError as error:
        raise explain(error) from error
    finally:
        database.close()  # the last connection, so what is in the WAL goes into the file
    return kept


def _give_to_owner_of_folder(file: Path) -> None:
    """Root may restore for the user that serves."""
    if os.geteuid() == 0:
        folder = file.parent.stat()
        os.chown(file, folder.st_uid, folder.st_gid)


def _move_aside(database: Path, now: Instant) -> Path | None:
    """Afterwards nothing has the database's name. What had it is kept, with its WAL, which belongs to no other."""
    if not database.exists():
        return None
    old = database.with_name(f"{database.name}.before-{rfc3339(now)[:19].replace(':', '')}Z")
    for companion in ("-wal", "-shm", "-journal", ""):
        part = database.with_name(database.name + companion)
        if part.exists():
            part.rename(old.with_name(old.name + companion))
    return old


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
