"""One worker process as the gateway sees it: started when needed, asked one thing at a time, ended when it overruns."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

from takeback.workers import frames
from takeback.workers.limits import Limits, Progress

COMMAND = (sys.executable, "-P", "-m", "takeback.workers.process")
_START_SECONDS = 60.0
_END_SECONDS = 1.0
"""A process whose line is closed is about to end."""
_MOST_ANSWERED = 20_000
"""Then a worker makes room for a fresh one: whatever a library leaks, it leaks no more than that."""


class WorkerDied(Exception):
    """It did not answer. `at` is what it was at, as it had said itself; empty where it had not begun."""

    def __init__(self, at: str, reason: str) -> None:
        super().__init__(f"{reason} at {at or 'the start'}")
        self.at = at
        self.reason = reason


class Worker:
    """Blocks; to be used by one thread at a time."""

    def __init__(self, limits: Limits, command: Sequence[str] = COMMAND) -> None:
        self._limits = limits
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._answered = 0
        self.histories: dict[str, object] = {}
        """Which version of whose history its process has, for its user to keep: a new process has none."""
        self._file: IO[bytes] | None = None
        self._progress: Progress | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def ask(self, document: dict[str, Any], payload: bytes = b"") -> dict[str, Any]:
        """Its answer. Raises WorkerDied. Where there is no process afterwards, because it has died or answered often
        enough, the next question starts one that knows nothing."""
        if self._line is None:
            self._start()
        assert self._line is not None and self._progress is not None
        self._progress.note("")
        try:
            self._line.settimeout(self._limits.patience)
            frames.send(self._line, document, payload)
            answer, _ = frames.receive(self._line)
        except TimeoutError:
            raise self._dead("took too long") from None
        except (OSError, frames.BrokenFrame):
            raise self._dead("") from None
        self._answered += 1
        if self._answered >= _MOST_ANSWERED:
            self.end()
        return answer

    def end(self) -> None:
        """Afterwards there is no process."""
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._file is not None:
            self._file.close()
        self._process, self._line, self._answered = None, None, 0
        self._file = self._progress = None

    def interrupt(self) -> None:
        """Ends the process from another thread; whoever waits for its answer hears of it."""
        process = self._process
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()

    def _start(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._progress = Progress(self._file.fileno())
        ours, theirs = socket.socketpair()
        with theirs:
            numbers = [theirs.fileno(), self._progress.descriptor]
            limits = [self._limits.memory, self._limits.rule, self._limits.message]
            self._process = subprocess.Popen(
                [*self._command, *map(str, numbers), *map(str, limits)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=numbers,
                cwd="/",
                env=_environment(),
            )
        self._line = ours
        self._line.settimeout(_START_SECONDS)
        try:
            frames.receive(self._line)
        except (OSError, frames.BrokenFrame):
            raise self._dead("did not start") from None

    def _dead(self, reason: str) -> WorkerDied:
        """What is to be said of the end that it came to; whether killed, crashed or hanging, it is over now."""
        at = self._progress.last() if self._progress else ""
        status = None
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                status = self._process.wait(0 if reason else _END_SECONDS)
        self.end()
        return WorkerDied(at, reason or _told(status))


def _told(status: int | None) -> str:
    if status is not None and status < 0:
        return f"ended by signal {-status}"
    return "fell silent" if status is None else f"ended with status {status}"


def _environment() -> dict[str, str]:
    """What it takes to find the same code, and nothing else of ours: secrets may stand there."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "LC_ALL": "C.UTF-8"}
