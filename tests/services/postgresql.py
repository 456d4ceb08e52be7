"""A real PostgreSQL in a temporary folder, reachable by its unix socket only, for as long as somebody needs it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

SUPERUSER = "postgres"
_PATIENCE_SECONDS = 30.0
_DEBIAN = Path("/usr/lib/postgresql")


def find_programs() -> Path | None:
    """The folder with `initdb` and `postgres`, of the newest version there is; None where there is none."""
    versions = sorted(_DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    candidates = [*versions, *([Path(on_path).resolve().parent] if on_path else [])]
    return next((each for each in candidates if (each / "initdb").exists() and (each / "postgres").exists()), None)


@dataclass
class PostgreSql:
    """One server over one folder. Stopped and started again it is at the same place with the same data."""

    programs: Path
    folder: Path
    _process: subprocess.Popen[bytes] | None = None
    _names: Iterator[int] = field(default_factory=count)

    def url(self, database: str) -> str:
        """As `[data] database` of the configuration takes it."""
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.folder), safe='')}"

    def create(self, template: str = "template1") -> str:
        """The name of a new database like that one."""
        name = f"test_{next(self._names)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY wal_log")
        return name

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Runs one statement outside any transaction; answers with its rows, if it has any."""
        with psycopg.connect(self._address(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Afterwards it answers."""
        settings = ("listen_addresses=", "fsync=on", "max_connections=60", "log_min_messages=panic")
        command = [f"{self.programs}/postgres", "-D", f"{self.folder}/data", "-k", str(self.folder)]
        command += [word for setting in settings for word in ("-c", setting)]
        process: subprocess.Popen[bytes] = subprocess.Popen(command, stdin=subprocess.DEVNULL, **_as_user())
        self._process = process
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._answers():
            assert process.poll() is None, f"PostgreSQL ended with {process.returncode}"
            assert time.monotonic() < deadline, "PostgreSQL did not start in time"
            time.sleep(0.02)

    def stop(self) -> None:
        """Afterwards it has ended, and every connection to it with it."""
        if self._process is None:
            return
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):  # fast, at once, by force
            self._process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE_SECONDS)
                break
        self._process = None

    def initialise(self) -> None:
        command = [f"{self.programs}/initdb", "-D", f"{self.folder}/data", "-U", SUPERUSER, "--auth=trust"]
        command += ["--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **_as_user())

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._address()).close()
        except psycopg.OperationalError:
            return False
        return True

    def _address(self) -> str:
        return f"host={self.folder} user={SUPERUSER} dbname=postgres"


@contextmanager
def postgresql(programs: Path) -> Iterator[PostgreSql]:
    """A running server with nothing in it."""
    folder = Path(tempfile.mkdtemp(prefix="takeback-postgresql-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, SUPERUSER, SUPERUSER)
        server = PostgreSql(programs, folder)
        server.initialise()
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    return {"user": SUPERUSER, "group": SUPERUSER, "extra_groups": [], "cwd": "/"}
