"""The real process and the real command, for tests that stand outside: started once, used by many."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import smtplib
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import trustme
from typer.testing import CliRunner

from takeback.cli import terms
from takeback.cli.main import commands
from tests.doubles.gateways import COMMAND, ROOT

T = TypeVar("T")

HOSTNAME = "gateway.example"
PASSWORD = "correct horse battery"
_READY_SECONDS = 30.0
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run_command(*arguments: str, given: str = "") -> Ran:
    """Runs `takeback` as a process of its own."""
    done = subprocess.run(
        [*COMMAND[:-2], *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env=_environment(),
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def call_command(*arguments: str, given: str = "", environment: Mapping[str, str] | None = None) -> Ran:
    """The same without a process of its own, which costs a tenth."""
    terms.console.width = terms.errors.width = 200  # they were made with whatever width stood in the environment then
    runner = CliRunner(env={"COLUMNS": "200", "TZ": "UTC", "TAKEBACK_LANG": "en", **(environment or {})})
    result = runner.invoke(commands, arguments, input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "TZ": "UTC", "TAKEBACK_LANG": "en"}


def until(condition: Callable[[], T], what: str, seconds: float = _PATIENCE_SECONDS) -> T:
    """What the condition comes to as soon as that is true; fails after that time."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(0.02)
    return found


@dataclass
class Gateway:
    """A running `takeback serve`. `ports` are in the order of `listen`, then `listen_tls`, then that of HTTP."""

    file: Path
    process: subprocess.Popen[bytes]
    log_file: Path
    authority: trustme.CA | None = None
    ports: list[int] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.file.parent

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8", "replace")

    def command(self, *arguments: str, given: str = "") -> Ran:
        return call_command(*arguments, "--config", str(self.file), given=given)

    def mailbox(self, address: str) -> list[bytes]:
        """What was delivered to the Maildir of that address, in no order: what came in one second has none."""
        found = []
        for path in (self.folder / "box" / address / "new").glob("*"):
            with suppress(FileNotFoundError):  # a recall may take it away meanwhile
                found.append(path.read_bytes())
        return found

    def read_configuration_again(self, text: str) -> None:
        """Returns when the process goes by the new text."""
        before = self.log.count("configuration read again")
        self.file.write_text(text)
        self.process.send_signal(signal.SIGHUP)
        until(lambda: self.log.count("configuration read again") > before, "the configuration to be read")

    @property
    def trusting(self) -> ssl.SSLContext:
        """What a client needs to believe this gateway's certificate."""
        assert self.authority is not None
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    @contextmanager
    def session(self, account: str, password: str = PASSWORD) -> Iterator[smtplib.SMTP]:
        """A client that has logged in under STARTTLS."""
        with smtplib.SMTP("localhost", self.port, timeout=30) as session:
            session.starttls(context=self.trusting)
            session.login(account, password)
            yield session

    def submit(self, account: str, recipients: Sequence[str], message: bytes | None = None, sender: str = "") -> str:
        """The id under which it was accepted."""
        with self.session(account) as session:
            return submit(session, sender or account, recipients, message)


def letter(sender: str, subject: str = "hello", *more: str) -> bytes:
    lines = [f"From: {sender}", "To: somebody@example.net", f"Subject: {subject}", *more, "", "A line.", ""]
    return "\r\n".join(lines).encode()


def submit(session: smtplib.SMTP, sender: str, recipients: Sequence[str], message: bytes | None = None) -> str:
    """The id in the reply to the final dot."""
    session.ehlo_or_helo_if_needed()
    assert session.mail(sender)[0] == 250
    for recipient in recipients:
        assert session.rcpt(recipient)[0] == 250
    code, text = session.data(message if message is not None else letter(sender))
    assert code == 250, text
    match = re.match(rb"2\.0\.0 ([a-z0-9]+) ", text)
    assert match, text
    return match[1].decode()


@contextmanager
def running(file: Path, authority: trustme.CA | None = None) -> Iterator[Gateway]:
    """A process that has said "ready", and is stopped in the end."""
    log_file = file.with_suffix(".log")
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [*COMMAND, str(file)], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT, env=_environment()
        )
    gateway = Gateway(file, process, log_file, authority)
    try:
        until(lambda: _ports(gateway.log) or process.poll() is not None, "a gateway to be ready", _READY_SECONDS)
        gateway.ports = _ports(gateway.log)
        assert gateway.ports, f"the gateway did not start:\n{gateway.log}"
        yield gateway
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()
            process.wait()


def _ports(log: str) -> list[int]:
    for line in reversed(log.splitlines()):
        if line.startswith("ready "):
            return [int(place.rpartition(":")[2]) for place in line.split()[1:]]
    return []


def issue_certificate(folder: Path) -> trustme.CA:
    """Afterwards `server.pem` and `server.key` are there, for the names that clients here use; and `ca.pem`."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1", HOSTNAME)
    certificate.private_key_pem.write_to_path(folder / "server.key")
    for part in certificate.cert_chain_pems:
        part.write_to_path(folder / "server.pem", append=True)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return authority


class Aside:
    """An event loop in a thread, where doubles live while a test blocks."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
